"""Who would be worse off, and what of it may not be written before a person has looked.

Worse is: more restrictive than the decision in force (green < unknown < yellow < red; nobody decided reads unknown), or
restricted for longer. A green that has run out by itself is no worsening: its end was told when it was given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from lianfang.domains.registry.models import Person
from lianfang.domains.status.deciding import Decided
from lianfang.domains.status.engine_adapter import Texts, among, texts_of
from lianfang.domains.status.limits import NEVER_WITHHELD, worsening_limit
from lianfang.domains.status.models import HealthStatus, RunState, StatusRun, WithheldDecision, WithheldState

SEVERITY = {"green": 0, "unknown": 1, "yellow": 2, "red": 3}
RESTRICTIVE = frozenset({"yellow", "red"})
HOLDING = (WithheldState.WAITING, WithheldState.REJECTED)
LIVES_HERE = ("living", "away")


@dataclass(frozen=True, slots=True)
class Before:
    """The decision in force when the run began."""

    status: str
    until_at: datetime | None


@dataclass(slots=True)
class Sorted:
    """The decisions of one pack by what becomes of them; each is a set of columns.

    ``plain``: no worsening. ``urgent``: worse, and never withheld. ``counted``: worse, and subject to the limit.
    ``held``: worse in the way that a person was asked about or refused, or just what was undone: not written again.
    """

    plain: Texts
    urgent: Texts
    counted: Texts
    held: Texts
    before: Mapping[int, Before]
    overtaken: list[int] = field(default_factory=list)
    """Open withheld decisions that the facts no longer say."""


def sort_decisions(one: Decided) -> Sorted:
    """What of ``one`` may be written at once. The caller acts as the system."""
    assert one.decisions is not None
    texts = one.texts if one.texts is not None else texts_of(one.decisions)
    people = [int(person or 0) for person in texts["person_id"]]
    before = _before(person for person, status in zip(people, texts["status"], strict=True) if status != "green")
    held = {
        row.person_id: row
        for row in WithheldDecision.objects.filter(person_id__in=among(people), state__in=HOLDING).select_related("run")
    }
    kinds = one.kinds
    gives_colours = one.pack is not None and one.pack.gives_colours
    places: dict[str, list[int]] = {"plain": [], "urgent": [], "counted": [], "held": []}
    overtaken = []
    for place, person in enumerate(people):
        status, until = str(texts["status"][place]), texts["until"][place]
        row = held.get(person)
        is_loss = gives_colours or status in RESTRICTIVE
        if not is_loss or not is_worse(before.get(person), status, until, one.moment):
            fate = "held" if row is not None and _was_undone(row, texts, place) else "plain"
        elif kinds.get(str(texts["rule_id"][place])) in NEVER_WITHHELD:
            fate = "urgent"
        else:
            fate = "held" if row is not None and _says_the_same(row, texts, place) else "counted"
        places[fate].append(place)
        if row is not None and fate != "held":
            overtaken.append(row.pk)
    return Sorted(
        **{fate: chosen(texts, wanted) for fate, wanted in places.items()},
        before=before,
        overtaken=overtaken,
    )


def is_worse(before: Before | None, status: str, until: str | None, moment: datetime) -> bool:
    """``is_worse_than`` for an end as the engine gives it: local time as text."""
    return is_worse_than(before, status, _instant(until) if status in RESTRICTIVE else None, moment)


def is_worse_than(before: Before | None, status: str, until_at: datetime | None, moment: datetime) -> bool:
    """Whether a decision worsens the one in force."""
    if before is None:
        return status in RESTRICTIVE
    if SEVERITY[status] > SEVERITY[before.status]:
        ran_out = before.until_at is not None and before.until_at <= moment
        return status in RESTRICTIVE or not ran_out
    if status != before.status or status not in RESTRICTIVE or before.until_at is None:
        return False
    return until_at is None or until_at > before.until_at


def _instant(local: str | None) -> datetime | None:
    return None if local is None else timezone.make_aware(datetime.fromisoformat(local))


def chosen(texts: Texts, places: Sequence[int]) -> Texts:
    """Some rows of the columns."""
    if len(places) == len(texts["person_id"]):
        return texts
    return {name: [column[place] for place in places] for name, column in texts.items()}


def joined(parts: Iterable[Texts]) -> Texts:
    """The rows of several sets of columns."""
    whole: Texts = {}
    for part in parts:
        for name, column in part.items():
            whole.setdefault(name, []).extend(column)
    return whole


def _before(people: Iterable[int]) -> dict[int, Before]:
    rows = HealthStatus.objects.filter(person_id__in=among(people)).values_list("person_id", "status", "until_at")
    return {person: Before(status, until) for person, status, until in rows}


def _says_the_same(row: WithheldDecision, texts: Texts, place: int) -> bool:
    """No worse than what was withheld, and resting on no fact that was not known then."""
    if SEVERITY[str(texts["status"][place])] > SEVERITY[row.to_status]:
        return False
    known = {(table, number) for table, number, _ in row.evidence}
    return {(table, number) for table, number, _ in json.loads(texts["evidence"][place] or "[]")} <= known


def _was_undone(row: WithheldDecision, texts: Texts, place: int) -> bool:
    """Just what somebody took back, on nothing that was not known then. Who was freed is never held by it: undoing
    leaves such a decision in force."""
    if row.run.state != RunState.UNDONE or row.from_status in RESTRICTIVE:
        return False
    same = (row.to_status, row.rule) == (texts["status"][place], texts["rule_id"][place])
    return same and _says_the_same(row, texts, place)


def limit_of(township_id: int, worsened: int) -> int | None:
    """The number above which a run stops there; None where ``worsened`` comes nowhere near it."""
    limit = worsening_limit()
    if worsened <= limit.always:
        return None
    return limit.for_residents(Person.objects.filter(township_id=township_id, state__in=LIVES_HERE).count())


def withhold(run: StatusRun, texts: Texts, before: Mapping[int, Before], moment: datetime) -> None:
    """Keep decisions beside the ones in force, with the facts they rest on. One per person: a newer one takes over."""
    people = [int(person or 0) for person in texts["person_id"]]
    homes = {person.pk: person for person in Person.objects.filter(pk__in=among(people))}
    WithheldDecision.objects.filter(person_id__in=among(people), state__in=HOLDING).update(
        state=WithheldState.OVERTAKEN, settled_at=moment
    )
    rows = []
    for place, person in enumerate(people):
        home = homes[person]
        rows.append(
            WithheldDecision(
                run=run, person_id=person, county_id=home.county_id, township_id=home.township_id,
                community_id=home.community_id, building_id=home.building_id,
                from_status=before[person].status if person in before else "unknown",
                to_status=texts["status"][place] or "", rule=texts["rule_id"][place] or "",
                reason=texts["reason"][place] or "",
                params=json.loads(texts["params"][place] or "{}"),
                until_at=_instant(texts["until"][place]),
                evidence=json.loads(texts["evidence"][place] or "[]"), pack=texts["pack_id"][place] or "",
                pack_version=int(texts["pack_version"][place] or 0), withheld_at=moment,
            )
        )  # fmt: skip
    # Two runs at once may withhold the same person: one row is as good as the other.
    WithheldDecision.objects.bulk_create(rows, batch_size=2_000, ignore_conflicts=True)
