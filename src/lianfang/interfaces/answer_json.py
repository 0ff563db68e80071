"""The answer as JSON for other programs: ``lianfang.reconcile/1``.

``answer.schema.json`` beside this module is the schema, ``docs/guides/answer-json.md`` its description.
What the schema does not name may be added within version 1; what it names keeps its meaning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.contract import ColumnReading, FileReading, Problem
from lianfang.engine.reconciliation.contract import Answer
from lianfang.interfaces.joining import as_bytes
from lianfang.interfaces.json_rows import encode, list_texts, object_texts, value_texts
from lianfang.interfaces.masking import mask_cell
from lianfang.interfaces.provenance import Provenance

SCHEMA = "lianfang.reconcile/1"
CHUNK = 4_000
# The columns of lists that tell a number of a person, or may: what somebody typed.
_TELLING = frozenset(("id_number", "phone", "chief_phone", "address", "reason", "special_need", "result_given"))

Section = tuple[str, object]
Shape = Callable[[pa.Table], pa.Array]


def answer_to_json(answer: Answer, *, made_at: datetime, version: str, mask: bool = False) -> dict[str, Any]:
    """The whole answer as one object of plain values; for answers that fit in memory twice."""
    sections = _Sections(answer, made_at, version, mask)
    return {
        name: [json.loads(item) for items in value for item in items.to_pylist()]
        if isinstance(value, Iterator)
        else value
        for name, value in sections
    }


def write_json(answer: Answer, path: Path, *, made_at: datetime, version: str, mask: bool = False) -> None:
    """Write the answer row by row to a file that only its owner may read.

    With ``mask``, identity numbers keep their first and last four characters and phones their first
    three and last four. Raises OSError where it cannot be written; then ``path`` is not whole JSON.
    """
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("wb") as file:
        _write(file, _Sections(answer, made_at, version, mask))


def _write(file: BinaryIO, sections: Iterable[Section]) -> None:
    """One section after the other, lists one item to a line."""
    file.write(b"{")
    for number, (name, value) in enumerate(sections):
        file.write(f"{',' if number else ''}\n{encode(name)}: ".encode())
        if not isinstance(value, Iterator):
            file.write(encode(value).encode())
            continue
        separator = b"["
        for items in value:
            if len(items):
                file.write(separator + b"\n")
                file.write(as_bytes(items, ",\n"))
                separator = b","
        file.write(b"[]" if separator == b"[" else b"\n]")
    file.write(b"\n}\n")


@dataclass(frozen=True)
class _Sections:
    """The top-level entries in order; long lists come in pieces: iterators over arrays of their items' JSON."""

    answer: Answer
    made_at: datetime
    version: str
    mask: bool

    def __iter__(self) -> Iterator[Section]:
        answer = self.answer
        row = _Row(Provenance(answer.records), self.mask)
        yield "schema", SCHEMA
        yield "as_of", answer.settings.as_of.isoformat()
        yield "made_at", self.made_at.isoformat()
        yield "made_with", f"lianfang {self.version}"
        yield "masked", self.mask
        yield "settings", _settings(answer)
        yield "files", _pieces(encode(row.file(role, reading)) for role, reading in answer.readings)
        yield "repeated_files", [{"file": file, "same_as": first} for file, first in answer.repeated_files]
        yield (
            "sources",
            [
                {"role": source.role, "file": source.file, "sheet": source.sheet, "rows": source.rows}
                for source in answer.sources
            ],
        )
        yield "totals", answer.round.totals.slice(0, 1).to_pylist()[0]
        yield "row_fates", _each(answer.row_fates, row.plain)
        for name, table, shape in self._lists(row):
            yield name, _each(table, shape)
        yield "decisions", [{"pair_key": key, "decision": decision} for key, decision in answer.decided]
        yield "conflicts", _pieces(row.conflicts(answer.conflicts))
        yield "positive_pools", iter([row.pools(answer.positive_pools, answer.positive_pool_people)])
        yield "contradictions", _pieces(row.contradictions(answer.contradictions))
        yield from self._findings(row)
        yield "columns", _pieces(map(encode, row.columns(answer.readings)))
        yield "cells_not_understood", _pieces(map(encode, row.cells(answer.readings)))

    def _lists(self, row: _Row) -> Iterator[tuple[str, pa.Table, Shape]]:
        answer, tubes = self.answer, self.answer.round.tubes
        yield "buildings", answer.round.buildings, row.plain
        yield "missing", answer.missing, row.with_sources
        yield "pending_tubes", answer.pending_tubes, row.with_sources
        yield "overdue", answer.pending_tubes.filter(pc.fill_null(answer.pending_tubes["is_overdue"], False)), row.brief
        yield "pending", answer.pending, row.with_sources
        yield "unmatched_results", answer.unmatched_results, row.with_sources
        yield "uncounted_results", answer.uncounted_results, row.of_record
        void = pc.is_in(answer.uncounted_results["state"], pa.array(["void", "void_tube"]))
        yield "void_results", answer.uncounted_results.filter(void), row.of_record
        yield "duplicates", answer.duplicates, row.duplicate
        yield "unsure_matches", answer.unsure_matches, row.pair
        yield "unrostered", answer.unrostered, row.with_sources
        yield "late", tubes.filter(pc.fill_null(tubes["is_late"], False)), row.plain
        yield "tubes", tubes, row.plain

    def _findings(self, row: _Row) -> Iterator[Section]:
        """Every finding of the round, grouped; those that others ask for by name also by themselves."""
        findings = self.answer.round.findings
        for kind in ("twice_sampled", "over_full", "two_boxes"):
            yield kind, _pieces(row.findings(findings.filter(pc.equal(findings["kind"], kind))))
        yield "findings", _pieces(row.findings(findings))


