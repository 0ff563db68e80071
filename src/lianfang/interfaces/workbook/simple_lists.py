"""The lists that are one row per thing: tubes, people, results, duplicates."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from lianfang.interfaces.workbook.book import Book
from lianfang.interfaces.workbook.columns import (
    coded,
    column_of,
    flagged,
    free,
    instant,
    joined,
    one_source,
    person,
    place,
    plain,
    sources,
)
from lianfang.interfaces.workbook.lists import ListColumn, write_list
from lianfang.interfaces.workbook.look import Tone


def write_pending_tubes(book: Book) -> None:
    """Tubes without a result: overdue first, then the longest waiting."""
    table = book.answer.pending_tubes.sort_by(
        [("is_overdue", "descending"), ("hours_waiting", "descending"), ("tube_code", "ascending")]
    )

    def tones(chunk: pa.Table) -> Sequence[Tone]:
        return ["amber" if flag else "plain" for flag in chunk.column("is_overdue").to_pylist()]

    def tube(chunk: pa.Table) -> pa.Array:
        return column_of(chunk, "tube_code").fill_null(book.say("no_tube_code"))

    columns = [
        ListColumn("tube_code", tube, least=16),
        ListColumn("overdue", flagged("is_overdue", true=book.say("overdue"), false=None), least=8),
        ListColumn("hours_waiting", plain("hours_waiting"), "hours"),
        ListColumn("people", plain("people"), "number"),
        ListColumn("sampled_at", instant("sampled_at"), "instant"),
        ListColumn("box_code", joined("boxes"), optional=True),
        ListColumn("sampling_team", plain("sampling_team"), optional=True),
        ListColumn("sampling_site", plain("sampling_site"), optional=True),
        ListColumn("sources", sources(book), "wrapped", most=46),
    ]
    write_list(book, "pending_tubes", table, columns, tones=tones)


def write_pending(book: Book) -> None:
    """Everyone who was sampled and has no result."""
    roster = flagged("on_roster", true=None, false=book.say("not_on_roster"))
    columns = [
        ListColumn("tube_code", plain("tube_code"), least=14),
        *person(book),
        *place(),
        ListColumn("sampled_at", instant("sampled_at"), "instant"),
        ListColumn("on_roster", roster, optional=True, most=12),
        ListColumn("sources", sources(book), most=40, printed=False),
    ]
    write_list(book, "pending", book.answer.pending, columns)


def write_unmatched(book: Book) -> None:
    """Results whose tube or person was never sampled; a positive one stands out."""
    columns = [
        ListColumn("because_unmatched", coded(book, "because", "report.unmatched"), most=26),
        ListColumn("tube_code_given", plain("tube_code"), least=14),
        ListColumn("name_given", plain("name"), least=9, optional=True),
        ListColumn("result", coded(book, "result", "report.result"), least=8),
        ListColumn("laboratory", plain("laboratory"), "wrapped", most=26),
        ListColumn("at_result", instant("at"), "instant"),
        ListColumn("perhaps", plain("perhaps"), least=14, marked=True),
        ListColumn("sources", sources(book), "wrapped", most=36),
    ]
    table = book.answer.unmatched_results
    write_list(book, "unmatched", table, columns, tones=_positive_is_red)


def write_uncounted(book: Book) -> None:
    """Result rows that count for nobody, and what would make them count."""

    def remedy(chunk: pa.Table) -> Sequence[str]:
        states = chunk.column("state").to_pylist()
        return [book.texts.of_code("report.uncounted_remedy", state) for state in states]

    columns = [
        ListColumn("because_uncounted", coded(book, "state", "round.fate.results"), "wrapped", most=26),
        ListColumn("tube_code", plain("tube_code"), least=14),
        ListColumn("name", plain("name"), least=9, optional=True),
        ListColumn("result_given", free(book, "result_given"), most=16),
        ListColumn("laboratory", plain("laboratory"), "wrapped", most=26),
        ListColumn("at_result", instant("at"), "instant"),
        ListColumn("remedy", remedy, "wrapped", most=36),
        ListColumn("sources", one_source(book), "wrapped", most=36),
    ]
    write_list(book, "uncounted", book.answer.uncounted_results, columns)


def write_duplicates(book: Book) -> None:
    """Repeated rows: which one stands and which were counted with it."""

    def others(chunk: pa.Table) -> Sequence[str]:
        rows = zip(chunk.column("record_ids").to_pylist(), chunk.column("kept").to_pylist(), strict=True)
        return [book.provenance.say([record for record in ids or () if record != kept]) for ids, kept in rows]

    def rows_of(chunk: pa.Table) -> Sequence[int]:
        return [len(ids or ()) for ids in chunk.column("record_ids").to_pylist()]

    def tones(chunk: pa.Table) -> Sequence[Tone]:
        return ["amber" if flag else "plain" for flag in chunk.column("places_differ").to_pylist()]

    columns = [
        ListColumn("kind", coded(book, "kind", "report.duplicate"), most=26),
        ListColumn("name", plain("name"), least=9),
        ListColumn("tube_code", plain("tube_code"), least=14, optional=True),
        ListColumn("row_count", rows_of, "number"),
        ListColumn("places_differ", flagged("places_differ", true=book.say("places_differ"), false=None), most=18),
        ListColumn("kept", one_source(book, "kept"), "wrapped", most=40),
        ListColumn("others", others, "wrapped", most=48),
    ]
    write_list(book, "duplicates", book.answer.duplicates, columns, tones=tones)


def write_unrostered(book: Book) -> None:
    """People who were sampled and stand on no roster."""
    columns = [
        *person(book),
        *place(),
        ListColumn("tube_code", plain("tube_code"), least=14),
        ListColumn("outcome", coded(book, "outcome", "round.outcome"), least=8),
        ListColumn("sources", sources(book), "wrapped", most=36),
    ]
    write_list(book, "unrostered", book.answer.unrostered, columns, tones=_outcome_tones)


def _positive_is_red(chunk: pa.Table) -> Sequence[Tone]:
    return ["red" if result == "positive" else "plain" for result in chunk.column("result").to_pylist()]


def _outcome_tones(chunk: pa.Table) -> Sequence[Tone]:
    tones: dict[str | None, Tone] = {"positive": "red", "held": "amber"}
    return [tones.get(outcome, "plain") for outcome in chunk.column("outcome").to_pylist()]
