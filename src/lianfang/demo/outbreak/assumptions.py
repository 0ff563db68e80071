"""What the generated township assumes, with where it is from; graded B (reprint by news media) or D (Lianfang's).

Only the third wave has a published curve. The first two are of the order that made a township close compounds and test
everybody; no real township's figures are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Wave:
    """Infections that become facts: ``per_thousand`` people, at least ``least``, over ``days`` days from ``first_on``.

    The days follow a gamma-shaped curve ``(t/p)^k · e^(k(1 - t/p))`` with its peak ``p`` days after the first and
    ``k = 3``: it rises fast and falls slowly. ``is_clustered``: in few buildings rather than everywhere alike.
    """

    number: int
    first_on: date
    days: int
    peak: int
    per_thousand: float
    least: int
    is_clustered: bool


WAVES = (
    # D: a chain found early and tested away, a dozen buildings; it spans the ninth edition's first day.
    Wave(1, date(2022, 6, 14), 30, 9, 0.75, 3, is_clustered=True),
    # D: the autumn of 2022, when chains were no longer broken; it spans the twenty measures.
    Wave(2, date(2022, 10, 28), 38, 18, 8.0, 6, is_clustered=True),
    # B: positives peaked on 2022-12-22 (China CDC, report of 2023-01-25, reprinted), so infections four days before.
    # The wave reached most people; 40 in 1,000 appear here, because hardly anybody was registered any more (D).
    Wave(3, date(2022, 12, 5), 45, 13, 40.0, 8, is_clustered=False),
)

# D: every third day, a third of the township on each day, of whom not quite half come. Certificates of 48 and 72 hours
# made this the custom.
ROUTINE_EVERY_DAYS, ROUTINE_SHARE, ROUTINE_UNTIL = 3, 0.45, date(2022, 12, 7)
# D: everybody every second day while a wave is on, as cities did, until the rules of 2022-11-21 ended rounds of
# everybody where chains are known (dossier, section 3).
MASS_EVERY_DAYS, MASS_SHARE = 2, 0.97
MASS_SPANS = ((date(2022, 6, 18), date(2022, 7, 3)), (date(2022, 11, 1), date(2022, 11, 21)))
# B: China CDC, 2023-01-25: 150 million tests on 2022-12-09, 7.54 million on 2023-01-01, 0.28 million on 2023-01-23,
# of about 1,412 million people; log-linear in between. By then tests are single and voluntary.
VOLUNTARY = ((date(2022, 12, 9), 0.106), (date(2023, 1, 1), 0.00534), (date(2023, 1, 23), 0.0002))

# D: how many people a township has in a building, how long a swab waits, what goes wrong in a laboratory.
PEOPLE_PER_BUILDING, BUILDINGS_PER_COMPOUND, COMPOUNDS_PER_COMMUNITY = 120, 10, 4
LATE_POOLS, UNCLEAR_POOLS, WRONG_POSITIVES, VOID_SWABS = 0.02, 1 / 1500, 1 / 800, 1 / 2000
DAYS_UNTIL_DETECTABLE, DAYS_UNTIL_OWN_REPORT, REPORTED_BY_ANTIGEN = 2, 4, 0.6
CLOSE_CONTACTS, SECONDARY_CONTACTS = 5, 8
# D: from confirmation to release, by when it was confirmed.
CASE_DAYS = ((date(2022, 6, 1), 10), (date(2022, 11, 11), 8), (date(2022, 12, 7), 7))
TESTS_KEPT, EXPOSURES_WITHDRAWN, EXPOSURES_CLOSED = 0.95, 0.02, 0.01
# D: arrivals that are registered, a day in 60,000 people; three times as many in the surges.
ARRIVALS = {
    "entrant": 0.4,
    "from_high_risk_area": 1.5,
    "from_medium_risk_area": 1.5,
    "from_low_risk_county": 6.0,
    "high_risk_worker": 0.3,
}
SURGES = ((date(2022, 7, 10), date(2022, 8, 31)), (date(2022, 10, 20), date(2022, 12, 7)))
# D: shares of people in occupations that a pack may test more often.
OCCUPATIONS = (
    ("courier", 0.004),
    ("food_delivery", 0.004),
    ("supermarket_staff", 0.008),
    ("market_staff", 0.004),
    ("school_staff", 0.012),
    ("medical_staff", 0.006),
    ("fever_clinic_staff", 0.0005),
    ("isolation_site_staff", 0.001),
)
ORDERS_PER_THOUSAND, OVERRIDES_PER_THOUSAND = 1.0, 0.7