@dataclass(frozen=True)
class _Row:
    """Shapes the rows of a list as the schema has them: JSON objects, one per row."""

    provenance: Provenance
    mask: bool

    def plain(self, table: pa.Table) -> pa.Array:
        """The rows as they are, with identity numbers and phones masked if asked."""
        return object_texts(self._masked(table))

    def with_sources(self, table: pa.Table) -> pa.Array:
        """The rows with file, sheet and row in place of record numbers, which mean nothing outside."""
        return self._told(table, {"sources": self.sources(_column(table, "record_ids"))})

    def of_record(self, table: pa.Table) -> pa.Array:
        ids = table.column("record_id").to_pylist()
        return self._told(table, {"sources": self.sources([[] if one is None else [one] for one in ids])})

    def brief(self, table: pa.Table) -> pa.Array:
        return self.plain(table.select(["tube_code", "people", "sampled_at", "hours_waiting"]))

    def duplicate(self, table: pa.Table) -> pa.Array:
        kept = object_texts(self.provenance.places(_column(table, "kept")))
        nested = {"sources": self.sources(_column(table, "record_ids")), "kept": kept}
        return self._told(table.drop_columns("kept"), nested)

    def pair(self, table: pa.Table) -> pa.Array:
        sides = {side: self.records(_column(table, f"record_{side}")) for side in ("a", "b")}
        return object_texts(self._masked(table.drop_columns(["record_a", "record_b"])), sides)

    def records(self, ids: pa.Array) -> pa.Array:
        """What one row of a file says of a person, and where it stands, for each of ``ids``; null for null."""
        given = ids.drop_null()
        table = self.provenance.records(given).drop_columns(["record_id", "file", "sheet", "row", "part"])
        sources = self.sources([[one] for one in given.to_pylist()])
        texts = object_texts(self._masked(table), {"sources": sources})
        if not ids.null_count:
            return texts
        return pc.replace_with_mask(pa.nulls(len(ids), pa.string()), ids.is_valid(), texts).fill_null("null")

    def sources(self, record_ids: pa.Array | Sequence[Sequence[int]]) -> pa.Array:
        """A JSON array of places for each list of record numbers."""
        lists = record_ids if isinstance(record_ids, pa.Array) else pa.array(record_ids, pa.list_(pa.int64()))
        return list_texts(lists, object_texts(self.provenance.places(lists.flatten())))

    def _told(self, table: pa.Table, nested: Mapping[str, pa.Array]) -> pa.Array:
        unsaid = [name for name in ("record_id", "record_ids") if name in table.column_names]
        return object_texts(self._masked(table.drop_columns(unsaid)), nested)

    def _masked(self, table: pa.Table) -> pa.Table:
        for name in table.column_names if self.mask else ():
            if name in _TELLING:
                masked = [self.cell((name,), text) for text in table.column(name).to_pylist()]
                table = table.set_column(table.column_names.index(name), name, pa.array(masked, pa.string()))
        return table

    def conflicts(self, table: pa.Table) -> Iterator[str]:
        """One object per conflict, its rows inside."""
        if not table.num_rows:
            return
        shown = table.select(["person_key", "tube_code", "field"])
        fields, values = table.column("field").to_pylist(), table.column("value").to_pylist()
        told = [self.cell((field or "",), value) for field, value in zip(fields, values, strict=True)]
        shown = shown.append_column("value", pa.array(told, pa.string()))
        records = self.records(_column(table, "record_id"))
        texts = object_texts(shown, {"record": records}).to_pylist()
        groups = _grouped(table, ("kind", "conflict_key"))
        sources = self.sources([_distinct(row["record_id"] for row, _ in group) for group in groups]).to_pylist()
        for group, where in zip(groups, sources, strict=True):
            first = group[0][0]
            tube = next((row["tube_code"] for row, _ in group if row["tube_code"]), None)
            yield (
                f'{{"conflict_key":{encode(first["conflict_key"])},"kind":{encode(first["kind"])}'
                f',"tube_code":{encode(tube)},"rows":{_list(texts, group)},"sources":{where}}}'
            )

    def pools(self, tubes: pa.Table, people: pa.Table) -> pa.Array:
        """One object per positive or contradicting tube, everyone in it inside."""
        inside: dict[str | None, list[str]] = {}
        texts = self.with_sources(people.drop_columns("tube_code")).to_pylist()
        for code, text in zip(people.column("tube_code").to_pylist(), texts, strict=True):
            inside.setdefault(code, []).append(text)
        within = [f"[{','.join(inside.get(code, ()))}]" for code in tubes.column("tube_code").to_pylist()]
        nested = {
            "sources": self.sources(_column(tubes, "record_ids")),
            "people_count": value_texts(_column(tubes, "people")),
            "people": pa.array(within, pa.string()),
        }
        return self._told(tubes.drop_columns("people"), nested)

    def contradictions(self, table: pa.Table) -> Iterator[str]:
        """One object per tube, every report inside."""
        texts = self.of_record(table.drop_columns("tube_code")).to_pylist()
        groups = _grouped(table, ("tube_code",))
        sources = self.sources([_distinct(report["record_id"] for report, _ in group) for group in groups])
        for group, where in zip(groups, sources.to_pylist(), strict=True):
            tube = encode(group[0][0]["tube_code"])
            yield f'{{"tube_code":{tube},"reports":{_list(texts, group)},"sources":{where}}}'

    def findings(self, table: pa.Table) -> Iterator[str]:
        """One object per finding, every row that shows it inside."""
        groups = _grouped(table, ("kind", "finding_key"))
        sources = self.sources([_distinct(row["record_id"] for row, _ in group) for group in groups])
        for group, where in zip(groups, sources.to_pylist(), strict=True):
            first = {name: group[0][0][name] for name in ("finding_key", "kind", "tube_key", "person_key")}
            # A swab recorded without a tube has a key that begins with # and no code.
            tube = first.pop("tube_key")
            first["tube_code"] = None if tube is None or tube.startswith("#") else tube
            first["details"] = _distinct(row["detail"] for row, _ in group)
            yield f'{encode(first)[:-1]},"sources":{where}}}'

    def file(self, role: str, reading: FileReading) -> dict[str, Any]:
        return {
            "file": reading.file,
            "role": role,
            "format": reading.format,
            "sha256": reading.sha256,
            "size": reading.size,
            "refused": reading.refused,
            "problems": [_problem(problem) for problem in reading.problems],
            "sheets": [
                {
                    "sheet": sheet.sheet,
                    "header_rows": list(sheet.header_rows),
                    "rows": sheet.rows.num_rows,
                    "skipped": [{"row": row.row, "reason": row.reason} for row in sheet.skipped],
                    "problems": [_problem(problem) for problem in sheet.problems],
                    "looks_like": dict(sheet.looks_like),
                }
                for sheet in reading.sheets
            ],
        }

    def columns(self, readings: Iterable[tuple[str, FileReading]]) -> Iterator[dict[str, Any]]:
        """How every column of every sheet was read."""
        for _, reading in readings:
            for sheet in reading.sheets:
                for column in sheet.columns:
                    yield {"file": reading.file, "sheet": sheet.sheet, **self._column(column)}

    def _column(self, column: ColumnReading) -> dict[str, Any]:
        return {
            "column": column.column,
            "label": column.label,
            "fields": list(column.fields),
            "confidence": column.confidence,
            "how": column.how,
            "group": column.group,
            "filled": column.filled,
            "codes": dict(column.codes),
            "alternatives": [{"field": name, "confidence": score} for name, score in column.alternatives],
            "examples": [self.cell(column.fields, example) for example in column.examples],
        }

    def cells(self, readings: Iterable[tuple[str, FileReading]]) -> Iterator[dict[str, Any]]:
        """Every cell that was not understood, or only with a doubt."""
        doubtful = pa.array(["error", "warning"])
        for _, reading in readings:
            for sheet in reading.sheets:
                notes = sheet.notes.filter(pc.is_in(sheet.notes["severity"], doubtful))
                for note in notes.to_pylist():
                    for name in ("original", "value"):
                        note[name] = self.cell((note["field"] or "",), note[name])
                    yield {"file": reading.file, "sheet": sheet.sheet, **note}

    def cell(self, fields: Collection[str], text: str | None) -> str | None:
        return mask_cell(fields, text, phones=True) if self.mask else text


