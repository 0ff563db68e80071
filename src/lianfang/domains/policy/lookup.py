"""The rules as an answer to four questions that people ask a hotline (dossier §5: 90 % of the calls are about rules).

No personal data: a place, a question, at most a day. What is said comes from the pack in force there; nothing is
decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from lianfang.domains.policy.pages import RuleShown, emergency_hours, rules_in_words
from lianfang.domains.policy.selectors import pack_for
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.engine.packs import Pack
from lianfang.engine.packs.model import Source, StatusRule
from lianfang.engine.packs.standing import CategoryInForce, StageInForce
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.quotations import reference_of

# Question → what in the pack answers it.
QUESTIONS = ("came_from", "my_code", "no_result", "tube_positive")
KINDS = {
    "no_result": ("result_pending", "test_overdue", "negative_result", "no_recent_result"),
    "tube_positive": ("positive_pool_hold", "contradicting_results", "unresolved_positive", "positive_result"),
}
FROM = {
    "high": ("from_high_risk_area",),
    "medium": ("from_medium_risk_area",),
    "low": ("from_low_risk_county",),
    "abroad": ("entrant",),
    "contact": ("close_contact", "secondary_contact", "general_contact", "vector_coexposed", "school_contact"),
}
CODES = ("yellow", "red", "unknown", "green")
_PLACES = (PlaceKind.COUNTY, PlaceKind.TOWNSHIP)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know; ``origin`` and ``code`` belong to the first two questions."""

    place: Place | None = None
    question: str = ""
    origin: str = ""
    code: str = ""
    since_on: date | None = None

    @property
    def is_whole(self) -> bool:
        wanted = {"came_from": self.origin, "my_code": self.code}.get(self.question, self.question)
        return self.place is not None and bool(wanted)


@dataclass(frozen=True, slots=True)
class StageSaid:
    """One stage in words; ``from_on`` and ``until_on`` where a day 0 was given (``until_on`` is the last day)."""

    place: str
    days: int
    movement: str
    cohabitants: str
    tests: str
    next_step: str
    status: str
    from_on: date | None
    until_on: date | None


@dataclass(frozen=True, slots=True)
class CategorySaid:
    name: str
    anchor: str
    stages: list[StageSaid]
    release: str
    appeal: str
    reference: str
    grade: str
    is_unverified: bool
    sources: tuple[Source, ...]
    free_on: date | None


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """A rule, and when its limit is reached counted from the day that was given."""

    rule: RuleShown
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """``pack`` is None where no rules are in force: then nobody is restricted by any."""

    pack: Pack | None
    pack_name: str
    authority: str
    rules: list[RuleSaid]
    categories: list[CategorySaid]
    emergency_hours: str
    as_of: datetime

    @property
    def says_nothing(self) -> bool:
        """The question is about where somebody comes from, and the pack does not speak of people at all."""
        return self.pack is not None and not self.rules and not self.pack.categories


def places_to_ask_about() -> list[Place]:
    """Counties and their townships, in walking order; names that are public."""
    return list(Place.objects.filter(kind__in=_PLACES, closed_on=None).order_by("county_id", "-kind", "sort_key", "pk"))


def answer(asked: Asked, at: datetime) -> Answer:
    """What the rules in force at the place say; raises ValueError for a question that is not whole."""
    if asked.place is None or not asked.is_whole:
        raise ValueError("a place and a question are needed")
    pack = pack_for(asked.place, at)
    local = timezone.localtime(at).replace(tzinfo=None)
    if pack is None or not pack.is_in_force(local):
        return Answer(None, "", "", [], [], "", at)
    language = current_texts().language
    return Answer(
        pack=pack,
        pack_name=pack.manifest.name.in_language(language),  # type: ignore[arg-type]
        authority=pack.manifest.authority.in_language(language),  # type: ignore[arg-type]
        rules=_rules(pack, asked, local),
        categories=_categories(pack, asked, local),
        emergency_hours=emergency_hours(pack, local),
        as_of=at,
    )


def _rules(pack: Pack, asked: Asked, at: datetime) -> list[RuleSaid]:
    """The rules of the question that are in force: the commonest first, of a colour by priority."""
    if asked.question == "came_from":
        return []
    standing = {entry.rule.id: entry for entry in pack.rules_at(at)}
    shown = rules_in_words(pack, at)
    wanted = [one for one in shown if one.rule_id in standing and _is_about(standing[one.rule_id].rule, asked)]
    order = KINDS.get(asked.question, ())
    if order:
        wanted.sort(key=lambda one: order.index(standing[one.rule_id].rule.kind))
    return [RuleSaid(one, _limit_from(standing[one.rule_id].span, asked.since_on)) for one in wanted]


def _is_about(rule: StatusRule, asked: Asked) -> bool:
    if asked.question == "my_code":
        return rule.status == asked.code
    return rule.kind in KINDS[asked.question]


def _limit_from(span: timedelta | None, since_on: date | None) -> datetime | None:
    """The latest end: the day that was named may have been the last minute of itself."""
    if span is None or since_on is None:
        return None
    return timezone.make_aware(datetime.combine(since_on, time())) + timedelta(days=1) + span


def _categories(pack: Pack, asked: Asked, at: datetime) -> list[CategorySaid]:
    if asked.question != "came_from":
        return []
    known = pack.categories_at(at)
    return [
        _category(pack, known[name], asked.since_on)
        for name in FROM.get(asked.origin, ())
        if name in known and known[name].stages
    ]


def _category(pack: Pack, found: CategoryInForce, day_0: date | None) -> CategorySaid:
    language = current_texts().language
    category = found.category
    stages = [_stage(pack, stage, day_0) for stage in found.stages]
    appeals = [stage.stage.appeal for stage in found.stages if stage.stage.appeal]
    return CategorySaid(
        name=pack.text(language, "categories", found.id),
        anchor=t(f"pack_words.anchor.{category.anchor}"),
        stages=stages,
        release="" if found.release is None else pack.text(language, "next_steps", found.release.next_step),
        appeal=pack.text(language, "appeals", appeals[0]) if appeals else "",
        reference=reference_of(category),
        grade=category.grade,
        is_unverified=found.is_unverified,
        sources=pack.sources_of(category.sources),
        free_on=None if day_0 is None else day_0 + timedelta(days=found.days + 1),
    )


def _stage(pack: Pack, found: StageInForce, day_0: date | None) -> StageSaid:
    stage = found.stage
    return StageSaid(
        place=t(f"pack_words.place.{stage.place}"),
        days=found.days,
        movement=t(f"pack_words.movement.{stage.movement}"),
        cohabitants=t(f"pack_words.cohabitants.{stage.cohabitants}"),
        tests=_tests(stage.test_days),
        next_step=pack.text(current_texts().language, "next_steps", stage.next_step),
        status=stage.status or "",
        from_on=None if day_0 is None else day_0 + timedelta(days=found.first_day),
        until_on=None if day_0 is None else day_0 + timedelta(days=found.last_day),
    )


def _tests(days: Iterable[int]) -> str:
    listed = t("web.word.comma").join(str(day) for day in days)
    return t("lookup.test_days", days=listed) if listed else ""
