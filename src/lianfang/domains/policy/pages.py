"""A pack in words, and activations with what became of them: what the pages of rules show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.registry.models import Place
from lianfang.engine.packs import Pack
from lianfang.engine.packs.model import DatedValue, Source, StatusRule
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.quotations import reference_of


@dataclass(frozen=True, slots=True)
class PackLine:
    """One pack as the list shows it."""

    pack: Pack
    name: str
    authority: str
    effective: str
    rules: int
    unverified: int
    is_in_force: bool

    @property
    def key(self) -> str:
        """What the form sends."""
        return f"{self.pack.id} {self.pack.version}"

    @property
    def parts(self) -> tuple[str, str]:
        """(disease, name) as in its address."""
        disease, _, name = self.pack.id.partition("/")
        return disease, name


@dataclass(frozen=True, slots=True)
class RuleShown:
    """One rule as sentences. ``limit`` is "" for a rule that has none."""

    rule_id: str
    status: str
    reason: str
    evidence: str
    ends: str
    limit: str
    next_step: str
    appeal: str
    reference: str
    grade: str
    is_unverified: bool
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class ValueShown:
    """One dated value of a time limit."""

    name: str
    value: str
    from_: str
    reference: str
    grade: str
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class ActivationShown:
    """``state``: in_force, coming, followed, withdrawn or changed; "" while it waits for a second person."""

    activation: PackActivation
    pack: str
    place: str
    state: str


def pack_name(pack: str, version: int) -> str:
    found = packs_on_disk().get((pack, version))
    return f"{pack} {version}" if found is None else found.manifest.name.in_language(current_texts().language)  # type: ignore[arg-type]


def pack_line(pack: Pack, as_of: datetime) -> PackLine:
    """``as_of`` is local and without a zone, as the dates of packs are."""
    language = current_texts().language
    return PackLine(
        pack=pack,
        name=pack.manifest.name.in_language(language),  # type: ignore[arg-type]
        authority=pack.manifest.authority.in_language(language),  # type: ignore[arg-type]
        effective=_effective(pack),
        rules=len(pack.rules),
        unverified=sum(rule.unverified for rule in pack.rules),
        is_in_force=pack.is_in_force(as_of),
    )


def _effective(pack: Pack) -> str:
    effective = pack.manifest.effective
    end = (
        t("policy.open_end") if effective.to is None else t("policy.pack.until_before", end=f"{effective.to:%Y-%m-%d}")
    )
    return t("policy.pack.from_to", start=f"{effective.from_:%Y-%m-%d}", end=end)


def rules_in_words(pack: Pack, as_of: datetime) -> list[RuleShown]:
    """Every rule, the first that fits wins; limits as they stand at ``as_of``."""
    return [_rule(pack, rule, as_of) for rule in sorted(pack.rules, key=lambda one: -one.priority)]


def _rule(pack: Pack, rule: StatusRule, as_of: datetime) -> RuleShown:
    language = current_texts().language
    limit = None if rule.until is None else _value_near(pack, rule.until.at_most, as_of)
    unit = "" if rule.until is None else pack.parameters[rule.until.at_most].unit
    number = t("policy.gap.limit") if limit is None or limit.value is None else f"{limit.value:g}"
    gaps = {"until": t("policy.gap.until"), "limit": number, "unit": unit}
    return RuleShown(
        rule_id=rule.id,
        status=rule.status,
        reason=pack.text(language, "reasons", rule.reason, **gaps),
        evidence=_joined("policy.evidence", rule.evidence) or t("policy.evidence.none"),
        ends=_joined("status.ends_when", rule.ends_when),
        limit="" if rule.until is None else _measured(limit, unit),
        next_step=pack.text(language, "next_steps", rule.next_step),
        appeal="" if rule.appeal is None else pack.text(language, "appeals", rule.appeal),
        reference=reference_of(rule),
        grade=rule.grade,
        is_unverified=rule.unverified or (limit is not None and limit.unverified),
        sources=pack.sources_of(rule.sources),
    )


def _joined(table: str, codes: Iterable[str]) -> str:
    comma = "、" if current_texts().language.startswith("zh") else ", "
    return comma.join(t(f"{table}.{code}") for code in codes)


def _value_near(pack: Pack, name: str, as_of: datetime) -> DatedValue | None:
    """The value at ``as_of``; before its first, the first: a pack is read before it is in force as well."""
    values = pack.parameters[name].values
    return next((one for one in reversed(values) if one.from_ <= as_of), values[0])


def _measured(value: DatedValue | None, unit: str) -> str:
    if value is None or value.value is None:
        return t("policy.retired")
    return t(f"policy.unit.{unit}", value=f"{value.value:g}")


def values_in_words(pack: Pack) -> list[ValueShown]:
    """Every dated value of every limit, in the order of the file."""
    language = current_texts().language
    return [
        ValueShown(
            name=pack.text(language, "parameters", name),
            value=_measured(value, parameter.unit),
            from_=t("policy.dated.from", day=f"{value.from_:%Y-%m-%d}"),
            reference=reference_of(value),
            grade=value.grade,
            is_unverified=value.unverified,
        )
        for name, parameter in pack.parameters.items()
        for value in parameter.values
    ]


def emergency_hours(pack: Pack, as_of: datetime) -> str:
    """How long an emergency passage lasts that names no end; "" where the pack no longer says so."""
    value = _value_near(pack, pack.emergency_override.at_most, as_of)
    hours = None if value is None else value.value
    unit = pack.parameters[pack.emergency_override.at_most].unit
    return "" if hours is None else f"{hours * (24 if unit == 'days' else 1):g}"


def shown_activations(found: Iterable[PackActivation], at: datetime) -> list[ActivationShown]:
    """The activations in their order, each with what became of it by ``at``."""
    found = list(found)
    places = dict(Place.objects.filter(pk__in={one.place_id for one in found}).values_list("pk", "name"))
    latest = _latest_by_place(found, at)
    return [
        ActivationShown(
            one,
            pack_name(one.pack, one.version),
            t("policy.everywhere")
            if one.place_id is None
            else places.get(one.place_id) or t("policy.place_unknown", number=one.place_id),
            _state(one, latest, at),
        )
        for one in found
    ]


def _latest_by_place(found: Iterable[PackActivation], at: datetime) -> dict[int | None, int]:
    standing = defaultdict(list)
    for one in found:
        if one.approved_at is not None and one.withdrawn_at is None and one.starts_at <= at:
            standing[one.place_id].append((one.starts_at, one.pk))
    return {place: max(some)[1] for place, some in standing.items()}


def _state(one: PackActivation, latest: dict[int | None, int], at: datetime) -> str:
    if one.withdrawn_at is not None:
        return "withdrawn"
    if one.approved_at is None:
        return ""
    if one.starts_at > at:
        return "coming"
    if latest.get(one.place_id) != one.pk:
        return "followed"
    pack = packs_on_disk().get((one.pack, one.version))
    return "in_force" if pack is not None and pack.digest == one.digest else "changed"


def usable_packs(at: datetime) -> list[PackLine]:
    """Packs that are in force by their own dates at ``at`` or will be."""
    local = timezone.localtime(at).replace(tzinfo=None)
    lines = [pack_line(pack, local) for pack in packs_on_disk().values()]
    return [one for one in lines if one.is_in_force or one.pack.manifest.effective.from_ > local]
