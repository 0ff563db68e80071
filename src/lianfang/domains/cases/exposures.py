"""Writing exposures: opened for one person or many, closed early, withdrawn, the day put right. Each is audited.

An exposure is a fact. It restricts nobody by itself: what follows stands in the pack in force, with its end and where
to object, and is decided by the statuses, which hear of it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from lianfang.domains.cases import events
from lianfang.domains.cases.models import Case, Exposure
from lianfang.domains.cases.plans import local_of
from lianfang.domains.cases.transitions import CLOSED, EXPOSURE_MOVES, OPEN, WITHDRAWN
from lianfang.domains.policy.selectors import Standing, standing_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import people_for
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit, emit_now

# So many people are decided anew while whoever opened them waits; more by the worker, seconds later.
AT_ONCE = 500
MOST_AT_ONCE = 2_000
# A day that lies further back is a slip of the pen (last year's date in January), not an exposure of this outbreak.
OLDEST = timedelta(days=365)
LONGEST_REASON = 200
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


class ExposureProblemError(ValueError):
    """``code`` is a text key under ``exposures.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class ToOpen:
    """What is to be recorded of some people. ``case_id``: whom they were in contact with, where that is known."""

    category: str
    anchor_on: date
    because: str
    case_id: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """``refused``: person → code of ``exposures.problem``; of these nothing was recorded."""

    made: list[Exposure]
    refused: dict[int, str]


def check_opening(*, actor: Actor, asked: ToOpen) -> None:
    """Raises ExposureProblemError for what is wrong whoever it is about."""
    actor.authorise(Action.CASES_DECIDE)
    today = timezone.localdate()
    if not asked.category:
        raise ExposureProblemError("category_needed", "category")
    if asked.anchor_on > today:
        raise ExposureProblemError("anchor_in_future", "anchor_on")
    if asked.anchor_on < today - OLDEST:
        raise ExposureProblemError("anchor_too_old", "anchor_on")
    if not asked.because.strip():
        raise ExposureProblemError("reason_needed", "because")
    if len(asked.because.strip()) > LONGEST_REASON:
        raise ExposureProblemError("reason_too_long", "because")
    if asked.case_id is not None and not Case.objects.visible_to(actor).filter(pk=asked.case_id).exists():
        raise ExposureProblemError("case_elsewhere", "case")


def refused_of(people: Sequence[Person], asked: ToOpen, standing: dict[int, Standing | None]) -> dict[int, str]:
    """Person → why nothing can be recorded of them, as a code of ``exposures.problem``."""
    known = Exposure.objects.filter(
        person_id__in=[one.pk for one in people], category=asked.category, anchor_on=asked.anchor_on, closed_at=None,
        withdrawn_at=None,
    )  # fmt: skip
    already = set(known.values_list("person_id", flat=True))
    refused = {}
    for person in people:
        problem = _problem_of(person, asked, standing.get(person.community_id))
        if problem or person.pk in already:
            refused[person.pk] = problem or "opened_already"
    return refused


def _problem_of(person: Person, asked: ToOpen, standing: Standing | None) -> str:
    if person.state == "died":
        return "died"
    local = local_of(timezone.now())
    if standing is None or not standing.pack.is_in_force(local):
        return "no_rules"
    found = standing.pack.categories_at(local).get(asked.category)  # type: ignore[call-overload]
    return "" if found is not None and found.stages else "category_not_there"


def open_exposures(*, actor: Actor, person_ids: Iterable[int], asked: ToOpen) -> Opened:
    """Record that these people came under a category; who cannot be recorded is told, the others are.

    Raises ExposureProblemError as ``check_opening``, where nobody is named, and where more than MOST_AT_ONCE are.
    """
    check_opening(actor=actor, asked=asked)
    wanted = sorted(set(person_ids))
    if not wanted:
        raise ExposureProblemError("nobody_named", "people")
    if len(wanted) > MOST_AT_ONCE:
        raise ExposureProblemError("too_many", "people")
    with transaction.atomic():
        # Two who open the same for the same people at once: the second waits, and is told that it is there.
        list(Person.objects.visible_to(actor).select_for_update().filter(pk__in=wanted).order_by("pk").values("pk"))
        people = people_for(actor, wanted)
        standing = standing_by_community({one.community_id for one in people}, timezone.now())
        refused = refused_of(people, asked, standing)
        refused |= dict.fromkeys(set(wanted) - {one.pk for one in people}, "person_elsewhere")
        fresh = [one for one in people if one.pk not in refused]
        made = Exposure.objects.bulk_create(
            _row(actor, one, asked, found) for one in fresh if (found := standing[one.community_id]) is not None
        )
        if made:
            _put_down(actor, "cases.open_exposures", made, {"category": asked.category})
            _tell(actor, events.EXPOSURES_OPENED, [one.person_id for one in made])
    return Opened(made, refused)


def _row(actor: Actor, person: Person, asked: ToOpen, standing: Standing) -> Exposure:
    now = timezone.now()
    return Exposure(
        **{name: getattr(person, name) for name in _HOME}, person_id=person.pk, category=asked.category,
        anchor_on=asked.anchor_on, because=asked.because.strip(), case_id=asked.case_id, opened_at=now,
        opened_under=standing.pack.id, opened_version=standing.pack.version, recorded_at=now,
        recorded_by_id=actor.account_id, recorded_by=actor.name,
    )  # fmt: skip


