"""What pages show of a person's exposures: both packs where the rules changed in the middle, each with its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from lianfang.domains.cases.exposures import state_of
from lianfang.domains.cases.models import Exposure
from lianfang.domains.cases.plans import (
    ChangeShown,
    PlanShown,
    changes_since,
    local_of,
    plan_as_opened,
    plan_in_words,
)
from lianfang.domains.cases.selectors import exposures_of
from lianfang.domains.cases.transitions import EXPOSURE_MOVES, OPEN
from lianfang.domains.cases.wording import category_words, opened_words
from lianfang.domains.policy.selectors import PackChangedError, Standing, standing_by_community
from lianfang.domains.registry.models import Person
from lianfang.engine.packs.categories import CategoryId
from lianfang.engine.status.transitions import NOW, CategoryPlan, Transitions
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

MOST_SHOWN = 30


@dataclass(frozen=True, slots=True)
class ExposureShown:
    """``now`` is what follows by the rules in force (None: nothing), ``then`` what followed by those under which it
    was opened, where they are others. ``is_unknown``: this place has no history of those. ``because`` and the case
    are empty for who may not see cases."""

    exposure: Exposure
    title: str
    opened: str
    state: str
    because: str
    case_id: int | None
    now: PlanShown | None
    then: PlanShown | None
    changes: tuple[ChangeShown, ...]
    is_unknown: bool
    moves: frozenset[str]

    @property
    def is_current(self) -> bool:
        """Whether something still follows from it, or would by the rules when it was opened."""
        plans = (one for one in (self.now, self.then) if one is not None)
        return self.state == OPEN and (self.is_unknown or not all(one.is_over for one in plans))

    @property
    def shown_state(self) -> str:
        """As ``state``; "over" where its stages have ended by themselves, or the rules let nothing follow any more."""
        follows = self.is_unknown or (self.now is not None and not self.now.is_over)
        return "over" if self.state == OPEN and not follows else self.state

    @property
    def is_shorter(self) -> bool:
        """Whether the change of rules lets the person go earlier."""
        return _end(self.now) < _end(self.then)


def exposures_shown(actor: Actor, person: Person, at: datetime | None = None) -> list[ExposureShown]:
    """Those of a person, what is running first. ``at``: what was recorded by then, under the rules of then."""
    moment = at or timezone.now()
    found = [one for one in exposures_of(actor, person.pk)[:MOST_SHOWN] if one.recorded_at <= moment]
    standing = standing_at(person, moment) if found else None
    shown = [_shown(actor, one, standing, moment) for one in found]
    return sorted(shown, key=lambda one: not one.is_current)


def states_shown(rows: Sequence[Exposure], at: datetime) -> dict[int, str]:
    """``shown_state`` of each of a page of exposures, by id; each set of rules is worked out once."""
    try:
        standing = standing_by_community({one.community_id for one in rows}, at)
    except PackChangedError:
        standing = {}
    local = local_of(at)
    plans: dict[tuple[str, ...], dict[tuple[str, CategoryId], CategoryPlan | None]] = {}
    states = {}
    for one in rows:
        found, states[one.pk] = standing.get(one.community_id), state_of(one)
        if states[one.pk] != OPEN or found is None or not found.pack.is_in_force(local):
            continue
        if found.key not in plans:
            plans[found.key] = Transitions((found.pack, *found.superseded), local).category_plans()
        opened = NOW if one.opened_under == found.pack.id else one.opened_under
        plan = plans[found.key].get((opened, one.category))  # type: ignore[arg-type]
        is_known = found.pack_named(one.opened_under) is not None
        if is_known and (plan is None or one.anchor_on + timedelta(days=plan.end_day) <= local.date()):
            states[one.pk] = "over"
    return states


def standing_at(person: Person, at: datetime) -> Standing | None:
    """The rules in force where the person lives; None where there are none, or their own dates are over."""
    try:
        found = standing_by_community([person.community_id], at)[person.community_id]
    except PackChangedError:
        return None
    local = timezone.localtime(at).replace(tzinfo=None)
    return found if found is not None and found.pack.is_in_force(local) else None


def _shown(actor: Actor, one: Exposure, standing: Standing | None, at: datetime) -> ExposureShown:
    state = state_of(one)
    sees_cases, decides = actor.may(Action.CASES_VIEW), actor.may(Action.CASES_DECIDE)
    now, then = None, None
    is_unknown = standing is not None and standing.pack_named(one.opened_under) is None
    if state == OPEN and standing is not None and not is_unknown:
        given = (standing, one.opened_under, one.category, one.anchor_on, max(one.opened_at, one.recorded_at), at)
        now = plan_in_words(*given)  # type: ignore[arg-type]
        then = None if one.opened_under == standing.pack.id else plan_as_opened(*given)  # type: ignore[arg-type]
    return ExposureShown(
        exposure=one,
        title=category_words(one),
        opened=opened_words(one),
        state=state,
        because=one.because if sees_cases else "",
        case_id=one.case_id if sees_cases else None,
        now=now,
        then=then,
        changes=() if standing is None or then is None else tuple(changes_since(standing, one.opened_under)),
        is_unknown=is_unknown,
        moves=EXPOSURE_MOVES[state] if decides else frozenset(),
    )


def _end(plan: PlanShown | None) -> datetime:
    return timezone.make_aware(datetime(1900, 1, 1)) if plan is None else plan.ends_at
