"""Invented records for the tests of linkage."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from lianfang.engine.linkage import RECORDS, Linkage

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(birth: str = "19900101", order: int = 123, region: str = "990101") -> str:
    """A resident number with a valid check digit in a region that does not exist."""
    first = f"{region}{birth}{order:03d}"
    return first + "10X98765432"[sum(int(d) * w for d, w in zip(first, _WEIGHTS, strict=True)) % 11]


def person(role: str, name: str | None = None, id_number: str | None = None, **fields: object) -> dict[str, object]:
    """One record; a number is taken as a valid resident number unless the fields say otherwise."""
    row: dict[str, object] = {"role": role, "name": name, **fields}
    if id_number:
        row = {"id_type": "resident_id", "id_number": id_number, "id_is_valid": True, **row}
    return row


def room(building: str = "10", unit: str = "1", door: str = "301", **more: object) -> dict[str, object]:
    return {"building": building, "unit": unit, "room": door, **more}


def records(*rows: dict[str, object]) -> pa.Table:
    numbered = [{"record_id": at, **row} for at, row in enumerate(rows)]
    return pa.Table.from_pylist(numbered, schema=RECORDS.schema)


def groups(linkage: Linkage) -> set[frozenset[int]]:
    """The record numbers of each person."""
    people: dict[str, set[int]] = {}
    for row in linkage.members.to_pylist():
        people.setdefault(row["person_key"], set()).add(row["record_id"])
    return {frozenset(one) for one in people.values()}


def together(linkage: Linkage, ids: Iterable[int]) -> bool:
    wanted = set(ids)
    return any(wanted <= one for one in groups(linkage))


def town(people: int = 300) -> list[dict[str, object]]:
    """A roster of different people, so that chance agreements have something to be measured on."""
    surnames, given = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "建国志明秀兰玉英桂芳海燕文波丽娜晓东永红"
    rows = []
    for at in range(people):
        name = surnames[at % 20] + given[(at // 20 * 3 + at) % 20] + given[(at * 7 + at // 20) % 20]
        birth = f"19{50 + at % 50}{at % 12 + 1:02d}{at % 28 + 1:02d}"
        rows.append(
            person(
                "roster",
                name,
                number(birth, 100 + at),
                phone=f"139{at * 7919 % 10**8:08d}",
                **room(str(at // 60 + 1), str(at // 30 % 2 + 1), f"{at // 6 % 5 + 1}{at % 6 + 1:02d}"),
            )
        )
    return rows