def close_exposure(*, actor: Actor, exposure_id: int, because: str) -> Exposure:
    """End it before its last stage: nothing follows from it any more. One person suffices to lift a restriction.

    Raises ExposureProblemError without a reason, or where it is over already.
    """
    with transaction.atomic():
        found = _locked(actor, exposure_id, because, CLOSED)
        found.closed_at, found.closed_by, found.closed_because = timezone.now(), actor.name, because.strip()
        found.save(update_fields=["closed_at", "closed_by", "closed_because"])
        _put_down(actor, "cases.close_exposure", [found], {})
        _tell(actor, events.EXPOSURES_ENDED, [found.person_id])
    return found


def withdraw_exposure(*, actor: Actor, exposure_id: int, because: str) -> Exposure:
    """Say that it was none: it counts for nothing from now on. What was decided by it stays in the history."""
    with transaction.atomic():
        found = _withdrawn(actor, exposure_id, because)
        _tell(actor, events.EXPOSURES_ENDED, [found.person_id])
    return found


def correct_exposure(*, actor: Actor, exposure_id: int, anchor_on: date, because: str) -> Exposure:
    """Put the day right: the old entry is withdrawn and a new one opened in one step; returns the new one.

    It stays under the pack under which it was opened: a correction must not lose what that pack allowed at most.
    Raises as ``check_opening`` and ``close_exposure``, and where the day is the same.
    """
    with transaction.atomic():
        old = _locked(actor, exposure_id, because, WITHDRAWN)
        asked = ToOpen(old.category, anchor_on, old.because, None)
        check_opening(actor=actor, asked=asked)
        if anchor_on == old.anchor_on:
            raise ExposureProblemError("anchor_is_the_same", "anchor_on")
        if old.closed_at is not None:
            raise ExposureProblemError("closed_already")
        same = Exposure.objects.visible_to(actor).filter(person_id=old.person_id, category=old.category)
        if same.filter(anchor_on=anchor_on, closed_at=None, withdrawn_at=None).exists():
            raise ExposureProblemError("opened_already", "anchor_on")
        _withdrawn(actor, exposure_id, because)
        now = timezone.now()
        made = Exposure.objects.create(
            **{name: getattr(old, name) for name in _HOME}, person_id=old.person_id, category=old.category,
            anchor_on=anchor_on, because=old.because, case_id=old.case_id, replaces_id=old.pk, opened_at=old.opened_at,
            opened_under=old.opened_under, opened_version=old.opened_version, recorded_at=now,
            recorded_by_id=actor.account_id, recorded_by=actor.name,
        )  # fmt: skip
        _put_down(actor, "cases.correct_exposure", [made], {"before": old.anchor_on.isoformat(), "replaces": old.pk})
        _tell(actor, events.EXPOSURES_OPENED, [made.person_id])
    return made


def state_of(exposure: Exposure) -> str:
    """One of ``transitions.EXPOSURE_MOVES``."""
    if exposure.withdrawn_at is not None:
        return WITHDRAWN
    return OPEN if exposure.closed_at is None else CLOSED


def _withdrawn(actor: Actor, exposure_id: int, because: str) -> Exposure:
    found = _locked(actor, exposure_id, because, WITHDRAWN)
    found.withdrawn_at, found.withdrawn_by = timezone.now(), actor.name
    found.withdrawn_because = because.strip()
    found.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
    _put_down(actor, "cases.withdraw_exposure", [found], {})
    return found


def _locked(actor: Actor, exposure_id: int, because: str, becomes: str) -> Exposure:
    actor.authorise(Action.CASES_DECIDE)
    if not because.strip():
        raise ExposureProblemError("reason_needed", "because")
    if len(because.strip()) > LONGEST_REASON:
        raise ExposureProblemError("reason_too_long", "because")
    found = Exposure.objects.visible_to(actor).select_for_update().filter(pk=exposure_id).first()
    if found is None:
        raise ExposureProblemError("not_there")
    if becomes not in EXPOSURE_MOVES[state_of(found)]:
        raise ExposureProblemError("over_already")
    return found


def _put_down(actor: Actor, action: str, rows: Sequence[Exposure], details: dict[str, object]) -> None:
    """Reasons stay with the row: auditors of every place read this."""
    one = rows[0] if len(rows) == 1 else None
    people = {"people": len(rows)} if one is None else {"person_id": one.person_id}
    record(actor=actor, action=action, target_kind="exposure", target_id="" if one is None else one.pk,
           details={**details, **people, "exposure_ids": [row.pk for row in rows]})  # fmt: skip


def _tell(actor: Actor, name: str, person_ids: Sequence[int]) -> None:
    caused_by = [] if actor.account_id is None else [actor.account_id]
    say = emit_now if len(person_ids) <= AT_ONCE else emit
    for start in range(0, len(person_ids), events.BATCH):
        say(name, {"person_ids": list(person_ids[start : start + events.BATCH]), "caused_by_ids": caused_by})
