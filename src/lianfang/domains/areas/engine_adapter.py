"""Rows of the product → what the engine knows of areas. The only place that knows both; the caller acts as the system.

What the product does not keep is left out, never guessed: how a case was found (so none is excluded), and where
infected people stayed, unless somebody wrote it down as a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from lianfang.domains.areas.models import AreaLevel, Finding
from lianfang.domains.cases.models import Case
from lianfang.domains.cases.services import WITHDRAWN
from lianfang.domains.lab_testing.models import Round, RoundState
from lianfang.domains.registry.models import Household, Place, PlaceKind
from lianfang.engine.areas import AreaFacts
from lianfang.engine.areas.contract import INFECTIONS, MEASUREMENTS, PLACES, ROUNDS
from lianfang.engine.status.contract_people import AREA_LEVELS, PLACE_ANCESTORS
from lianfang.engine.tables import TableContract

# Infections older than this call for no level any more; of a level in force those before it count as well. Two of
# v9's clear periods of seven days. No source names a number: unverified (docs/decisions/0022).
EVENT_DAYS = 14
STAYED = "stayed_here_infected"
_UNITS = {
    PlaceKind.COUNTY: "county",
    PlaceKind.TOWNSHIP: "township",
    PlaceKind.COMPOUND: "compound",
    PlaceKind.BUILDING: "building",
    PlaceKind.UNIT: "stairwell",
}
_VILLAGES = range(200, 400)
Row = dict[str, Any]


def unit_of(place: Place) -> str | None:
    """What the packs call a place of this kind; None where they have no word for it (a grid, a city).

    A committee is a village or an urban community by the last three digits of its division code (200–399 are villages),
    and without a code by its name.
    """
    if place.kind != PlaceKind.COMMUNITY:
        return _UNITS.get(PlaceKind(place.kind))
    if place.code and place.code[-3:].isdecimal() and place.code[-3:] != "000":
        return "village" if int(place.code[-3:]) in _VILLAGES else "community"
    return "village" if place.name.removesuffix("委会").removesuffix("村民委员会").endswith("村") else "community"


def facts_about(places: Sequence[Place], now: datetime) -> AreaFacts:
    """What is known at ``now`` of these places and of the counties they lie in."""
    counties = {place.county_id for place in places if place.county_id is not None}
    levels = list(AreaLevel.objects.filter(county_id__in=counties).order_by("pk"))
    first = _first_of_the_event(levels, now)
    infections = [*_cases(counties, first), *_stays(places, first)]
    asked = {place.pk: place for place in places}
    asked |= {place.pk: place for place in Place.objects.filter(pk__in=counties - asked.keys())}
    standing = {row["place_id"] for row in infections} | {one.place_id for one in levels}
    paths = {pk: place.path for pk, place in asked.items()}
    paths |= dict(Place.objects.filter(pk__in=standing - paths.keys()).values_list("pk", "path"))
    return AreaFacts(
        places=_table(PLACES, [{"place_id": pk, "unit": unit_of(place)} for pk, place in asked.items()]),
        place_ancestors=_table(
            PLACE_ANCESTORS, [{"place_id": pk, "ancestor_id": above} for pk, path in paths.items() for above in path]
        ),
        infections=_table(INFECTIONS, infections),
        rounds=_table(ROUNDS, _rounds(places, first)),
        measurements=_table(MEASUREMENTS, _measured(places)),
        area_levels=_table(AREA_LEVELS, [level_row(one) for one in levels]),
    )


def level_row(one: AreaLevel) -> Row:
    """A level as the engine knows it: its end counts from when it became known."""
    return {
        "level_id": one.pk, "place_id": one.place_id, "level": one.level, "from_at": local(one.starts_at),
        "to_at": local(one.ended_at), "recorded_at": local(one.recorded_at),
        "to_recorded_at": local(one.end_recorded_at),
    }  # fmt: skip


def local(instant: datetime | None) -> datetime | None:
    """As the engine reckons: local time of the place, to the second, without a zone."""
    return None if instant is None else timezone.localtime(instant).replace(tzinfo=None, microsecond=0)


def infected_places(county_ids: Iterable[int], now: datetime) -> set[int]:
    """The smallest known places that infections of the event are of."""
    return {row["place_id"] for row in _cases(county_ids, now - timedelta(days=EVENT_DAYS)) if not row["withdrawn_at"]}


def _first_of_the_event(levels: Iterable[AreaLevel], now: datetime) -> datetime:
    begun = [one.starts_at for one in levels if one.ended_at is None or one.ended_at > now]
    return min([now, *begun]) - timedelta(days=EVENT_DAYS)


def _cases(county_ids: Iterable[int], first: datetime) -> list[Row]:
    """Where infected people lived when they were found. A case that a corrected result ended was none."""
    found = list(Case.objects.filter(county_id__in=list(county_ids), found_at__gte=first).order_by("pk"))
    homes = dict(
        Household.objects.filter(
            pk__in={one.household_id for one in found if one.household_id is not None}
        ).values_list("pk", "place_id")
    )
    return [
        {
            "infection_id": one.pk, "relation": "lives", "found_at": local(one.found_at), "excluded": None,
            "place_id": homes.get(one.household_id or 0) or one.building_id or one.community_id,
            "recorded_at": local(one.recorded_at), "withdrawn_at": _was_none(one),
        }
        for one in found
    ]  # fmt: skip


def _was_none(case: Case) -> datetime | None:
    return local(case.release_recorded_at) if case.released_because in WITHDRAWN else None


def _stays(places: Sequence[Place], first: datetime) -> list[Row]:
    """Stays of infected people that somebody wrote down: their day is that of the infection's finding."""
    stays = list(_findings(places).filter(fact=STAYED, case_id__isnull=False))
    cases = Case.objects.in_bulk({one.case_id for one in stays if one.case_id is not None})
    rows = []
    for one in stays:
        case = cases.get(one.case_id or 0)
        if case is None or case.found_at < first:
            continue
        ends = [at for at in (local(one.withdrawn_at), _was_none(case)) if at is not None]
        rows.append(
            {
                # Beside the cases themselves, whose numbers are positive.
                "infection_id": -one.pk, "place_id": one.place_id, "relation": "stayed", "excluded": None,
                "found_at": local(case.found_at), "recorded_at": local(one.recorded_at),
                "withdrawn_at": min(ends, default=None),
            }
        )  # fmt: skip
    return rows


