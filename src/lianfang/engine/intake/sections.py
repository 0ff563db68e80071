"""What a sheet says once for many rows: banner rows, merged cells, blanks under a value, the sheet's name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.cell_column import CellColumn
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


_TITLE_WORDS = re.compile(
    r"(?:新冠|新型冠状病毒|新冠肺炎|疫情|防控|核酸|采样|检测|住户|居民|人员|业主|全员|常住|户籍|重点|楼栋|信息|登记|摸排|摸底|排查|统计|汇总"
    r"|情况|明细|花名册|名册|名单|台账|一览|表|第[一二三四五六七八九十0-9]+[轮次])+.*$"
)
_DIVISION = re.compile(
    r"^.*?(?:省|自治区|(?<!城)市|(?<![小社园])区(?!域)|县)(?=[\u4e00-\u9fff]{2,8}(?:街道|镇|乡|社区|村))"
)
_SEVERAL = re.compile("[、，,至~—和及]|[0-9]-[0-9]+(?:号楼|栋|幢)")
FROM_TITLE = ("township", "community", "compound", "building", "unit")


def places_in_title(title: str) -> dict[str, str]:
    """The places that the title of a table is about: 临江花园10号楼住户登记表 → compound 临江花园, building 10.

    Nothing where it names several.
    """
    found: dict[str, str] = {}
    for line in fold_text(title)[0].split():
        about = _TITLE_WORDS.sub("", line)
        if not 2 <= len(about) <= 40 or _SEVERAL.search(about):
            continue
        while shorter := _DIVISION.sub("", about):
            if shorter == about:
                break
            about = shorter
        places = places_in(about)
        parts = parse_address(about)
        if parts.compound and not any(parts.compound in one or one in parts.compound for one in places.values()):
            places["compound"] = parts.compound
        for name, value in places.items():
            found.setdefault(name, value)
    if "community" not in found:
        found.pop("township", None)
    return {name: value for name, value in found.items() if name in FROM_TITLE}


def from_banners(banners: Sequence[Banner], records: Sequence[int]) -> dict[str, pa.Array]:
    """For each place that banners name, its value for every record below."""
    current: dict[str, str] = {}
    named: dict[str, None] = {}
    changes: list[tuple[int, dict[str, str]]] = []
    for banner in banners:
        found = places_in(banner.text)
        if not found:
            continue
        largest = min(NESTING.index(name) for name in found)
        current = {name: value for name, value in current.items() if NESTING.index(name) < largest} | found
        named |= dict.fromkeys(found)
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
    if len(cells) < 3 or CellColumn.of(cells).filled() > _MOST_FILLED * len(cells):
        return False
    values = [cell for cell in cells if cell is not None and cell != ""]
    return all(a != b for a, b in itertools.pairwise(values))


def fill_down(values: pa.Array) -> pa.Array:
    """Every blank takes the value above it."""
    return pc.fill_null_forward(values)
