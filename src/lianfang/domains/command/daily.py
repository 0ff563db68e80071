"""The daily table 《疫情防控汇总表》: seven figures per day since the first, by community, summed to what the actor
sees.

The seven figures are those of the table that a township deputy drew in November 2022 (mission source S0).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate

from lianfang.domains.cases.selectors import cases_for
from lianfang.domains.command.models import EnteredFigure
from lianfang.domains.lab_testing.selectors.daily import first_swab_on, sampled_per_day
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level

FIGURES = (
    "positives",
    "close_contacts",
    "secondary_contacts",
    "sampled",
    "high_risk_areas",
    "medium_risk_areas",
    "isolation_sites",
)
COUNTED = frozenset({"positives", "sampled"})
ENTERED = tuple(figure for figure in FIGURES if figure not in COUNTED)

LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure. ``value`` is None where nothing is known; ``unknown_in`` counts communities that gave nothing."""

    value: int | None
    unknown_in: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """The seven figures of one day, or of one community on a day."""

    on: date
    name: str
    place_id: int | None
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class DailySummary:
    """``days``: a line per day, oldest first. ``by_community``: a line per community on the last day."""

    first_on: date
    last_on: date
    days: Sequence[Line]
    by_community: Sequence[Line]
    communities: int


def communities_of(actor: Actor) -> list[Place]:
    """The communities in the actor's places, in walking order."""
    found = Place.objects.filter(kind=PlaceKind.COMMUNITY, closed_on=None)
    if actor.level is Level.COMMUNITY:
        found = found.filter(pk__in=actor.scope_ids)
    elif actor.level is Level.TOWNSHIP:
        found = found.filter(township_id__in=actor.scope_ids)
    elif actor.level is Level.COUNTY:
        found = found.filter(county_id__in=actor.scope_ids)
    elif actor.level is not Level.SYSTEM:
        return []
    return list(found.order_by("township_id", "sort_key", "pk"))


def daily_summary(actor: Actor, first_on: date, last_on: date, community_id: int | None = None) -> DailySummary:
    """The table from ``first_on`` to ``last_on``, both included; of one community where it is given.

    Raises ValueError where the days are in the wrong order or more than LONGEST apart.
    """
    actor.authorise(Action.COMMAND_VIEW)
    if not timedelta(0) <= last_on - first_on <= LONGEST:
        raise ValueError(f"{first_on} to {last_on}")
    communities = [place for place in communities_of(actor) if community_id in (None, place.pk)]
    known = _known(actor, first_on, last_on)
    days = [first_on + timedelta(days=offset) for offset in range((last_on - first_on).days + 1)]
    ids = [place.pk for place in communities]
    return DailySummary(
        first_on=first_on,
        last_on=last_on,
        days=[Line(day, "", None, _cells(known, ids, day)) for day in days],
        by_community=[Line(last_on, place.name, place.pk, _cells(known, [place.pk], last_on)) for place in communities],
        communities=len(communities),
    )


def first_day(actor: Actor, today: date) -> date:
    """The day on which the table begins: the first case, swab or entered figure; at most LONGEST ago."""
    cases = cases_for(actor).order_by("found_at").annotate(day=TruncDate("found_at")).values_list("day", flat=True)
    entered = EnteredFigure.objects.visible_to(actor).order_by("on").values_list("on", flat=True)
    days = [day for day in (cases.first(), first_swab_on(actor), entered.first()) if day is not None]
    return max(min([*days, today]), today - LONGEST)


def _known(actor: Actor, first_on: date, last_on: date) -> dict[tuple[str, int, date], int]:
    known: dict[tuple[str, int, date], int] = {}
    for (community, day), people in sampled_per_day(actor, first_on, last_on).items():
        known["sampled", community, day] = people
    found = cases_for(actor).order_by().annotate(day=TruncDate("found_at")).filter(day__gte=first_on, day__lte=last_on)
    for row in found.values("community_id", "day").annotate(people=Count("pk")):
        known["positives", row["community_id"], row["day"]] = row["people"]
    entered = EnteredFigure.objects.visible_to(actor).filter(on__gte=first_on, on__lte=last_on)
    for figure, community, day, value in entered.values_list("figure", "community_id", "on", "value"):
        known[figure, community, day] = value
    return known


def _cells(known: Mapping[tuple[str, int, date], int], communities: Sequence[int], day: date) -> dict[str, Cell]:
    cells = {}
    for figure in FIGURES:
        values = [known.get((figure, community, day), 0 if figure in COUNTED else None) for community in communities]
        given = [value for value in values if value is not None]
        cells[figure] = Cell(sum(given) if given else None, len(values) - len(given))
    return cells


def changes_of(summary: DailySummary) -> dict[str, int | None]:
    """For each figure, the last day against the one before; None where one of them is unknown."""
    found: dict[str, int | None] = defaultdict(lambda: None)
    if len(summary.days) > 1:
        before, last = summary.days[-2].cells, summary.days[-1].cells
        for figure in FIGURES:
            a, b = before[figure].value, last[figure].value
            found[figure] = None if a is None or b is None else b - a
    return found
