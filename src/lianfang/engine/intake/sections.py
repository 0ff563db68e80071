"""What a sheet says once for many rows: banner rows, merged cells, blanks under a value, the sheet's name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.detection import Banner
from lianfang.engine.intake.values import parse_address
from lianfang.engine.intake.values.contract import Cell
from lianfang.engine.intake.values.folding import fold_text

# From the largest place to the smallest: a new place forgets those inside the old one.
NESTING = ("township", "community", "grid", "compound", "building", "unit", "floor", "room")
FILLED_DOWN = frozenset(("township", "community", "grid", "compound", "building", "unit", "household_no"))
_MOST_FILLED = 0.6
_NAMED = (
    ("township", re.compile(r"([\u4e00-\u9fff]{2,8}(?:街道|镇|乡|鎮|鄉))")),
    ("community", re.compile(r"([\u4e00-\u9fff]{2,10}(?:社区|社區|居委会|村委会|村))")),
    (
        "grid",
        re.compile(
            r"([\u4e00-\u9fff]{0,6}第?[0-9一二三四五六七八九十]{1,3}号?(?:网格|網格|组)|[\u4e00-\u9fff]{2,6}(?:网格|網格))"
        ),
    ),
    ("compound", re.compile(r"([\u4e00-\u9fff]{2,12}(?:小区|小區|花园|苑|公寓|新村|家园|花苑|广场))")),
)  # fmt: skip


def places_in(text: str) -> dict[str, str]:
    """The places that a banner or a sheet's name gives: "幸福小区3号楼" → compound and building."""
    plain = fold_text(text)[0].replace(" ", "")
    found: dict[str, str] = {}
    rest = plain
    for name, pattern in _NAMED:
        match = pattern.search(rest)
        if match:
            found[name] = match[1]
            rest = rest[match.end() :] if match.start() == 0 else rest
    parts = parse_address(rest) if rest else None
    if parts is not None:
        given = {"building": parts.building, "unit": parts.unit}
        found |= {name: value for name, value in given.items() if value is not None}
    return found


def from_banners(banners: Sequence[Banner], records: Sequence[int]) -> dict[str, pa.Array]:
    """For each place that banners name, its value for every record below."""
    current: dict[str, str] = {}
    named: set[str] = set()
    changes: list[tuple[int, dict[str, str]]] = []
    for banner in banners:
        found = places_in(banner.text)
        if not found:
            continue
        largest = min(NESTING.index(name) for name in found)
        current = {name: value for name, value in current.items() if NESTING.index(name) < largest} | found
        named |= found.keys()
        changes.append((banner.row, current))
    if not changes:
        return {}
    values: dict[str, list[str | None]] = {name: [] for name in named}
    position, holds = 0, {}
    for row in records:
        while position < len(changes) and changes[position][0] < row:
            holds = changes[position][1]
            position += 1
        for name, column in values.items():
            column.append(holds.get(name))
    return {name: pa.array(column, pa.string()) for name, column in values.items()}


def spread_merged(
    cells: Sequence[Cell], ranges: Sequence[tuple[int, int]], places: Mapping[int, int]
) -> tuple[list[Cell], list[int]]:
    """Give every row of a vertically merged cell its value. ``places`` maps sheet rows to positions in
    ``cells``; the second result are the positions that were filled."""
    spread = list(cells)
    filled: list[int] = []
    for first, last in ranges:
        at = places.get(first)
        if at is None or spread[at] is None or spread[at] == "":
            continue
        for row in range(first + 1, last + 1):
            position = places.get(row)
            if position is not None and spread[position] is None:
                spread[position] = spread[at]
                filled.append(position)
    return spread, filled


def written_once(cells: Sequence[Cell]) -> bool:
    """Whether a column of places is written only where the value changes, with blanks below it."""
    if not cells or cells[0] is None or cells[0] == "":
        return False
    values = [cell for cell in cells if cell is not None and cell != ""]
    if len(values) > _MOST_FILLED * len(cells) or len(cells) < 3:
        return False
    return all(a != b for a, b in itertools.pairwise(values))


def fill_down(values: pa.Array) -> pa.Array:
    """Every blank takes the value above it."""
    return pc.fill_null_forward(values)
