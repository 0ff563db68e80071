"""What begins by itself: stages at midnight, rules, orders and facts that were recorded ahead, guards that time turns.

A decision that ends says so in its row (``running_out``); a beginning stands only in the facts. It is looked for from
where the last look ended, so that a worker that slept misses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from functools import cache

from django.db.models import F, Q
from django.db.models.functions import ExtractDay, ExtractMonth
from django.utils import timezone

from lianfang.domains.cases.asked_facts import stored_as
from lianfang.domains.cases.models import Exposure, PersonFact
from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.registry.models import Person
from lianfang.domains.status.models import StatusOrder, Watched
from lianfang.domains.status.recompute import recompute
from lianfang.domains.status.running_out import whose_end_has_come
from lianfang.engine.packs import Pack
from lianfang.engine.packs.categories import Stage
from lianfang.engine.packs.facts import PERSON_FACTS
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as

Beginning = Callable[[datetime, datetime], Iterable[int]]
BEGINNINGS: list[Beginning] = []
"""(after, up to and including) → people for whom something begins or turns in between; asked as the system."""
_NAME = "beginnings"
# Before the first look: a day is enough for every midnight and every hour.
_FIRST = timedelta(days=1)
# Guards by hours (48 after a dose, 24 without fever) look back days, never months.
_HOURS_BACK = timedelta(days=31)
_DAYS_BACK = timedelta(days=400)


def decide_what_came() -> int:
    """Decide about everybody whose decision ended or for whom something began; returns how many people."""
    now = timezone.now()
    with acting_as(system_actor("status")):
        seen = Watched.objects.filter(name=_NAME).values_list("until_at", flat=True).first() or now - _FIRST
        begun = {person for find in BEGINNINGS for person in find(seen, now)}
    if begun:
        recompute(begun, why="began", gives_way=True)
    ended = whose_end_has_come()
    if ended:
        recompute(ended, why="ended", gives_way=True)
    with acting_as(system_actor("status")):
        Watched.objects.update_or_create(name=_NAME, defaults={"until_at": now})
    return len(begun | set(ended))


def begins(find: Beginning) -> Beginning:
    """Register a way to find whom a beginning concerns."""
    BEGINNINGS.append(find)
    return find


@begins
def _orders(after: datetime, until: datetime) -> Iterable[int]:
    found = StatusOrder.objects.filter(starts_at__gt=after, starts_at__lte=until, withdrawn_at=None)
    return found.filter(approved_at__lt=F("starts_at")).values_list("person_id", flat=True)


@begins
def _rules(after: datetime, until: datetime) -> Iterable[int]:
    """Rules that were approved ahead of their day."""
    found = PackActivation.objects.filter(starts_at__gt=after, starts_at__lte=until, withdrawn_at=None)
    for activation in found.filter(approved_at__lt=F("starts_at")):
        people = Person.objects.all()
        if activation.place_id is not None:
            people = people.filter(household__place__path__contains=[activation.place_id])
        yield from people.values_list("pk", flat=True).iterator(chunk_size=10_000)


@begins
def _exposures(after: datetime, until: datetime) -> Iterable[int]:
    """Stages turn at midnight."""
    midnight = _midnight(until)
    if midnight <= after:
        return []
    first = timezone.localdate(until) - timedelta(days=_longest_way() + 1)
    running = Exposure.objects.filter(closed_at=None, withdrawn_at=None, anchor_on__gte=first)
    return running.values_list("person_id", flat=True)


@begins
def _stated_facts(after: datetime, until: datetime) -> Iterable[int]:
    """Facts that begin or end at an instant that was stated, and times since an event, which guards compare."""
    known = PersonFact.objects.filter(withdrawn_at=None)
    ahead = Q(from_at__gt=after, from_at__lte=until, recorded_at__lt=F("from_at"))
    turns = ahead | Q(to_at__gt=after, to_at__lte=until)
    if _midnight(until) > after:
        turns |= Q(fact__in=_events("days"), from_at__gt=until - _DAYS_BACK)
        people = known.filter(fact__in=_events("years"))
        people = people.annotate(month=ExtractMonth("from_at"), day=ExtractDay("from_at"))
        today = timezone.localdate(until)
        birthdays = Q(month=today.month, day=today.day) | (
            Q(month=2, day=29) if (today.month, today.day) == (3, 1) else Q(pk=None)
        )
        yield from people.filter(birthdays).values_list("person_id", flat=True)
    yield from known.filter(turns).values_list("person_id", flat=True)
    recent = known.filter(fact__in=_events("hours"), from_at__gt=until - _HOURS_BACK, from_at__lte=until)
    for person, at in recent.values_list("person_id", F("from_at")):
        if (until - at) // _HOUR != (after - at) // _HOUR:
            yield person


_HOUR = timedelta(hours=1)


@cache
def _events(unit: str) -> tuple[str, ...]:
    return tuple(
        {stored_as(name) for name, spec in PERSON_FACTS.items() if spec.elapsed_since is not None and spec.unit == unit}
    )


@cache
def _longest_way() -> int:
    """Days of the longest category of any pack, by the greatest value that each of its stages ever had."""
    return max(
        (
            sum(_longest(pack, stage) for stage in category.stages)
            for pack in packs_on_disk().values()
            for category in pack.categories.values()
        ),
        default=0,
    )


def _longest(pack: Pack, stage: Stage) -> int:
    if isinstance(stage.days, int):
        return stage.days
    return max((int(one.value) for one in pack.parameters[stage.days].values if one.value is not None), default=0)


def _midnight(at: datetime) -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate(at), time()))
