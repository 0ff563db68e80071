"""The answer of ``lianfang reconcile``: the round, the links between people, and where all of it came from."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from lianfang.engine.intake.contract import FileReading, Role
from lianfang.engine.rounds.contract import RoundAnswer, RoundSettings
from lianfang.engine.tables import DAY, INSTANT, Column, TableContract

_ID = Column("record_id", pa.int64(), "the row")
_SOURCES = Column("record_ids", pa.list_(pa.int64()), "the rows that show it; resolve them with Answer.records")


def _text(name: str, meaning: str) -> Column:
    return Column(name, pa.string(), meaning)


_PERSON = (
    _text("person_key", "who"),
    _text("name", "name"),
    _text("sex", "male or female"),
    Column("birth_on", DAY, "day of birth"),
    _text("id_number", "identity number"),
    _text("phone", "phone"),
    _text("township", "township or street"),
    _text("community", "community or village"),
    _text("compound", "gated estate"),
    _text("building", "building"),
    _text("unit", "stairwell"),
    _text("room", "room"),
    _text("address", "free text"),
)

RECORDS = TableContract(
    "records",
    (
        _ID,
        _text("role", "roster, samples, results or exempt"),
        _text("file", "file name"),
        _text("sheet", "sheet name"),
        Column("row", pa.int32(), "row as the spreadsheet program shows it"),
        Column("part", pa.int8(), "0, or 1, 2 … where one row held several people"),
        *_PERSON,
        _text("tube_code", "tube, where the row names one"),
        _text("result", "result, where the row gives one"),
        _text("result_given", "the result cell as it stood"),
        _text("laboratory", "laboratory"),
        Column("at", INSTANT, "the instant of the row: sampled, tested or reported"),
    ),
)

MISSING = TableContract(
    "missing",
    (
        Column("walking_order", pa.int32(), "order on foot"),
        *_PERSON,
        _text("because", "not_sampled, sample_void, exemption_refused, outside_round"),
        _text("reason", "reason or remark noted for the person, as given"),
        Column("last_contact_at", INSTANT, "last time the files saw this person"),
        _text("special_need", "special need"),
        _text("chief_name", "building chief"),
        _text("chief_phone", "building chief's phone"),
        _text("possible_pair", "pair_key of an unsure match that, if true, means the person was sampled"),
        Column("possible_score", pa.float64(), "its probability"),
        _SOURCES,
    ),
)

PENDING_TUBES = TableContract(
    "pending_tubes",
    (
        _text("tube_code", "tube; null where the swab was recorded without one"),
        Column("boxes", pa.list_(pa.string()), "boxes"),
        Column("people", pa.int32(), "people in it"),
        _text("sampling_team", "team"),
        _text("sampling_site", "site"),
        Column("sampled_at", INSTANT, "first swab"),
        Column("hours_waiting", pa.float64(), "hours from the first swab to as_of"),
        Column("is_overdue", pa.bool_(), "longer than the setting allows"),
        _SOURCES,
    ),
)

PENDING = TableContract(
    "pending",
    (
        *_PERSON,
        _text("tube_code", "tube"),
        Column("sampled_at", INSTANT, "when sampled"),
        Column("on_roster", pa.bool_(), "an expected person"),
        _SOURCES,
    ),
)

UNMATCHED = TableContract(
    "unmatched_results",
    (
        _ID,
        _text("because", "unknown_tube, person_without_sample or nobody"),
        _text("tube_code", "tube as the laboratory wrote it"),
        _text("name", "person as the laboratory wrote it"),
        _text("result", "the result; it is kept, and counts for nobody"),
        _text("laboratory", "laboratory"),
        Column("at", INSTANT, "tested or reported"),
        _text("perhaps", "a waiting tube whose code differs by one slip of the pen"),
        _SOURCES,
    ),
)

DUPLICATES = TableContract(
    "duplicates",
    (
        _text("kind", "roster, sample, result or exempt"),
        _text("person_key", "who"),
        _text("name", "name"),
        _text("tube_code", "tube, for samples and results"),
        Column("kept", pa.int64(), "the record that stands"),
        Column("places_differ", pa.bool_(), "roster: the rows name different rooms"),
        _SOURCES,
    ),
)

CONFLICTS = TableContract(
    "conflicts",
    (
        _text("conflict_key", "stable name, from content; its rows stand together"),
        _text("kind", "one_identity_two_names, one_phone_many, id_one_digit …, or a finding of the round"),
        _text("person_key", "who"),
        _text("tube_code", "tube"),
        _ID,
        _text("field", "the field that disagrees"),
        _text("value", "its value in this row"),
    ),
)

POSITIVE_TUBES = TableContract(
    "positive_pools",
    (
        _text("tube_code", "tube"),
        _text("state", "positive or contradicting"),
        Column("is_single", pa.bool_(), "a single tube: the person is the case, nobody else is held"),
        Column("people", pa.int32(), "people in it"),
        Column("laboratories", pa.list_(pa.string()), "who reported"),
        Column("reported_at", INSTANT, "first report"),
        Column("held_until", INSTANT, "when a hold for it ends at the latest"),
        _SOURCES,
    ),
)

POSITIVE_PEOPLE = TableContract(
    "positive_pool_people",
    (
        _text("tube_code", "tube"),
        *_PERSON,
        _text("outcome", "positive, held, released …"),
        _text("action", "what must happen to this person"),
        Column("held_until", INSTANT, "when the hold ends at the latest; null where nobody is held"),
        Column("on_roster", pa.bool_(), "an expected person"),
        _SOURCES,
    ),
)

CONTRADICTIONS = TableContract(
    "contradictions",
    (
        _text("tube_code", "tube"),
        _ID,
        _text("laboratory", "laboratory"),
        _text("result", "its result"),
        Column("at", INSTANT, "tested or reported"),
        _text("name", "person the row names, if any"),
    ),
)

UNSURE = TableContract(
    "unsure_matches",
    (
        _text("pair_key", "stable name of the pair; the decision file refers to it"),
        Column("score", pa.float64(), "probability, 0–1, that both are one person"),
        Column("differs", pa.list_(pa.string()), "codes of what differs"),
        Column("record_a", pa.int64(), "one row"),
        Column("record_b", pa.int64(), "the other"),
        Column("clears_missing", pa.bool_(), "if both are one person, a missing person was sampled"),
    ),
)

ROW_FATES = TableContract(
    "row_fates",
    (
        _text("role", "roster, samples, results or exempt"),
        _text("state", "what became of the rows"),
        Column("rows", pa.int64(), "how many"),
    ),
)

UNROSTERED = TableContract("unrostered", (*_PERSON, _text("outcome", "outcome"), _text("tube_code", "tube"), _SOURCES))

OTHER_RESULTS = TableContract(
    "uncounted_results",
    (
        _ID,
        _text("state", "empty, not_a_result, void, void_tube, before_sample, outside_round, which_sample"),
        _text("tube_code", "tube"),
        _text("name", "person"),
        _text("result_given", "the result as it stood"),
        _text("laboratory", "laboratory"),
        Column("at", INSTANT, "tested or reported"),
    ),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One sheet that was used, and as what."""

    index: int
    role: Role
    file: str
    sheet: str
    rows: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything ``lianfang reconcile`` found. Lists follow the contracts of this module.

    ``decided`` are the decisions on pairs that were given, as (pair_key, "same" or "different").
    """

    settings: RoundSettings
    round: RoundAnswer
    sources: tuple[Source, ...]
    readings: tuple[tuple[Role, FileReading], ...]
    repeated_files: tuple[tuple[str, str], ...]
    records: pa.Table
    row_fates: pa.Table
    missing: pa.Table
    pending_tubes: pa.Table
    pending: pa.Table
    unmatched_results: pa.Table
    uncounted_results: pa.Table
    duplicates: pa.Table
    conflicts: pa.Table
    positive_pools: pa.Table
    positive_pool_people: pa.Table
    contradictions: pa.Table
    unsure_matches: pa.Table
    unrostered: pa.Table
    decided: tuple[tuple[str, str], ...] = ()
