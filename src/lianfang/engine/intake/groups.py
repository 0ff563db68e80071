"""Several people in one row: which columns belong to the first, the second, the third."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.values.numerals import chinese_number

_WHO = frozenset(("name", "id_number"))
_ROUND = re.compile(r"第([一二三四五六七八九十0-9]{1,3})(?:次|轮|回|天)|(?:^|/)([0-9]{1,2})(?:次|轮)(?=[^数])")


class Grouped(Protocol):
    """What is asked of a column that is to be put in a group."""

    @property
    def fields(self) -> tuple[str, ...]: ...
    @property
    def owner(self) -> str: ...
    @property
    def owner_kind(self) -> str: ...
    @property
    def ordinal(self) -> int | None: ...
    @property
    def folded(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Grouping:
    """``group[i]`` is the group of column i. ``shared`` columns of group 0 hold for every person of
    the row; ``members`` says that group 0 is a person of their own, whose phone is not the others'; ``rounds``
    that the groups are not people but tests of one person: 第一轮采样时间 第一轮结果 第二轮采样时间 …"""

    group: tuple[int, ...]
    shared: frozenset[int] = frozenset()
    members: bool = False
    rounds: bool = False

    @property
    def count(self) -> int:
        return max(self.group, default=0) + 1


def group_columns(columns: Sequence[Grouped]) -> Grouping:
    """Find repeated groups: numbered labels, named members of a family, or a header said twice."""
    for find in (_by_ordinal, _by_member, _by_repetition):
        blocks = find(columns)
        if len(set(blocks.values())) >= 2 or (find is _by_member and blocks):
            return _grouping(columns, blocks, members=find is _by_member)
    if len(set((rounds := _by_round(columns)).values())) >= 2:
        order = {number: position for position, number in enumerate(sorted(set(rounds.values())))}
        group = tuple(order[rounds[i]] if i in rounds else 0 for i in range(len(columns)))
        return Grouping(group, frozenset(i for i in range(len(columns)) if i not in rounds), rounds=True)
    return Grouping(tuple(0 for _ in columns), frozenset(range(len(columns))))


def _by_round(columns: Sequence[Grouped]) -> dict[int, int]:
    """Columns of testing that name their round, where a field is there for several rounds."""
    found: dict[int, int] = {}
    rounds_of: dict[str, set[int]] = defaultdict(set)
    for index, column in enumerate(columns):
        match = _ROUND.search(column.folded)
        if match is None or not column.fields or FIELDS[column.fields[0]].group != "testing":
            continue
        digits = match[1] or match[2]
        number = int(digits) if digits.isdigit() else chinese_number(digits)
        if number is not None and column.fields[0] not in ("last_result", "last_tested_at", "test_times"):
            found[index] = number
            rounds_of[column.fields[0]].add(number)
    return found if any(len(numbers) > 1 for numbers in rounds_of.values()) else {}


def _grouping(columns: Sequence[Grouped], blocks: dict[int, object], *, members: bool) -> Grouping:
    own = any(
        index not in blocks and "name" in column.fields and not column.owner_kind
        for index, column in enumerate(columns)
    )
    members = members or own
    order = {key: number for number, key in enumerate(dict.fromkeys(blocks[i] for i in sorted(blocks)))}
    first = 1 if own else 0
    group = tuple(order[blocks[i]] + first if i in blocks else 0 for i in range(len(columns)))
    shared = frozenset(
        index
        for index, column in enumerate(columns)
        if index not in blocks and not (members and any(FIELDS[name].group == "person" for name in column.fields))
    )
    return Grouping(group, shared, members)


def _by_ordinal(columns: Sequence[Grouped]) -> dict[int, object]:
    """姓名1 身份证1 姓名2 身份证2."""
    people = Counter(
        column.ordinal for column in columns if column.ordinal is not None and not _WHO.isdisjoint(column.fields)
    )
    if len(people) < 2:
        return {}
    return {index: column.ordinal for index, column in enumerate(columns) if column.ordinal in people}


def _by_member(columns: Sequence[Grouped]) -> dict[int, object]:
    """配偶姓名 配偶身份证号 子女姓名 …: each named relative with a name is a person."""
    named = {column.owner for column in columns if column.owner_kind == "member" and "name" in column.fields}
    found: dict[int, object] = {
        index: column.owner
        for index, column in enumerate(columns)
        if column.owner_kind == "member" and column.owner in named
    }
    return found


def _by_repetition(columns: Sequence[Grouped]) -> dict[int, object]:
    """姓名 身份证号 电话 姓名 身份证号 电话."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, column in enumerate(columns):
        if column.folded:
            places[column.folded].append(index)
    repeated = {label: indexes for label, indexes in places.items() if len(indexes) >= 2}
    anchors = [indexes for indexes in repeated.values() if not _WHO.isdisjoint(columns[indexes[0]].fields)]
    if not anchors:
        return {}
    times = max(len(indexes) for indexes in anchors)
    return {
        index: number for indexes in repeated.values() if len(indexes) <= times for number, index in enumerate(indexes)
    }
