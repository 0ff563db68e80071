"""A loaded pack, and what it says at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lianfang.engine.packs.areas import AreasFile, Level
from lianfang.engine.packs.categories import Category, CategoryId
from lianfang.engine.packs.clocks import Clock, Retention
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.layers import Layer, Origin, layered
from lianfang.engine.packs.model import (
    LANGUAGES,
    DatedValue,
    EmergencyOverride,
    Language,
    Manifest,
    PackTexts,
    Parameter,
    Source,
    StatusRule,
)
from lianfang.engine.packs.standing import (
    CategoryInForce,
    ClockInForce,
    ExemptionInForce,
    GroupInForce,
    LevelInForce,
    RetentionInForce,
    Values,
    category_at,
    clock_at,
    exemption_at,
    group_at,
    level_at,
    retention_at,
)
from lianfang.engine.packs.testing import Certificates, PoolSizes, PositivePool, RoundsToStop, TestingFile

SPAN_UNITS = ("minutes", "hours", "days")


class NotInForceError(LookupError):
    """No pack, or not this one, is in force at the instant that was asked for."""


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule as it stands at an instant, with the values of its limit and of its guard then."""

    rule: StatusRule
    limit: DatedValue | None
    unit: str | None
    is_unverified: bool
    when: Guard | None = None

    @property
    def span(self) -> timedelta | None:
        """The limit as a time; None for a rule without one."""
        if self.limit is None or self.limit.value is None or self.unit is None:
            return None
        return timedelta(**{self.unit: self.limit.value})


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one disease and authority, as data. ``digest`` changes with every byte of its files and layers."""

    manifest: Manifest
    parameters: Mapping[str, Parameter]
    rules: tuple[StatusRule, ...]
    emergency_override: EmergencyOverride
    texts: Mapping[Language, PackTexts]
    digest: str
    categories: Mapping[CategoryId, Category] = field(default_factory=dict)
    areas: AreasFile | None = None
    testing: TestingFile | None = None
    clocks: tuple[Clock, ...] = ()
    retention: tuple[Retention, ...] = ()
    layers: tuple[Layer, ...] = ()
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def version(self) -> int:
        return self.manifest.version

    @property
    def gives_colours(self) -> bool:
        """Somebody may be said to be green, yellow or red; where nobody is, ``unknown`` is a loss to nobody."""
        return bool(self.categories) or any(rule.status != "unknown" for rule in self.rules)

    def is_in_force(self, as_of: datetime) -> bool:
        return self.manifest.effective.contains(as_of)

    def value_at(self, name: str, as_of: datetime) -> DatedValue | None:
        """The dated value of a parameter in force at ``as_of``; None before its first and after retirement.

        Raises KeyError for a parameter that the pack does not have.
        """
        standing = None
        for dated in self.parameters[name].values:
            if dated.from_ <= as_of:
                standing = dated
        return None if standing is None or standing.value is None else standing

    def rules_at(self, as_of: datetime) -> tuple[RuleInForce, ...]:
        """Rules in force, highest priority first. A rule whose limit, or a value of whose guard, is retired is not.

        Raises ``NotInForceError`` where the pack is not in force at ``as_of``.
        """
        values = self._values_at(as_of)
        standing = []
        for rule in sorted(self.rules, key=lambda each: -each.priority):
            limit = None if rule.until is None else self.value_at(rule.until.at_most, as_of)
            if rule.until is not None and limit is None:
                continue
            when = values.guard(rule.when)
            if rule.when is not None and when is None:
                continue
            unit = None if rule.until is None else self.parameters[rule.until.at_most].unit
            unsure = rule.unverified or (limit is not None and limit.unverified)
            if rule.when is not None:
                unsure = unsure or values.is_unverified(*rule.when.parameters())
            standing.append(RuleInForce(rule, limit, unit, unsure, when))
        return tuple(standing)

    def moments(self) -> tuple[datetime, ...]:
        """The first moment of the pack, and every later one at which anything in it changes."""
        testing, effective = self._testing, self.manifest.effective
        single = (testing.certificates, testing.rounds_to_stop, testing.positive_pool)
        entries = (
            *self.categories.values(),
            *(() if self.areas is None else self.areas.levels),
            *testing.groups,
            *testing.pool_sizes,
            *testing.exemptions,
            *self.clocks,
            *self.retention,
            *(one for one in single if one is not None),
        )
        turns = {value.from_ for parameter in self.parameters.values() for value in parameter.values}
        for entry in entries:
            if entry.effective is not None:
                turns |= {entry.effective.from_} | ({entry.effective.to} if entry.effective.to else set())
        return (effective.from_, *sorted(one for one in turns if one > effective.from_ and effective.contains(one)))

    def _values_at(self, as_of: datetime) -> Values:
        if not self.is_in_force(as_of):
            effective = self.manifest.effective
            raise NotInForceError(f"{self.id} is in force from {effective.from_} to {effective.to}, not at {as_of}")
        return Values(self, as_of)

    def categories_at(self, as_of: datetime) -> dict[CategoryId, CategoryInForce]:
        """Categories that the pack knows then, with their stages; this and all below raise ``NotInForceError``."""
        values = self._values_at(as_of)
        return {
            name: category_at(values, name, category)
            for name, category in self.categories.items()
            if category.holds_at(as_of)
        }

    def levels_at(self, as_of: datetime) -> tuple[LevelInForce, ...]:
        """Levels of areas, the strictest first; none where the pack draws no areas."""
        values = self._values_at(as_of)
        levels: tuple[Level, ...] = () if self.areas is None else self.areas.levels
        standing = [level_at(values, level) for level in levels if level.holds_at(as_of)]
        return tuple(sorted(standing, key=lambda one: -one.level.rank))

    def groups_at(self, as_of: datetime) -> tuple[GroupInForce, ...]:
        values = self._values_at(as_of)
        given = self._testing.groups
        return tuple(one for each in given if each.holds_at(as_of) and (one := group_at(values, each)))

    def exemptions_at(self, as_of: datetime) -> tuple[ExemptionInForce, ...]:
        values = self._values_at(as_of)
        given = self._testing.exemptions
        return tuple(one for each in given if each.holds_at(as_of) and (one := exemption_at(values, each)))

    def pool_sizes_at(self, as_of: datetime) -> dict[str, PoolSizes]:
        """Tube sizes by level or group, or ``everyone``."""
        self._values_at(as_of)
        return {each.for_: each for each in self._testing.pool_sizes if each.holds_at(as_of)}

    def certificates_at(self, as_of: datetime) -> Certificates | None:
        self._values_at(as_of)
        given = self._testing.certificates
        return given if given is not None and given.holds_at(as_of) else None

    def rounds_to_stop_at(self, as_of: datetime) -> RoundsToStop | None:
        """With numbers for the names of parameters; None where the pack says nothing."""
        values = self._values_at(as_of)
        given = self._testing.rounds_to_stop
        if given is None or not given.holds_at(as_of) or values.number(given.clean_rounds) is None:
            return None
        counts = {name: values.number(getattr(given, name)) for name in ("clean_rounds", "gap_days", "then_rounds")}
        return given.model_copy(update=counts)

    def positive_pool_at(self, as_of: datetime) -> PositivePool | None:
        """With the number of then for its time limit."""
        values = self._values_at(as_of)
        given = self._testing.positive_pool
        if given is None or not given.holds_at(as_of):
            return None
        return given.model_copy(update={"within_hours": values.number(given.within_hours)})

    def clocks_at(self, as_of: datetime) -> tuple[ClockInForce, ...]:
        values = self._values_at(as_of)
        return tuple(one for each in self.clocks if each.holds_at(as_of) and (one := clock_at(values, each)))

    def retention_at(self, as_of: datetime) -> tuple[RetentionInForce, ...]:
        values = self._values_at(as_of)
        return tuple(one for each in self.retention if each.holds_at(as_of) and (one := retention_at(values, each)))

    @property
    def _testing(self) -> TestingFile:
        return self.testing or TestingFile()

    def emergency_span(self, as_of: datetime) -> timedelta:
        """How long an emergency override lasts that names no end."""
        name = self.emergency_override.at_most
        dated = self.value_at(name, as_of)
        if dated is None or dated.value is None:
            raise NotInForceError(f"{self.id}: {name} has no value at {as_of}")
        return timedelta(**{self.parameters[name].unit: dated.value})

    def for_division(self, division: str) -> Pack:
        """The pack as it is for a division code (of any length) with the layers of its province, city and county.

        Itself where there are none. The result has a digest of its own.
        """
        above = tuple(layer for layer in self.layers if division.startswith(layer.division))
        return layered(self, above)

    def origin_of(self, key: str, as_of: datetime) -> Origin | None:
        """The layer that set ``key`` (``parameters.certificate_hours``) at ``as_of``; None where the pack did."""
        return next((one for one in reversed(self.origins.get(key, ())) if one.holds_at(as_of)), None)

    def sources_of(self, reference_ids: Iterable[str]) -> tuple[Source, ...]:
        """The manifest's sources with these ids, in the order asked for."""
        known = {source.id: source for source in self.manifest.sources}
        return tuple(known[each] for each in reference_ids)

    def text(self, language: str, table: str, code: str, **gaps: str | int | float) -> str:
        """The words of a code: ``table`` is a table of ``PackTexts``: reasons, next_steps, levels …

        Raises KeyError where language, code or a gap is missing.
        """
        if language not in LANGUAGES:
            raise KeyError(f"no texts in {language!r}; there are {', '.join(LANGUAGES)}")
        words: dict[str, str] = getattr(self.texts[language], table)
        return words[code].format_map(gaps)


def pack_in_force(packs: Iterable[Pack], disease: str, as_of: datetime) -> Pack:
    """The pack of ``disease`` in force at ``as_of``; of several versions of one pack the highest.

    Raises ``NotInForceError`` where there is none, or where two different packs claim the same instant.
    """
    standing = [pack for pack in packs if pack.manifest.disease == disease and pack.is_in_force(as_of)]
    if not standing:
        raise NotInForceError(f"no pack of {disease} is in force at {as_of}")
    ids = sorted({pack.id for pack in standing})
    if len(ids) > 1:
        raise NotInForceError(f"several packs of {disease} claim {as_of}: {', '.join(ids)}")
    return max(standing, key=lambda pack: pack.version)
