"""A loaded pack, and what it says at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

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

_SPAN_UNITS = {"hours": "hours", "days": "days"}


class NotInForceError(LookupError):
    """No pack, or not this one, is in force at the instant that was asked for."""


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule as it stands at an instant, with the value of its limit then."""

    rule: StatusRule
    limit: DatedValue | None
    unit: str | None
    is_unverified: bool

    @property
    def span(self) -> timedelta | None:
        """The limit as a time; None for a rule without one."""
        if self.limit is None or self.limit.value is None or self.unit is None:
            return None
        return timedelta(**{self.unit: self.limit.value})


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one disease and authority, as data. ``digest`` changes with every byte of its files."""

    manifest: Manifest
    parameters: Mapping[str, Parameter]
    rules: tuple[StatusRule, ...]
    emergency_override: EmergencyOverride
    texts: Mapping[Language, PackTexts]
    digest: str

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def version(self) -> int:
        return self.manifest.version

    def is_in_force(self, as_of: datetime) -> bool:
        effective = self.manifest.effective
        return effective.from_ <= as_of and (effective.to is None or as_of < effective.to)

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
        """Rules in force, highest priority first. A rule whose limit is retired is not in force.

        Raises ``NotInForceError`` where the pack is not in force at ``as_of``.
        """
        if not self.is_in_force(as_of):
            effective = self.manifest.effective
            raise NotInForceError(f"{self.id} is in force from {effective.from_} to {effective.to}, not at {as_of}")
        standing = []
        for rule in sorted(self.rules, key=lambda each: -each.priority):
            limit = None if rule.until is None else self.value_at(rule.until.at_most, as_of)
            if rule.until is not None and limit is None:
                continue
            unit = None if rule.until is None else self.parameters[rule.until.at_most].unit
            standing.append(RuleInForce(rule, limit, unit, rule.unverified or (limit is not None and limit.unverified)))
        return tuple(standing)

    def emergency_span(self, as_of: datetime) -> timedelta:
        """How long an emergency override lasts that names no end."""
        name = self.emergency_override.at_most
        dated = self.value_at(name, as_of)
        if dated is None or dated.value is None:
            raise NotInForceError(f"{self.id}: {name} has no value at {as_of}")
        return timedelta(**{_SPAN_UNITS[self.parameters[name].unit]: dated.value})

    def sources_of(self, reference_ids: Iterable[str]) -> tuple[Source, ...]:
        """The manifest's sources with these ids, in the order asked for."""
        known = {source.id: source for source in self.manifest.sources}
        return tuple(known[each] for each in reference_ids)

    def text(self, language: str, table: str, code: str, **gaps: str | int | float) -> str:
        """The words of a code: ``table`` is reasons, next_steps, appeals or parameters.

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
