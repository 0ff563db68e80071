"""What linkage takes in and gives out."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from lianfang.engine.tables import WHERE_LIVES, WHO, Column, TableContract

RECORDS = TableContract(
    "linkage_records",
    (
        Column("record_id", pa.int64(), "number of the record within this run"),
        Column("role", pa.string(), "roster, samples, results or exempt"),
        *WHO,
        *WHERE_LIVES,
        Column("tube_code", pa.string(), "tube that the record names, if any"),
    ),
)

MEMBERS = TableContract(
    "linkage_members",
    (
        Column("record_id", pa.int64(), "the record"),
        Column("person_key", pa.string(), "who it is; made from content, the same for any order of the files"),
        Column(
            "how",
            pa.string(),
            "alone, identity, name+phone, name+room, name+tube, same_row (repeats another row), scored, decided",
        ),
        Column("score", pa.float64(), "probability, 0–1, that the record is this person; 1 where exact"),
    ),
)

PAIRS = TableContract(
    "linkage_pairs",
    (
        Column("pair_key", pa.string(), "stable name of the pair, made from the content of both records"),
        Column("record_a", pa.int64(), "one record (the roster's where one is)"),
        Column("record_b", pa.int64(), "the other"),
        Column("score", pa.float64(), "probability, 0–1, that both are one person"),
        Column("taken", pa.bool_(), "taken as one person"),
        Column("how", pa.string(), "which comparison, as in linkage_members.how"),
        Column(
            "differs",
            pa.list_(pa.string()),
            "codes of what differs: name_one_off, id_one_digit, phone, room …",
        ),
    ),
)

CONFLICTS = TableContract(
    "linkage_conflicts",
    (
        Column("conflict_key", pa.string(), "stable name of the conflict, made from its kind and content"),
        Column(
            "kind",
            pa.string(),
            "identity_names, identity_digit, phone_shared, several_rooms, room_identities, repeated_rows",
        ),
        Column("record_id", pa.int64(), "a record that takes part; a record has a row per field that differs"),
        Column("person_key", pa.string(), "who the record is taken to be"),
        Column("field", pa.string(), "the field that contradicts: name, id_number, phone, place, name_only"),
        Column("value", pa.string(), "what this record says there; null where it says nothing"),
    ),
)
"""What contradicts what: the rows of one ``conflict_key`` belong together."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How careful linking is. Probabilities are 0–1.

    ``sure_at``: pairs at least this probable are taken. ``unsure_from``: pairs at least this probable are
    listed for a person to decide. ``block_limit``: a blocking key that more different rows share than
    this names nobody in particular and is passed over (it bounds the work to a multiple of the rows).
    ``listed_per_person``: how many unsure candidates of one person are listed, best first.
    ``household_mates``: people a person lives with, on average. ``phone_shared_above``: a phone of more
    people than this is a conflict even inside one household.
    """

    sure_at: float = 0.98
    unsure_from: float = 0.3
    block_limit: int = 200
    listed_per_person: int = 5
    household_mates: float = 1.6
    phone_shared_above: int = 6


@dataclass(frozen=True, slots=True)
class Linkage:
    """``members`` has one row per record. ``unsure`` lists pairs that a person must decide;
    ``sure`` those scored pairs that were taken (exact ones are not listed); ``conflicts`` what contradicts what."""

    members: pa.Table
    unsure: pa.Table
    sure: pa.Table
    conflicts: pa.Table
