"""testing.yaml: who is to be tested how often, in what tubes, who is exempt, when rounds stop."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lianfang.engine.packs.base import Code, Dated, Model
from lianfang.engine.packs.categories import CategoryId, Count
from lianfang.engine.packs.guards import Bound, Guard
from lianfang.engine.packs.model import Tier

TubeSize = Literal[0, 1, 3, 5, 10, 20]
"""People in one tube; 0 is one household in one tube."""


class TestGroup(Dated):
    """Who belongs: whom ``who`` holds for, who is in ``category``, who lives in ``in_level``: all that are given.

    ``must`` is obliged, ``may`` is offered. ``every_days``: at least once in so many days; ``share_per_day``: so
    many percent of the group each day. A ``may`` group with neither of the three is everybody else.
    """

    __test__ = False

    id: Code
    obligation: Literal["must", "may"]
    every_days: Count | None = None
    share_per_day: Bound | None = None
    in_level: Code | None = None
    category: CategoryId | None = None
    who: Guard | None = None
    open_to: tuple[Tier, ...] = ()


class PoolSizes(Dated):
    """Tube sizes that are allowed, the preferred first; ``for`` is a level, a group, or ``everyone``."""

    for_: Code = Field(alias="for")
    sizes: Annotated[tuple[TubeSize, ...], Field(min_length=1)]
    open_to: tuple[Tier, ...] = ()


class Exemption(Dated):
    """For whom a round's test is not asked; ``instead`` is how that person may be sampled if at all."""

    id: Code
    when: Guard
    instead: Literal["nothing", "single_at_home", "single_at_fixed_point"]


class Certificates(Dated):
    """From which instant a certificate counts: the first of these that is known."""

    anchors: Annotated[tuple[Literal["tested_at", "sampled_at", "reported_at"], ...], Field(min_length=1)]
    open_to: tuple[Tier, ...] = ()


class RoundsToStop(Dated):
    """Rounds end after ``clean_rounds`` without an infection, then a gap, then so many more."""

    clean_rounds: Count
    gap_days: Count | None = None
    then_rounds: Count | None = None


class PositivePool(Dated):
    """What follows a positive tube: who is told at once, who waits, how the people are sampled again."""

    notify: tuple[Literal["sampling_team", "community", "police"], ...]
    wait: Literal["in_place", "at_home", "free"]
    resample: Literal["single_at_home", "single_at_fixed_point"]
    neighbours: Literal["free", "wait"]
    within_hours: Bound | None = None


class TestingFile(Model):
    """Lists may name the same thing several times with times that follow one another."""

    __test__ = False

    groups: tuple[TestGroup, ...] = ()
    pool_sizes: tuple[PoolSizes, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    certificates: Certificates | None = None
    rounds_to_stop: RoundsToStop | None = None
    positive_pool: PositivePool | None = None
