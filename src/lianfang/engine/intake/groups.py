"""Several people in one row: which columns belong to the first, the second, the third."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lianfang.engine.intake.fields import FIELDS

_WHO = frozenset(("name", "id_number"))


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
    the row; ``members`` says that group 0 is a person of their own, whose phone is not the others'."""

    group: tuple[int, ...]
    shared: frozenset[int] = frozenset()
    members: bool = False

    @property
    def count(self) -> int:
        return max(self.group, default=0) + 1


def group_columns(columns: Sequence[Grouped]) -> Grouping:
    """Find repeated groups: numbered labels, named members of a family, or a header said twice."""
    for find in (_by_ordinal, _by_member, _by_repetition):
        blocks = find(columns)
        if len(set(blocks.values())) >= 2 or (find is _by_member and blocks):
            return _grouping(columns, blocks, members=find is _by_member)
    return Grouping(tuple(0 for _ in columns), frozenset(range(len(columns))))


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
