"""What differs between the two records of a pair, as codes (texts in linkage.toml, [differs])."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.comparisons import BIRTH_SQL, ID_SQL, PHONE_SQL, PLACE_SQL, SEX_SQL
from lianfang.engine.linkage.names import compare_names

_CODES = {
    "name": {
        "masked": "name_masked", "sounds": "name_sounds_alike", "looks": "name_looks_alike",
        "order": "name_order", "one_off": "name_one_off", "similar": "name_similar",
        "surname": "name", "different": "name", "missing": "name_missing",
    },
    "identity": {
        "one_digit": "id_one_digit", "two_digits": "id_two_digits", "different": "id", "misfit": "id",
        "masked": "id_masked", "missing": "id_missing", "type": "id_type",
    },
    "phone": {
        "one_digit": "phone_one_digit", "different": "phone", "misfit": "phone", "masked": "phone_masked",
        "missing": "phone_missing",
    },
    "birth": {"one_off": "birth_on", "different": "birth_on"},
    "sex": {"different": "sex"},
    "place": {
        "elsewhere": "community", "other_building": "building", "other_room": "room",
        "building": "room_missing", "community": "building_missing", "missing": "place_missing",
    },
}  # fmt: skip
DIFFERENCES = tuple(sorted({code for codes in _CODES.values() for code in codes.values()}))

_ID_TYPE = "WHEN l.id_number IS NOT NULL AND r.id_number IS NOT NULL AND l.id_type <> r.id_type THEN 'type'"


def _one_sided(first: str, second: str) -> str:
    has_l, has_r = (f"coalesce({side}.{first}, {side}.{second}) IS NULL" for side in "lr")
    return f"WHEN ({has_l}) <> ({has_r}) THEN 'missing'"


def _coded(comparison: str, level: str) -> str:
    cases = " ".join(f"WHEN '{name}' THEN '{code}'" for name, code in _CODES[comparison].items())
    return f"CASE {level} {cases} END"


# SQL: the codes of a scored pair ``s`` of the profiles ``l`` and ``r``, from the levels it was scored by.
SCORED_SQL = f"""list_filter([
    {_coded("name", "CASE WHEN (l.name_key IS NULL) <> (r.name_key IS NULL) THEN 'missing' ELSE s.name END")},
    {_coded("identity", f"CASE {_ID_TYPE} {_one_sided('id_number', 'id_mask')} ELSE s.identity END")},
    {_coded("phone", f"CASE {_one_sided('phone', 'phone_mask')} ELSE s.phone END")},
    {_coded("birth", "s.birth")}, {_coded("sex", "s.sex")},
    {_coded("place", f"CASE {_one_sided('room', 'building')} ELSE s.place END")}], lambda code: code IS NOT NULL)"""


def differences(con: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[int, int]]) -> list[list[str]]:
    """The codes for each pair of profiles, in the order of ``pairs``."""
    con.register(
        "asked",
        pa.table(
            {
                "n": pa.array(range(len(pairs)), pa.int64()),
                "l": pa.array([left for left, _ in pairs], pa.int32()),
                "r": pa.array([right for _, right in pairs], pa.int32()),
            }
        ),
    )
    rows = con.execute(f"""
        SELECT l.name_key, r.name_key,
            CASE {_ID_TYPE} {_one_sided("id_number", "id_mask")} ELSE {ID_SQL} END,
            CASE {_one_sided("phone", "phone_mask")} ELSE {PHONE_SQL} END,
            {BIRTH_SQL}, {SEX_SQL},
            CASE {_one_sided("room", "building")} ELSE {PLACE_SQL} END
        FROM asked c JOIN profile l ON l.pid = c.l JOIN profile r ON r.pid = c.r ORDER BY c.n
    """).fetchall()
    con.unregister("asked")
    return [_codes(row) for row in rows]


def _codes(row: tuple[str | None, ...]) -> list[str]:
    name_l, name_r = row[0], row[1]
    name = "missing" if (name_l is None) != (name_r is None) else None
    if name_l is not None and name_r is not None:
        name = compare_names(name_l, name_r)
    levels = (name, *row[2:])
    found = [codes.get(level or "") for codes, level in zip(_CODES.values(), levels, strict=True)]
    return [code for code in found if code]
