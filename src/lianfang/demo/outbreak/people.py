"""Who lives where, who is infected when, who is swabbed on which day: SQL in the order in which it is run.

``u(what, number)`` is a draw between 0 and 1 that depends on the seed and on what it is for, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from lianfang.demo.outbreak import assumptions as so
from lianfang.demo.outbreak.followed import FOLLOWED

# Whole groups of ten, so that nothing that befalls others reaches those whose story is told.
RESERVED = 10 * len(FOLLOWED)

MACROS = """
CREATE MACRO u(what, number) AS (hash('{seed}' || what || ':' || number) % 1000003) / 1000003.0;
CREATE MACRO between_(number, low, high) AS number >= low AND number < high;
"""

HOMES = """
CREATE TABLE homes AS SELECT
    range AS person, range // 10 AS pool, range // 3 AS household, range // {per_building} AS building,
    range // {per_compound} AS compound, range // {per_community} AS community
FROM range({people})
"""
DAYS = """
CREATE TABLE days AS SELECT CAST(range AS DATE) AS day FROM range({first}, {last} + INTERVAL 1 DAY, INTERVAL 1 DAY)
"""
INFECTIONS = "CREATE TABLE infections (wave INTEGER, person BIGINT, infected_on DATE)"
# Weights of the days of a wave, cumulated, so that a draw finds its day.
_CURVE = """
SELECT first_on + CAST(t AS INTEGER) AS infected_on,
    coalesce(sum(w) OVER (ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) / sum(w) OVER () AS low,
    sum(w) OVER (ORDER BY t) / sum(w) OVER () AS high
FROM (SELECT DATE '{first_on}' AS first_on, range AS t,
        pow((range + 1) / {peak}, 3) * exp(3 * (1 - (range + 1) / {peak})) AS w
    FROM range({days}))
"""
_WAVE = """
INSERT INTO infections
SELECT {number}, p.person, c.infected_on
FROM (
    SELECT person FROM homes
    WHERE person >= {reserved} AND person NOT IN (SELECT person FROM infections)
    ORDER BY {near} * u('near{number}', building) + (1 - {near}) * u('who{number}', person), person
    LIMIT {infected}
) p
JOIN ({curve}) c ON u('when{number}', p.person) >= c.low AND u('when{number}', p.person) < c.high
"""
_NEIGHBOUR = "INSERT INTO infections VALUES (2, {person}, DATE '{day}' - 2)"
SWABS = """
CREATE TABLE planned AS
SELECT h.person, d.day, 1000 + (d.day - {first}) // {every} AS round_id, false AS is_mass
FROM homes h JOIN days d ON (d.day - {first}) % {every} = h.community % {every}
WHERE d.day < DATE '{routine_until}' AND NOT ({is_mass_time})
    AND u('routine', (d.day - {first}) * 10000000 + h.person) < {routine}
UNION ALL
SELECT h.person, d.day, 2000 + (d.day - {first}), true
FROM homes h JOIN days d ON {is_mass_day}
WHERE u('mass', (d.day - {first}) * 10000000 + h.person) < {mass} OR h.person < {reserved}
"""
# By the first swab that can find it; else, after a few days, because the person feels ill.
FOUND = """
CREATE TABLE found AS
SELECT
    i.wave, i.person, i.infected_on, coalesce(min(s.day), i.infected_on + {own}) AS found_on,
    CASE WHEN min(s.day) IS NOT NULL THEN 'round' WHEN i.wave = 3 AND u('antigen', i.person) < {antigen} THEN 'antigen'
        ELSE 'single' END AS how
FROM infections i
LEFT JOIN planned s ON s.person = i.person AND s.day >= i.infected_on + {detectable} AND s.day <= i.infected_on + 6
GROUP BY i.wave, i.person, i.infected_on
"""
CASES = """
CREATE TABLE cases_made AS
SELECT f.person, f.wave, f.found_on, f.how, f.found_on + CAST(f.how = 'round' AS INTEGER) AS confirmed_on,
    f.found_on + CAST(f.how = 'round' AS INTEGER) + ({case_days}) AS released_on
FROM found f WHERE f.how <> 'antigen' AND f.found_on <= {last}
"""


def steps(people: int, first: str, last: str) -> Iterator[str]:
    """The statements; ``first`` and ``last`` are the days, as SQL writes them."""
    per_building = buildings_of(people)
    per_compound = per_building * so.BUILDINGS_PER_COMPOUND
    yield HOMES.format(people=people, per_building=per_building, per_compound=per_compound,
                       per_community=per_compound * so.COMPOUNDS_PER_COMMUNITY)  # fmt: skip
    yield DAYS.format(first=first, last=last)
    yield INFECTIONS
    for one in FOLLOWED:
        if one.has_infected_neighbour_on is not None:
            yield _NEIGHBOUR.format(person=one.person_id + 2, day=one.has_infected_neighbour_on)
    for wave in so.WAVES:
        curve = _CURVE.format(first_on=wave.first_on, peak=float(wave.peak), days=wave.days)
        yield _WAVE.format(number=wave.number, reserved=RESERVED, near=0.7 if wave.is_clustered else 0.0, curve=curve,
                           infected=max(wave.least, round(people * wave.per_thousand / 1000)))  # fmt: skip
    yield SWABS.format(first=first, every=so.ROUTINE_EVERY_DAYS, routine_until=so.ROUTINE_UNTIL,
                       routine=so.ROUTINE_SHARE, mass=so.MASS_SHARE, reserved=RESERVED,
                       is_mass_time=_in_spans("d.day", so.MASS_SPANS), is_mass_day=_is_mass_day("d.day"))  # fmt: skip
    yield FOUND.format(own=so.DAYS_UNTIL_OWN_REPORT, antigen=so.REPORTED_BY_ANTIGEN,
                       detectable=so.DAYS_UNTIL_DETECTABLE)  # fmt: skip
    yield CASES.format(last=last, case_days=_case_days("f.found_on"))


def buildings_of(people: int) -> int:
    """People in a building: fewer in a small township, which would otherwise be a single compound."""
    return so.PEOPLE_PER_BUILDING if people >= 100 * so.PEOPLE_PER_BUILDING else max(10, people // 400 * 10)


def _in_spans(day: str, spans: object) -> str:
    return " OR ".join(f"{day} BETWEEN DATE '{low}' AND DATE '{high}'" for low, high in spans)  # type: ignore[attr-defined]


def _is_mass_day(day: str) -> str:
    return " OR ".join(
        f"({day} BETWEEN DATE '{low}' AND DATE '{high}' AND ({day} - DATE '{low}') % {so.MASS_EVERY_DAYS} = 0)"
        for low, high in so.MASS_SPANS
    )


def _case_days(day: str) -> str:
    cases = " ".join(f"WHEN {day} >= DATE '{since}' THEN {days}" for since, days in reversed(so.CASE_DAYS))
    return f"CASE {cases} END"


def is_surge(day: str) -> str:
    """Whether more people than usual come back on a day."""
    return _in_spans(day, so.SURGES)
