"""What follows from an exposure by the packs: stages with their days, test days, and what a change of rules did.

Day by day as the engine decides it, by the same plans (``engine.status.transitions``); nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from lianfang.domains.policy.selectors import Standing
from lianfang.engine.packs import Pack
from lianfang.engine.packs.categories import CategoryId
from lianfang.engine.packs.model import Source
from lianfang.engine.status.transitions import NOW, CategoryPlan, PlannedStage, Transitions
from lianfang.foundation.web.language import current_texts, t


@dataclass(frozen=True, slots=True)
class StageShown:
    """One stage in words, from midnight of ``from_on`` to midnight after ``until_on``; ``state``: over, now or coming.

    ``tests_on`` are the days on which a test is asked: of somebody who becomes known at ``known_at``, none that is
    over by then.
    """

    name: str
    place: str
    days: int
    from_on: date
    until_on: date
    status: str
    movement: str
    cohabitants: str
    next_step: str
    tests_on: tuple[date, ...]
    state: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """The whole way by one pack. ``ends_at`` is the midnight at which the last stage ends by itself."""

    pack: str
    category: str
    anchor: str
    stages: tuple[StageShown, ...]
    ends_at: datetime
    release: str
    appeal: str
    reference: str
    grade: str
    is_unverified: bool
    sources: tuple[Source, ...]

    @property
    def restricts_until(self) -> date | None:
        """The last day of a yellow or red stage; None where nobody is restricted."""
        return max((one.until_on for one in self.stages if one.status in ("yellow", "red")), default=None)

    @property
    def is_over(self) -> bool:
        return all(one.state == "over" for one in self.stages)


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """One pack that replaced another, and what it says becomes of what was opened before."""

    pack: str
    rule: str
    reference: str
    grade: str
    is_unverified: bool
    sources: tuple[Source, ...]


def categories_in_words(standing: Standing, at: datetime) -> list[tuple[str, str, str]]:
    """(category, its name, its anchor in words) of every category from which something follows at ``at``."""
    language = current_texts().language
    return [
        (name, standing.pack.text(language, "categories", name), t(f"pack_words.anchor.{found.category.anchor}"))
        for name, found in standing.pack.categories_at(local_of(at)).items()
        if found.stages
    ]


def plan_in_words(
    standing: Standing, opened_under: str, category: CategoryId, anchor_on: date, known_at: datetime, at: datetime
) -> PlanShown | None:
    """What follows at ``at`` by the pack in force from what was opened under ``opened_under``; None where nothing
    does, or the place has no history of that pack."""
    chain = (standing.pack, *standing.superseded)
    opened = NOW if opened_under == standing.pack.id else opened_under
    plan = Transitions(chain, local_of(at)).category_plans().get((opened, category))
    return _shown(plan, category, anchor_on, known_at, at)


def plan_as_opened(
    standing: Standing, opened_under: str, category: CategoryId, anchor_on: date, known_at: datetime, at: datetime
) -> PlanShown | None:
    """What followed by the pack under which it was opened, had it stayed in force."""
    chain = (standing.pack, *standing.superseded)
    places = [place for place, pack in enumerate(chain) if pack.id == opened_under]
    if not places:
        return None
    plans = Transitions(chain[places[0] :], local_of(at)).category_plans()
    return _shown(plans.get((NOW, category)), category, anchor_on, known_at, at)


def changes_since(standing: Standing, opened_under: str) -> list[ChangeShown]:
    """The packs that replaced one another since then, the earliest first."""
    newer: list[Pack] = []
    for pack in (standing.pack, *standing.superseded):
        if pack.id == opened_under:
            return [_change(one) for one in reversed(newer)]
        newer.append(pack)
    return []


def pack_words(pack: Pack) -> str:
    return pack.manifest.name.in_language(current_texts().language)  # type: ignore[arg-type]


def local_of(at: datetime) -> datetime:
    """As the engine takes it: local time of the place, without a zone, to the second."""
    return timezone.localtime(at).replace(tzinfo=None, microsecond=0)


def _change(pack: Pack) -> ChangeShown:
    said = pack.manifest.transition
    return ChangeShown(
        pack=pack_words(pack),
        rule=t(f"pack_words.transition.{said.rule}"),
        reference=said.reference,
        grade=said.grade,
        is_unverified=said.unverified,
        sources=pack.sources_of(said.sources),
    )


def _shown(
    plan: CategoryPlan | None, category: CategoryId, anchor_on: date, known_at: datetime, at: datetime
) -> PlanShown | None:
    if plan is None or not plan.stages:
        return None
    pack, language = plan.pack, current_texts().language
    found = pack.categories[category]
    appeals = [one.stage.stage.appeal for one in plan.stages if one.stage.stage.appeal]
    return PlanShown(
        pack=pack_words(pack),
        category=pack.text(language, "categories", category),
        anchor=t(f"pack_words.anchor.{found.anchor}"),
        stages=tuple(_stage(pack, one, anchor_on, local_of(known_at), local_of(at)) for one in plan.stages),
        ends_at=_midnight(anchor_on, plan.end_day),
        release="" if plan.release is None else _needs(plan.release.needs or ()),
        appeal=pack.text(language, "appeals", appeals[0]) if appeals else "",
        reference=found.reference,
        grade=found.grade,
        is_unverified=plan.is_unverified,
        sources=pack.sources_of(found.sources),
    )


def _stage(pack: Pack, planned: PlannedStage, anchor_on: date, known: datetime, now: datetime) -> StageShown:
    stage, language = planned.stage.stage, current_texts().language
    from_on = anchor_on + timedelta(days=planned.first_day)
    until_on = anchor_on + timedelta(days=planned.end_day - 1)
    tests = (anchor_on + timedelta(days=day) for day in planned.test_days)
    over = datetime.combine(until_on, time()) + timedelta(days=1) <= now
    return StageShown(
        name=pack.text(language, "stages", stage.id),
        place=t(f"pack_words.place.{stage.place}"),
        days=planned.end_day - planned.first_day,
        from_on=from_on,
        until_on=until_on,
        status=stage.status or "",
        movement=t(f"pack_words.movement.{stage.movement}"),
        cohabitants=t(f"pack_words.cohabitants.{stage.cohabitants}"),
        next_step=pack.text(language, "next_steps", stage.next_step),
        tests_on=tuple(day for day in tests if datetime.combine(day, time()) + timedelta(days=1) > known),
        state="over" if over else "now" if from_on <= now.date() else "coming",
    )


def _needs(needs: Iterable[str]) -> str:
    return t("web.word.comma").join(t(f"pack_words.need.{need}") for need in needs)


def _midnight(anchor_on: date, day: int) -> datetime:
    return timezone.make_aware(datetime.combine(anchor_on, time()) + timedelta(days=day))
