"""The command page: what is wrong, worst first, each line leading to the list behind its number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from lianfang.domains.areas.selectors import proposals_waiting, reviews_due
from lianfang.domains.cases.selectors import cases_for
from lianfang.domains.lab_testing.models import Round, RoundState
from lianfang.domains.lab_testing.selectors import By, Counts, PlaceCounts, coverage, rounds_for
from lianfang.domains.lab_testing.selectors.alarms import Alarms, alarms
from lianfang.domains.policy.selectors import people_changed_soon
from lianfang.domains.residents.selectors import help_counts, waiting_proposals
from lianfang.domains.status.selectors import count_by_status, overdue_objections, runs_waiting, unanswered_objections
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.tones import Tone

MOST_ROUNDS = 5
MOST_PLACES = 8


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that needs somebody. ``key`` is a text key under ``command_post.signal``."""

    key: str
    count: int
    tone: Tone
    url: str


@dataclass(frozen=True, slots=True)
class RoundLine:
    """An open round: its counts, and the places, communities or buildings (``by``), that are furthest behind."""

    round: Round
    counts: Counts
    behind: tuple[PlaceCounts, ...]
    by: By
    is_late: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """``signals`` holds only what is not zero; empty means that nothing needs anybody now."""

    signals: tuple[Signal, ...]
    rounds: tuple[RoundLine, ...]
    statuses: dict[str, int]
    open_cases: int
    alarms: Alarms
    as_of: datetime


def overview(actor: Actor, as_of: datetime) -> Overview:
    """Everything on the page, in about fifteen queries whatever the number of people."""
    actor.authorise(Action.COMMAND_VIEW)
    lines = tuple(_line(actor, one) for one in rounds_for(actor).filter(state=RoundState.OPEN)[:MOST_ROUNDS])
    found = alarms(actor, as_of)
    return Overview(
        signals=_signals(actor, found, lines, as_of),
        rounds=lines,
        statuses=count_by_status(actor),
        open_cases=cases_for(actor, is_open=True).count(),
        alarms=found,
        as_of=as_of,
    )


def _line(actor: Actor, one: Round) -> RoundLine:
    counted = coverage(actor, one, "community")
    by: By = "community" if len(counted.places) > 1 else "building"
    places = counted.places if by == "community" else coverage(actor, one, by).places
    behind = sorted((place for place in places if place.counts.missing), key=lambda place: -place.counts.missing)
    return RoundLine(one, counted.total, tuple(behind[:MOST_PLACES]), by, any(place.is_late for place in places))


def _signals(actor: Actor, found: Alarms, lines: tuple[RoundLine, ...], as_of: datetime) -> tuple[Signal, ...]:
    holds, tubes = reverse("lab_testing:holds"), reverse("lab_testing:waiting")
    leftovers = reverse("lab_testing:leftovers")
    missing = sum(line.counts.missing for line in lines if line.is_late)
    late = next((reverse("lab_testing:missing", args=[line.round.pk]) for line in lines if line.is_late), "")
    untransferred = cases_for(actor, is_open=True).filter(transferred_at=None).count()
    help_list, asked = reverse("residents:help_list"), help_counts(actor)
    everything = (
        Signal("help_emergencies", asked.emergencies, "bad", help_list),
        Signal("untransferred", untransferred, "bad", reverse("cases:list")),
        Signal("ending_holds", found.ending_holds, "bad", holds),
        Signal("not_resampled", found.not_resampled, "bad", holds),
        Signal("contradicting_tubes", found.contradicting_tubes, "bad", leftovers),
        Signal("overdue_tubes", found.overdue_tubes, "warn", tubes),
        Signal("stopped_runs", runs_waiting(actor).count(), "bad", reverse("status:runs")),
        Signal("area_reviews", reviews_due(actor, as_of).count(), "bad", f"{reverse('areas:list')}?show=review_soon"),
        Signal("area_proposals", proposals_waiting(actor).count(), "warn", f"{reverse('areas:list')}?show=waiting"),
        Signal("rules_soon", people_changed_soon(actor.scope_ids, as_of), "warn", reverse("policy:list")),
        Signal("overdue_objections", overdue_objections(actor).count(), "bad", reverse("status:objections")),
        Signal("help_late", asked.late, "bad", f"{help_list}?list=late"),
        Signal("missing_late", missing, "warn", late),
        Signal("objections", unanswered_objections(actor).count(), "warn", reverse("status:objections")),
        Signal("proposals", waiting_proposals(actor).count(), "warn", reverse("residents:proposals")),
        Signal("orphan_results", found.orphan_results, "warn", leftovers),
        Signal("unreadable_results", found.unreadable_results, "warn", leftovers),
    )
    return tuple(signal for signal in everything if signal.count)