def _settings(answer: Answer) -> dict[str, Any]:
    settings = answer.settings
    return {
        "starts_at": settings.starts_at.isoformat() if settings.starts_at else None,
        "ends_at": settings.ends_at.isoformat() if settings.ends_at else None,
        "late_after_hours": _hours(settings.late_after),
        "hold_at_most_hours": _hours(settings.hold_at_most),
        "clock_tolerance_minutes": settings.clock_tolerance.total_seconds() / 60,
        "largest_pool": settings.largest_pool,
    }


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "params": dict(problem.params),
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    """What is there, each once, in order."""
    return list(dict.fromkeys(value for value in values if value is not None))


def _grouped(table: pa.Table, keys: Sequence[str]) -> list[list[tuple[dict[str, Any], int]]]:
    """The rows of one key together, in the order of the keys; each with its number in ``table``."""
    numbered = [(row, number) for number, row in enumerate(table.to_pylist())]
    numbered.sort(key=lambda each: tuple(each[0][key] or "" for key in keys))
    groups = groupby(numbered, key=lambda each: tuple(each[0][key] for key in keys))
    return [list(group) for _, group in groups]


def _list(texts: Sequence[str], group: Sequence[tuple[dict[str, Any], int]]) -> str:
    return f"[{','.join(texts[number] for _, number in group)}]"


def _column(table: pa.Table, name: str) -> pa.Array:
    return table.column(name).combine_chunks()


def _each(table: pa.Table, shape: Shape) -> Iterator[pa.Array]:
    for start in range(0, table.num_rows, CHUNK):
        yield shape(table.slice(start, CHUNK))


def _pieces(items: Iterable[str]) -> Iterator[pa.Array]:
    left = iter(items)
    while taken := list(islice(left, CHUNK)):
        yield pa.array(taken, pa.string())
