"""Conditions as data: comparisons of declared facts with values, joined by all, any and not. No formulas.

Three-valued after Kleene: a comparison with a fact that is not there is unknown; ``all`` is false as soon as
one part is false, true where every part is true, else unknown; ``any`` the other way round; ``not`` of unknown
is unknown. Several keys in one condition hold together, as in ``all``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from lianfang.engine.packs.base import Code, Model
from lianfang.engine.packs.facts import AREA_FACTS, PERSON_FACTS

LARGEST_BOUND = 100_000


def _bound(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
        raise PydanticCustomError("bound_type", "a number, or the name of a parameter")
    if not isinstance(value, str) and not 0 <= value <= LARGEST_BOUND:  # infinities and what is no number fail too
        raise PydanticCustomError("less_than_equal", "from 0 to 100000")
    return value


def _fixed(value: Any) -> Any:
    if not isinstance(value, bool | str) or value == "":
        raise PydanticCustomError("fixed_type", "true, false or a word")
    return value


FactName = Annotated[Code, WithJsonSchema({"enum": sorted({*PERSON_FACTS, *AREA_FACTS})})]
Bound = Annotated[int | float | str, PlainValidator(_bound, json_schema_input_type=int | float | str)]
"""A number, or the name of a dated parameter."""
Fixed = Annotated[bool | str, PlainValidator(_fixed, json_schema_input_type=bool | str)]


class Guard(Model):
    """Either one comparison (``fact`` with at_least, at_most or is), or parts joined by all, any, not."""

    fact: FactName | None = None
    at_least: Bound | None = None
    at_most: Bound | None = None
    is_: Fixed | None = Field(default=None, alias="is")
    within_days: Bound | None = None
    all_: Annotated[tuple[Guard, ...], Field(min_length=1)] | None = Field(default=None, alias="all")
    any_: Annotated[tuple[Guard, ...], Field(min_length=1)] | None = Field(default=None, alias="any")
    not_: Guard | None = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> Guard:
        compares = any(value is not None for value in (self.at_least, self.at_most, self.is_))
        joins = any(value is not None for value in (self.all_, self.any_, self.not_))
        if self.fact is not None and (not compares or joins):
            raise PydanticCustomError("guard_shape", "fact with at_least, at_most or is")
        if self.fact is None and (compares or self.within_days is not None or not joins):
            raise PydanticCustomError("guard_shape", "all, any or not; or fact with at_least, at_most or is")
        if self.is_ is not None and (self.at_least is not None or self.at_most is not None):
            raise PydanticCustomError("guard_shape", "is alone, or at_least and at_most")
        return self

    def comparisons(self) -> Iterator[Guard]:
        """The comparisons in it, in the order in which they are written."""
        if self.fact is not None:
            yield self
        for part in (*(self.all_ or ()), *(self.any_ or ()), *(() if self.not_ is None else (self.not_,))):
            yield from part.comparisons()

    def parameters(self) -> Iterator[str]:
        """Names of the parameters that it is compared with."""
        for one in self.comparisons():
            yield from (each for each in (one.at_least, one.at_most, one.within_days) if isinstance(each, str))

    def with_values(self, value_of: Callable[[str], int | float | None]) -> Guard | None:
        """The same with numbers for the names of parameters; None where one of them is retired."""
        numbers = {name: value_of(name) for name in self.parameters()}
        if any(number is None for number in numbers.values()):
            return None
        return self._filled(numbers)

    def _filled(self, numbers: dict[str, int | float | None]) -> Guard:
        def number(bound: int | float | str | None) -> Any:
            return numbers[bound] if isinstance(bound, str) else bound

        return self.model_copy(
            update={
                "at_least": number(self.at_least),
                "at_most": number(self.at_most),
                "within_days": number(self.within_days),
                "all_": None if self.all_ is None else tuple(part._filled(numbers) for part in self.all_),
                "any_": None if self.any_ is None else tuple(part._filled(numbers) for part in self.any_),
                "not_": None if self.not_ is None else self.not_._filled(numbers),
            }
        )


Fact = bool | int | float | str | None


def truth(guard: Guard, facts: Mapping[str, Fact]) -> bool | None:
    """Whether a guard with numbers holds for these facts: true, false, or None for unknown.

    A fact that is not in ``facts``, or is None, is unknown.
    """
    parts: list[bool | None] = []
    if guard.fact is not None:
        parts.append(_compared(guard, facts.get(guard.fact)))
    if guard.all_ is not None:
        parts.append(_every(truth(part, facts) for part in guard.all_))
    if guard.any_ is not None:
        parts.append(_negated(_every(_negated(truth(part, facts)) for part in guard.any_)))
    if guard.not_ is not None:
        parts.append(_negated(truth(guard.not_, facts)))
    return _every(parts)


def _compared(guard: Guard, fact: Fact) -> bool | None:
    if fact is None:
        return None
    if guard.is_ is not None:
        return fact == guard.is_
    if isinstance(fact, str):
        return None
    low, high = guard.at_least, guard.at_most
    if isinstance(low, str) or isinstance(high, str):
        raise TypeError(f"{guard.fact}: compared with the name of a parameter, not with its value")
    return (low is None or fact >= low) and (high is None or fact <= high)


def _every(parts: Iterable[bool | None]) -> bool | None:
    known = tuple(parts)
    if False in known:
        return False
    return None if None in known else True


def _negated(part: bool | None) -> bool | None:
    return None if part is None else not part


_MOST_SITUATIONS = 20_000


def can_hold(guard: Guard, unless: Guard | None = None) -> bool:
    """Whether there are facts for which ``guard`` holds, and ``unless`` does not.

    Decided exactly by trying one fact on each side of every number compared with; what would take more than
    20,000 trials is taken to be possible. Guards with names of parameters are taken to be possible.
    """
    guards = (guard,) if unless is None else (guard, unless)
    compared = [one for each in guards for one in each.comparisons()]
    if any(True for each in guards for _ in each.parameters()):
        return True
    choices = {one.fact: _telling_values([each for each in compared if each.fact == one.fact]) for one in compared}
    if prod(len(values) for values in choices.values()) > _MOST_SITUATIONS:
        return True
    for values in product(*choices.values()):
        facts = {str(name): value for name, value in zip(choices, values, strict=True)}
        if truth(guard, facts) is True and (unless is None or truth(unless, facts) is not True):
            return True
    return False


def _telling_values(compared: list[Guard]) -> list[Fact]:
    words: set[Fact] = {one.is_ for one in compared if one.is_ is not None}
    numbers = {
        bound + step
        for one in compared
        for bound in (one.at_least, one.at_most)
        if isinstance(bound, int | float)
        for step in (-0.001, 0, 0.001)
    }
    if words & {True, False}:
        words |= {True, False}
    elif words:
        words |= {"another word"}
    return [*sorted(words, key=str), *sorted(numbers), None]
