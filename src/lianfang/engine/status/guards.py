"""Guards of a pack as SQL: three-valued, over one row of declared facts per person.

SQL's own AND, OR and NOT are Kleene's, with NULL as unknown, so a guard is written down as it stands. A fact
that is not known is a NULL column. What is measured as time since an event (age, hours since a dose) is compared
as the event's instant with a moment reckoned back from ``as_of``, so that no backend has to count days or years;
those moments are constants of the run. Names of parameters must have been replaced by their numbers before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from math import ceil, floor

from lianfang.engine.packs.facts import PERSON_FACTS
from lianfang.engine.packs.guards import Guard


def facts_of(guard: Guard) -> tuple[str, ...]:
    """The declared facts that it compares, each once, as written."""
    return tuple(dict.fromkeys(one.fact for one in guard.comparisons() if one.fact is not None))


def condition(guard: Guard) -> str:
    """TRUE, FALSE or NULL (unknown) for a row of the stage ``guard_facts``."""
    return " AND ".join(f"({part})" for part in _parts(guard))


def moments(guard: Guard, as_of: datetime) -> dict[str, datetime]:
    """The constants that ``condition`` names, by name."""
    found = {}
    for one in guard.comparisons():
        for word, bound in (("least", one.at_least), ("most", one.at_most)):
            if one.fact is not None and bound is not None and _is_event(one.fact):
                reckon = _latest if word == "least" else _earliest
                found[_moment_name(one.fact, word, bound)] = reckon(
                    str(PERSON_FACTS[one.fact].unit), float(bound), as_of
                )
    return found


def missing_fact(guard: Guard) -> str:
    """The declared fact for want of which ``condition`` is unknown, the first as written; NULL where it is known."""
    if guard.fact is not None:
        return f"CASE WHEN {_column(guard.fact)} IS NULL THEN {quoted(guard.fact)} END"
    whens = [f"WHEN ({condition(guard)}) IS NOT NULL THEN CAST(NULL AS VARCHAR)"]
    for parts, word in ((guard.all_, " AND "), (guard.any_, " OR ")):
        whole = word.join(f"({condition(part)})" for part in parts or ())
        for part in parts or ():
            is_why = f"({whole}) IS NULL AND ({condition(part)}) IS NULL"
            whens.append(f"WHEN {is_why} THEN {missing_fact(part)}")
    if guard.not_ is not None:
        whens.append(f"WHEN ({condition(guard.not_)}) IS NULL THEN {missing_fact(guard.not_)}")
    return f"CASE {' '.join(whens)} END"


def quoted(text: str) -> str:
    """As a text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def stored_name(fact: str) -> str:
    """Under which name the fact stands in ``person_facts``."""
    return PERSON_FACTS[fact].elapsed_since or fact


def facts_in_force(facts: Iterable[str]) -> str:
    """What is stored of these facts and true at ``as_of``; ``choice`` 1 is the one that counts.

    Of what somebody said the last word counts; of what happened (a dose, a birth) the last event.
    """
    given = set(facts)
    names = ", ".join(quoted(name) for name in sorted({stored_name(fact) for fact in given}))
    events = ", ".join(quoted(name) for name in sorted({stored_name(f) for f in given if _is_event(f)}))
    event_at = f"CASE WHEN f.fact IN ({events}) THEN f.from_at END DESC NULLS LAST, " if events else ""
    return f"""
SELECT
    f.person_fact_id, f.person_id, f.fact, f.number, f.word, f.from_at, f.recorded_at,
    CASE WHEN f.from_at > f.recorded_at THEN f.from_at ELSE f.recorded_at END AS known_at,
    row_number() OVER (
        PARTITION BY f.person_id, f.fact
        ORDER BY {event_at}f.recorded_at DESC, f.person_fact_id DESC
    ) AS choice
FROM person_facts f
JOIN seen_persons p ON p.person_id = f.person_id
WHERE f.recorded_at <= as_of() AND (f.withdrawn_at IS NULL OR f.withdrawn_at > as_of())
    AND (f.from_at IS NULL OR f.from_at <= as_of()) AND (f.to_at IS NULL OR f.to_at > as_of())
    AND f.fact IN ({names})
"""


def guard_facts(facts: Iterable[str]) -> str:
    """One row per person with a column for each of these facts, from the stage ``facts_in_force``."""
    columns = ", ".join(f"max({_value(fact)}) AS {_column(fact)}" for fact in sorted(set(facts)))
    return f"SELECT person_id, {columns} FROM facts_in_force WHERE choice = 1 GROUP BY person_id"


def _parts(guard: Guard) -> Iterator[str]:
    if guard.fact is not None:
        yield from _comparisons(guard)
    if guard.all_:
        yield " AND ".join(f"({condition(part)})" for part in guard.all_)
    if guard.any_:
        yield " OR ".join(f"({condition(part)})" for part in guard.any_)
    if guard.not_ is not None:
        yield f"NOT ({condition(guard.not_)})"


def _comparisons(guard: Guard) -> Iterator[str]:
    fact = str(guard.fact)
    column = _column(fact)
    for word, sign, bound in (("least", ">=", guard.at_least), ("most", "<=", guard.at_most)):
        if isinstance(bound, str):
            raise ValueError(f"{fact}: {bound} has not been replaced by its number")
        if bound is None:
            continue
        if _is_event(fact):  # the longer ago, the earlier
            yield f"{column} {'<=' if word == 'least' else '>='} {_moment_name(fact, word, bound)}()"
        else:
            yield f"{column} {sign} {float(bound)!r}"
    if isinstance(guard.is_, bool):
        yield f"{column} = {1.0 if guard.is_ else 0.0!r}"
    elif guard.is_ is not None:
        yield f"{column} = {quoted(guard.is_)}"


def _moment_name(fact: str, word: str, bound: int | float | str) -> str:
    number = str(bound).replace(".", "p").replace("-", "m")
    return f"at_{word}_{number}_{PERSON_FACTS[fact].unit}"


def _latest(unit: str, bound: float, as_of: datetime) -> datetime:
    """The last second at which what happened lies at least so long back."""
    if unit == "hours":
        return as_of - timedelta(hours=bound)
    return _midnight(as_of, unit, ceil(bound)) + timedelta(days=1, seconds=-1)


def _earliest(unit: str, bound: float, as_of: datetime) -> datetime:
    """The first second at which what happened lies at most so long back."""
    if unit == "hours":
        return as_of - timedelta(hours=bound)
    if unit == "years":  # not yet a year older
        return _midnight(as_of, unit, floor(bound) + 1) + timedelta(days=1)
    return _midnight(as_of, unit, floor(bound))


def _midnight(as_of: datetime, unit: str | None, before: int) -> datetime:
    """The midnight that begins the day so many days or years before. Who is born on 29 February ages on 1 March."""
    day = as_of.date()
    if unit == "years":
        is_leap_day = (day.month, day.day) == (2, 29)
        year = day.year - before
        day = date(year, 2, 28) if is_leap_day and not _is_leap(year) else day.replace(year=year)
        return datetime.combine(day, time())
    return datetime.combine(day - timedelta(days=before), time())


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _is_event(fact: str) -> bool:
    return PERSON_FACTS[fact].elapsed_since is not None


def _column(fact: str) -> str:
    if fact not in PERSON_FACTS:
        raise ValueError(f"{fact} is no declared fact of a person")
    return f"fact_{fact}"


def _value(fact: str) -> str:
    spec = PERSON_FACTS[fact]
    column = "from_at" if _is_event(fact) else "word" if spec.type == "word" else "number"
    return f"CASE WHEN fact = {quoted(stored_name(fact))} THEN {column} END"
