"""What a difference between two packs is, and at which instants two packs are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.pack import Pack

_T = TypeVar("_T")

Param = str | int | float | Guard | tuple[str | int, ...] | None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different, for whom: ``who`` is a kind of people or places, ``whom`` its code.

    ``code`` with ``params`` becomes a sentence (texts under ``pack.change``). The name of a param says what it
    is: ``stage`` and ``level`` are codes of the pack's own words, ``place`` and ``movement`` of the texts.
    """

    who: str
    whom: str
    code: str
    params: Mapping[str, Param]

    def as_json(self) -> dict[str, Any]:
        return {
            "who": self.who,
            "whom": self.whom,
            "code": self.code,
            "params": {
                name: value.model_dump(by_alias=True, exclude_none=True) if isinstance(value, Guard) else value
                for name, value in self.params.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """Two packs, each at its instant."""

    old: Pack
    old_at: datetime
    new: Pack
    new_at: datetime


def moments_of(old: Pack, new: Pack) -> tuple[datetime, datetime]:
    """The instants to compare: where one pack follows the other, the last of the old and the first of the new.

    Where both are in force together, the first moment of that.
    """
    earlier, later = old.manifest.effective, new.manifest.effective
    start = max(earlier.from_, later.from_)
    if old.is_in_force(start) and new.is_in_force(start):
        return start, start
    old_at = earlier.from_ if earlier.to is None else earlier.to - timedelta(seconds=1)
    return old_at, later.from_


def pairs(old: Mapping[str, _T], new: Mapping[str, _T]) -> Iterator[tuple[str, _T | None, _T | None]]:
    """Every key of either, with what each has; those of the new first."""
    for key in dict.fromkeys((*new, *old)):
        yield key, old.get(key), new.get(key)


def changed(
    who: str, whom: str, code: str, old: Any, new: Any, read: Callable[[Any], Param], **params: Param
) -> Iterator[Change]:
    """A change of one value; nothing where both are equal."""
    before, after = read(old), read(new)
    if before != after:
        yield Change(who, whom, code, {**params, "before": before, "after": after})
