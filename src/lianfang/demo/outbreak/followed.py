"""The invented people whom the page follows in full: each has one story that a change of the rules runs through.

They are the fourth of the first groups of ten, whom nothing else happens to but the rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Followed:
    """``key`` is the key of the words about them; one of the three things befell them."""

    key: str
    person_id: int
    category: str = ""
    anchor_on: date | None = None
    recorded_at: datetime | None = None
    order_until: datetime | None = None
    has_infected_neighbour_on: date | None = None


def _person(place: int) -> int:
    return place * 10 + 3


FOLLOWED = (
    Followed("contact_june", _person(0), "close_contact", date(2022, 6, 23), datetime(2022, 6, 24, 20)),
    Followed("secondary_november", _person(1), "secondary_contact", date(2022, 11, 8), datetime(2022, 11, 9, 10)),
    Followed("contact_november", _person(2), "close_contact", date(2022, 11, 8), datetime(2022, 11, 9, 14)),
    Followed("order_november", _person(3), recorded_at=datetime(2022, 11, 9, 20), order_until=datetime(2022, 11, 19)),
    Followed("medium_november", _person(4), "from_medium_risk_area", date(2022, 11, 8), datetime(2022, 11, 8, 18)),
    Followed("contact_december", _person(5), "close_contact", date(2022, 12, 3), datetime(2022, 12, 4, 9)),
    Followed("ill_december", _person(6), "case_at_home", date(2022, 12, 20), datetime(2022, 12, 20, 21)),
    Followed("entrant_january", _person(7), "entrant", date(2023, 1, 4), datetime(2023, 1, 4, 20)),
    Followed("pool_november", _person(8), has_infected_neighbour_on=date(2022, 11, 3)),
)
