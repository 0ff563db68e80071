"""How far a round has come, by community, building or stairwell, with the proof that nobody disappeared.

The counts are those of RoundCount, which triggers keep from one row per expected person; ``recount`` counts those rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.models import Coverage, Round, RoundCount, RoundPerson, RoundState
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

By = Literal["community", "building", "unit"]
# How much of the expected progress may lack before somebody is asked why.
LATE_BY = 0.15


@dataclass(frozen=True, slots=True)
class Counts:
    """People of a round in one place. ``adds_up`` proves that nobody disappeared: each has exactly one of four
    states."""

    expected: int
    exempt: int
    away: int
    sampled: int
    missing: int

    @property
    def adds_up(self) -> bool:
        return self.expected == self.exempt + self.away + self.sampled + self.missing

    @property
    def due(self) -> int:
        """Who is to be sampled: the expected without exempt and away."""
        return self.expected - self.exempt - self.away

    @property
    def share(self) -> float | None:
        """Sampled of those who are due, 0–1; None where nobody is."""
        return self.sampled / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class PlaceCounts:
    """Counts of one place; ``place_id`` None gathers the people without a building or stairwell."""

    place_id: int | None
    name: str
    counts: Counts
    is_late: bool


@dataclass(frozen=True, slots=True)
class RoundCoverage:
    """The round as far as the actor sees it."""

    total: Counts
    unrostered: int
    places: tuple[PlaceCounts, ...]
    as_of: datetime
    adds_up: bool


class DoesNotAddUpError(RuntimeError):
    """Counts of a round contradict each other: a fault of the program. The page says so instead of showing numbers."""


_PARTS = ("expected", *map(str, Coverage))


def coverage(
    actor: Actor,
    round_: Round,
    by: By = "community",
    *,
    community_id: int | None = None,
    building_id: int | None = None,
) -> RoundCoverage:
    """The counts of the actor's places. Four queries, whatever the number of people."""
    actor.authorise(Action.TESTING_VIEW)
    counts = RoundCount.objects.visible_to(actor).filter(round=round_)
    if community_id is not None:
        counts = counts.filter(community_id=community_id)
    if building_id is not None:
        counts = counts.filter(building_id=building_id)
    key = f"{by}_id"
    rows = list(counts.order_by().values(key).annotate(**{f"all_{part}": Sum(part) for part in _PARTS}))
    located = roster.Located.of(row[key] for row in rows)
    names = located.names_within(says_village=True)
    now = timezone.now()
    total = Counts(
        *(sum(row[f"all_{part}"] for row in rows) for part in ("expected", "exempt", "away", "sampled", "missing"))
    )
    places = [
        PlaceCounts(row[key], names.get(row[key], ""), counts, is_late(counts, round_, now))
        for row, counts in ((row, _counts(row)) for row in rows)
    ]
    found = RoundCoverage(
        total, unrostered_count(actor, round_, community_id), tuple(_in_order(places, located)), now,
        adds_up=total.adds_up and all(place.counts.adds_up for place in places),
    )  # fmt: skip
    if not found.adds_up:
        raise DoesNotAddUpError(f"round {round_.pk}: {total}")
    return found


def _counts(row: dict[str, int]) -> Counts:
    return Counts(*(row[f"all_{part}"] for part in ("expected", "exempt", "away", "sampled", "missing")))


def recount(actor: Actor, round_: Round) -> Counts:
    """The counts of the actor's places, from the rows of the people themselves."""
    actor.authorise(Action.TESTING_VIEW)
    people = RoundPerson.objects.visible_to(actor).filter(round=round_).order_by()
    by_state = dict(people.values_list("state").annotate(n=Count("id")))
    return Counts(sum(by_state.values()), *(by_state.get(part, 0) for part in ("exempt", "away", "sampled", "missing")))


def _in_order(places: Sequence[PlaceCounts], located: roster.Located) -> list[PlaceCounts]:
    def walking(one: PlaceCounts) -> list[str]:
        line = located.line(one.place_id)
        return [place.sort_key for place in line] if line else ["\U0010ffff"]

    return sorted(places, key=walking)


def is_late(counts: Counts, round_: Round, now: datetime) -> bool:
    """Whether a place is behind: after the end anybody missing; before it, well below the share of the time that
    is over."""
    if round_.state not in (RoundState.OPEN, RoundState.CLOSED) or counts.share is None or not counts.missing:
        return False
    whole = round_.ends_at - round_.starts_at
    over = min(max((now - round_.starts_at) / whole, 0.0), 1.0) if whole > timedelta(0) else 1.0
    return over >= 1.0 or counts.share < over - LATE_BY


# Whoever was not expected at the table carries a warning, and may have been added to the expected since.
UNROSTERED = """
SELECT count(DISTINCT coalesce(s.person_id::text, encode(s.id_index, 'hex'), 's' || s.id))
FROM lab_testing_sample s
WHERE s.round_id = %s AND NOT s.is_void AND s.warnings @> ARRAY['not_on_roster']::varchar(30)[]
AND NOT EXISTS (
    SELECT 1 FROM lab_testing_round_person p WHERE p.round_id = s.round_id AND p.person_id = s.person_id
)
"""


def unrostered_count(actor: Actor, round_: Round, community_id: int | None = None) -> int:
    """People with a swab of the round in the actor's places who are expected nowhere in it. Beside the expected, never
    among them."""
    samples = "AND s.{} = ANY(%s)"
    given: list[int | list[int]] = [round_.pk]
    where = ""
    if actor.level in roster.LEVEL_KEYS:
        where += samples.format(roster.LEVEL_KEYS[actor.level])
        given.append(list(actor.scope_ids))
    if community_id is not None:
        where += " AND s.community_id = %s"
        given.append(community_id)
    with connection.cursor() as cursor:
        # Only column names of a closed list are put into the text.
        cursor.execute(UNROSTERED + where, given)
        return int(cursor.fetchone()[0])
