"""Published lists of risk areas: one file per moment, with the stated counts, read as levels of named places.

The form is that of the national look-up of 2022: ``highlist``, ``middlelist``, ``lowlist`` of counties, each with its
``communitys``, beside ``hcount``, ``mcount``, ``lcount`` and ``end_update_time`` (``2022-09-27 20时``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from lianfang.engine.tables import INSTANT

_LISTS = {"high": ("highlist", "hcount"), "medium": ("middlelist", "mcount"), "low": ("lowlist", "lcount")}
_MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2})时")

LISTED = pa.schema(
    [
        ("level", pa.string()),
        ("province", pa.string()),
        ("city", pa.string()),
        ("county", pa.string()),
        ("name", pa.string()),
    ]
)
INTERVALS = pa.schema([*LISTED, ("from_at", INSTANT), ("to_at", INSTANT)])


class RiskListError(ValueError):
    """A list that cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class RiskList:
    """One published list: ``areas`` in the shape of ``LISTED``, and the counts that it states by level."""

    published_at: datetime
    areas: pa.Table
    stated: dict[str, int]

    @property
    def counted(self) -> dict[str, int]:
        """How many areas of each level there are, for the levels whose number is stated."""
        levels = self.areas["level"].to_pylist()
        return {level: levels.count(level) for level in self.stated}


def read_risk_list(content: bytes | str) -> RiskList:
    """The list in a file. Raises ``RiskListError`` where it is not in the form, or its counts do not add up."""
    try:
        given = json.loads(content)
        entries = given.get("data", given)
        moment = _MOMENT.fullmatch(entries["end_update_time"])
        if moment is None:
            raise RiskListError(f"end_update_time: {entries['end_update_time']!r}")
        stated = {level: int(entries[count]) for level, (_, count) in _LISTS.items() if entries.get(count) is not None}
        rows = [row for level, (name, _) in _LISTS.items() for row in _areas(level, entries.get(name) or [])]
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise RiskListError(f"not in the form of a list of risk areas: {error!r}") from error
    year, month, day, hour = (int(each) for each in moment.groups())
    found = RiskList(datetime(year, month, day, hour), pa.Table.from_pylist(rows, schema=LISTED), stated)
    if found.counted != stated:
        raise RiskListError(f"states {stated}, lists {found.counted}")
    return found


def _areas(level: str, counties: Iterable[dict[str, Any]]) -> Iterable[dict[str, str]]:
    for county in counties:
        where = {name: county[name] for name in ("province", "city", "county")}
        for name in county["communitys"]:
            yield {"level": level, **where, "name": name}


def intervals_of(lists: Iterable[RiskList]) -> pa.Table:
    """Since when and until when each area was listed at a level, in the shape of ``INTERVALS``.

    An area holds from the first list that names it to the first one that does not; null is still. What happened
    between two lists is not known, so the instants are those of the lists.
    """
    standing: dict[tuple[str, ...], datetime] = {}
    rows: list[dict[str, Any]] = []

    def note(key: tuple[str, ...], to_at: datetime | None) -> None:
        named = dict(zip(LISTED.names, key, strict=True))
        rows.append(named | {"from_at": standing[key], "to_at": to_at})

    for each in sorted(lists, key=lambda one: one.published_at):
        named = {tuple(row[name] for name in LISTED.names) for row in each.areas.to_pylist()}
        for key in sorted(set(standing) - named):
            note(key, each.published_at)
            del standing[key]
        for key in named - set(standing):
            standing[key] = each.published_at
    for key in sorted(standing):
        note(key, None)
    return pa.Table.from_pylist(rows, schema=INTERVALS)