def _measured(places: Sequence[Place]) -> list[Row]:
    return [
        {
            "measurement_id": one.pk, "place_id": one.place_id, "fact": one.fact, "number": one.number,
            "measured_at": local(one.happened_at), "recorded_at": local(one.recorded_at),
            "withdrawn_at": local(one.withdrawn_at),
        }
        for one in _findings(places).exclude(fact=STAYED).filter(number__isnull=False)
    ]  # fmt: skip


def _findings(places: Sequence[Place]) -> Any:
    """Of the places themselves, and stays in what lies inside them."""
    ids = [place.pk for place in places]
    return Finding.objects.filter(Q(place_id__in=ids) | Q(fact=STAYED, place__path__overlap=ids)).order_by("pk")


# One row for each place and round of everybody in it. Due are all but exempt and away. A swab in a positive tube counts
# as positive until its person was released by a negative of their own; nobody with an open question counts as negative.
_ROUNDS_OF_PLACES = """
WITH leaves AS (
    SELECT p.id AS leaf, a.area FROM registry_place p
    JOIN unnest(%(areas)s::bigint[]) AS a(area) ON p.path @> ARRAY[a.area]
    WHERE p.county_id = ANY(%(counties)s)
),
swabs AS (
    SELECT s.round_id, s.person_id, min(s.sampled_at) AS first_at,
           max(t.concluded_at) AS known_at,
           bool_or(
               t.conclusion IN ('positive', 'contradicting') AND coalesce(h.state, 'held') <> 'released'
           ) AS positive,
           bool_or(t.conclusion = 'negative' OR h.state = 'released') AS negative
    FROM lab_testing_sample s
    JOIN lab_testing_tube t ON t.id = s.tube_id AND t.state <> 'void'
    LEFT JOIN lab_testing_hold h ON h.person_id = s.person_id AND h.tube_id = s.tube_id
    WHERE s.round_id = ANY(%(rounds)s) AND NOT s.is_void AND s.person_id IS NOT NULL
      AND s.community_id IN (SELECT p.community_id FROM registry_place p JOIN leaves l ON l.leaf = p.id)
    GROUP BY s.round_id, s.person_id
)
SELECT p.round_id, l.area, min(w.first_at), max(w.known_at),
       count(*) FILTER (WHERE p.state IN ('missing', 'sampled')),
       count(*) FILTER (WHERE p.state IN ('missing', 'sampled') AND w.negative AND NOT w.positive),
       count(*) FILTER (WHERE w.positive)
FROM lab_testing_round_person p
JOIN leaves l ON l.leaf = coalesce(p.unit_id, p.building_id, p.community_id)
LEFT JOIN swabs w ON w.round_id = p.round_id AND w.person_id = p.person_id
WHERE p.round_id = ANY(%(rounds)s)
GROUP BY p.round_id, l.area
ORDER BY p.round_id, l.area
"""


def _rounds(places: Sequence[Place], first: datetime) -> list[Row]:
    """What each round of everybody said of each place. Drills and rounds of groups say nothing of everybody.

    A round was held when the first of the place was sampled: who was sampled before midnight counts for that day.
    """
    held = Round.objects.filter(
        state__in=(RoundState.OPEN, RoundState.CLOSED), is_drill=False, groups=[], starts_at__gte=first,
        place_ids__overlap=sorted({above for place in places for above in place.path}),
    )  # fmt: skip
    rounds = {one.pk: one for one in held}
    paths = {place.pk: set(place.path) for place in places}
    if not rounds or not paths:
        return []
    given = {
        "areas": sorted(paths), "rounds": sorted(rounds),
        "counties": sorted({place.county_id for place in places if place.county_id is not None}),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROUNDS_OF_PLACES, given)
        found = cursor.fetchall()
    return [
        {
            "round_id": number, "place_id": area, "held_at": local(first_at or rounds[pk].starts_at),
            "expected": due, "negative": negative, "positive": positive,
            "recorded_at": local(known_at or first_at or rounds[pk].starts_at),
        }
        for number, (pk, area, first_at, known_at, due, negative, positive) in enumerate(found, 1)
        if due and paths[area] & set(rounds[pk].place_ids)
    ]  # fmt: skip


def _table(contract: TableContract, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=contract.schema)
