"""Criteria of area levels: met, not met or unknown, and what is proposed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lianfang.engine.areas import AreaAssessment, AreaFacts, assess
from lianfang.engine.areas.contract import INFECTIONS, MEASUREMENTS, PLACES, ROUNDS
from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.status.contract_people import AREA_LEVELS, PLACE_ANCESTORS

PACKS = Path(__file__).resolve().parents[3] / "policy_packs"
DAY_0 = datetime(2022, 8, 20, 10)
COUNTY, COMPOUND, BUILDING = 1, 2, 3
ABOVE = {COUNTY: (COUNTY,), COMPOUND: (COMPOUND, COUNTY), BUILDING: (BUILDING, COMPOUND, COUNTY)}
UNITS = {COUNTY: "county", COMPOUND: "compound", BUILDING: "building"}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def v9() -> Pack:
    return load_pack(PACKS / "covid19" / "v9")


def on(day: int, hour: int = 10) -> datetime:
    return DAY_0.replace(hour=hour) + timedelta(days=day)


def table(contract: Any, rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=contract.schema)


def facts(**tables: list[Row]) -> AreaFacts:
    contracts = {
        "infections": (INFECTIONS, "infection_id"),
        "rounds": (ROUNDS, "round_id"),
        "measurements": (MEASUREMENTS, "measurement_id"),
        "area_levels": (AREA_LEVELS, "level_id"),
    }
    given = {
        name: table(contract, [{key: number, "recorded_at": on(-1)} | row for number, row in enumerate(tables[name])])
        for name, (contract, key) in contracts.items()
        if name in tables
    }
    ancestors = [{"place_id": place, "ancestor_id": each} for place, above in ABOVE.items() for each in above]
    places = [{"place_id": place, "unit": unit} for place, unit in UNITS.items()]
    return AreaFacts(places=table(PLACES, places), place_ancestors=table(PLACE_ANCESTORS, ancestors), **given)


def infection(day: int, relation: str | None = "lives", place: int = BUILDING, **more: Any) -> Row:
    return {"place_id": place, "relation": relation, "found_at": on(day), "recorded_at": on(day)} | more


def held(day: int, positive: int | None = 0, negative: int | None = 50, place: int = COMPOUND) -> Row:
    numbers = {"expected": 50, "negative": negative, "positive": positive}
    return {"place_id": place, "held_at": on(day, 6), "recorded_at": on(day, 9)} | numbers


def high(level: str = "high", day: int = 0, **more: Any) -> Row:
    return {"place_id": COMPOUND, "level": level, "from_at": on(day), "recorded_at": on(day)} | more


def proposal(answer: AreaAssessment, place: int = COMPOUND) -> Row:
    return next(row for row in answer.proposals.to_pylist() if row["place_id"] == place)


def criterion(answer: AreaAssessment, level: str, direction: str, fact: str, place: int = COMPOUND) -> Row:
    (row,) = [
        row
        for row in answer.criteria.to_pylist()
        if (row["place_id"], row["level"], row["direction"], row["fact"]) == (place, level, direction, fact)
    ]
    return row


def said(row: Row) -> tuple[Any, ...]:
    return row["action"], row["proposed"], row["not_yet"], row["missing"]


def test_a_place_where_an_infected_person_lives_is_to_be_drawn_as_high(v9: Pack) -> None:
    answer = assess(facts(infections=[infection(0)]), v9, on(0, 12))
    assert said(proposal(answer))[:2] == ("draw", "high")
    row = criterion(answer, "high", "enter", "lives_here_infected")
    assert (row["outcome"], row["value"], row["since"], row["wanted"]) == ("met", 1, on(0), '{"at_least": 1}')


def test_where_it_is_not_known_whether_spread_is_likely_nothing_higher_is_drawn_than_what_is_certain(v9: Pack) -> None:
    answer = assess(facts(infections=[infection(0, "stayed")]), v9, on(0, 12))
    assert said(proposal(answer))[:2] == ("draw", "medium")
    assert criterion(answer, "high", "enter", "spread_is_likely")["missing"] == "spread_is_likely"


def test_an_infection_whose_relation_is_not_known_may_be_either(v9: Pack) -> None:
    answer = assess(facts(infections=[infection(0, None)]), v9, on(0, 12))
    row = criterion(answer, "high", "enter", "lives_here_infected")
    assert (row["outcome"], row["value"], row["value_at_most"]) == ("unknown", 0, 1)
    assert said(proposal(answer))[:2] == ("decide", "high")
    assert "lives_here_infected" in proposal(answer)["missing"]


@pytest.mark.parametrize(
    ("day", "rounds", "expected"),
    [
        (6, [held(6)], ("keep", "high", ["days_without_infection", "round_all_negative_on_day"], [])),
        (7, [held(6)], ("keep", "high", ["round_all_negative_on_day"], [])),
        (7, [], ("keep", "high", [], ["round_all_negative_on_day"])),
        (7, [held(0)], ("keep", "high", [], ["round_all_negative_on_day"])),
        (7, [held(7, negative=49)], ("keep", "high", [], ["round_all_negative_on_day"])),
        (7, [held(7, positive=1, negative=49)], ("keep", "high", ["round_all_negative_on_day"], [])),
        (7, [held(7, negative=None)], ("keep", "high", [], ["round_all_negative_on_day"])),
        (7, [held(7)], ("lower", "medium", [], [])),
        (7, [held(7, place=COUNTY)], ("lower", "medium", [], [])),
        (7, [held(7, place=BUILDING)], ("keep", "high", [], ["round_all_negative_on_day"])),
    ],
)
def test_high_is_lowered_after_seven_clean_days_and_a_clean_round_on_the_seventh(
    v9: Pack, day: int, rounds: list[Row], expected: tuple[Any, ...]
) -> None:
    given = facts(infections=[infection(0)], rounds=rounds, area_levels=[high()])
    # The infection brought the level; a later one would raise it again.
    assert said(proposal(assess(given, v9, on(day, 12)))) == expected


def test_a_round_counts_from_when_its_numbers_were_known(v9: Pack) -> None:
    given = facts(infections=[infection(0)], rounds=[held(7)], area_levels=[high()])
    before, after = (proposal(assess(given, v9, on(7, hour)))["action"] for hour in (8, 9))
    assert (before, after) == ("keep", "lower")


def test_a_new_infection_starts_the_days_anew_and_the_value_says_since_when(v9: Pack) -> None:
    given = facts(infections=[infection(0), infection(5)], rounds=[held(7)], area_levels=[high()])
    answer = assess(given, v9, on(7, 12))
    row = criterion(answer, "high", "lower", "days_without_infection")
    assert (row["outcome"], row["value"], row["since"]) == ("not_met", 2, on(5))


def test_lowered_to_medium_three_more_days_are_needed_and_then_the_area_is_lifted(v9: Pack) -> None:
    levels = [high(to_at=on(7, 20), to_recorded_at=on(7, 20)), high("medium", 7, from_at=on(7, 20))]
    given = facts(infections=[infection(0)], rounds=[held(7)], area_levels=levels)
    assert said(proposal(assess(given, v9, on(9, 21))))[0] == "keep"
    assert said(proposal(assess(given, v9, on(10, 21))))[:2] == ("lift", "low")


def test_the_rest_of_the_county_is_low_while_anything_in_it_is_higher(v9: Pack) -> None:
    low = high("low", 0, place_id=COUNTY)
    lowered = high(to_at=on(7), to_recorded_at=on(8))
    given = facts(area_levels=[low, lowered])
    assert proposal(assess(facts(area_levels=[high()]), v9, on(1)), COUNTY)["proposed"] == "low"
    assert said(proposal(assess(given, v9, on(7, 12)), COUNTY))[0] == "keep"  # the end is recorded on day 8
    assert said(proposal(assess(given, v9, on(8, 12)), COUNTY))[:2] == ("lift", "routine")


def test_infections_that_the_pack_excludes_do_not_draw_an_area(v9: Pack) -> None:
    twenty = load_pack(PACKS / "covid19" / "v9+20")
    later = {"found_at": datetime(2022, 11, 20), "recorded_at": datetime(2022, 11, 20)}
    found = infection(0, excluded="closed_loop_worker", **later)
    given, as_of = facts(infections=[found]), datetime(2022, 11, 21)
    assert proposal(assess(given, twenty, as_of), BUILDING)["action"] == "keep"
    withdrawn = facts(infections=[infection(0, withdrawn_at=as_of, **later)])
    assert proposal(assess(withdrawn, twenty, as_of), BUILDING)["action"] == "keep"
    assert proposal(assess(withdrawn, twenty, as_of - timedelta(seconds=1)), BUILDING)["proposed"] == "high"
    # v9 draws its areas by compounds and names no exclusions.
    assert (
        proposal(assess(facts(infections=[infection(0, excluded="closed_loop_worker")]), v9, on(1)))["proposed"]
        == "high"
    )


@pytest.mark.parametrize(("bi", "moi", "level"), [(20, 21, "high"), (20, 20, "medium"), (5, 5.1, "low"), (5, 5, None)])
def test_the_worse_of_two_mosquito_indices_decides_and_bounds_belong_to_the_lower_level(
    bi: float, moi: float, level: str | None
) -> None:
    pack = load_pack(PACKS / "chikungunya" / "2025")
    day = datetime(2025, 9, 1)
    measured = {"place_id": 9, "measured_at": day, "recorded_at": day}
    rows = [
        measured | {"measurement_id": 1, "fact": "breteau_index", "number": float(bi)},
        measured | {"measurement_id": 2, "fact": "mosquito_ovitrap_index", "number": float(moi)},
    ]
    given = AreaFacts(
        places=table(PLACES, [{"place_id": 9, "unit": "community"}]),
        place_ancestors=table(PLACE_ANCESTORS, [{"place_id": 9, "ancestor_id": 9}]),
        measurements=table(MEASUREMENTS, rows),
    )
    assert proposal(assess(given, pack, day), 9)["proposed"] == (level and f"mosquito_{level}")
    one = AreaFacts(given.places, given.place_ancestors, measurements=table(MEASUREMENTS, rows[:1]))
    assert proposal(assess(one, pack, day), 9)["action"] in ("decide", "draw")


# ---------------------------------------------------------------------- whatever the facts


def some_facts(seed: int) -> dict[str, list[Row]]:
    chance = random.Random(seed)

    def day() -> int:
        return chance.choice((0, 1, 3, 4, 5, 7, 8, 10))

    def late(row: Row, at: str) -> Row:
        return row | {"recorded_at": row[at] + timedelta(hours=chance.choice((0, 0, 2, 30)))}

    def maybe(value: Any) -> Any:
        return chance.choice((None, value, value))

    infections = [infection(day(), maybe(chance.choice(("lives", "stayed"))), chance.choice((2, 3))) for _ in range(2)]
    rounds = [held(day(), chance.choice((0, 0, 0, 1, None)), chance.choice((50, 50, 49, None))) for _ in range(3)]
    levels = [high(chance.choice(("high", "medium")), day(), to_at=maybe(on(day() + 3))) for _ in range(2)]
    judged = [
        {"place_id": COMPOUND, "fact": "spread_is_likely", "number": float(chance.random() < 0.5), "measured_at": on(2)}
    ]
    return {
        "infections": [late(row, "found_at") for row in infections[: chance.randint(0, 2)]],
        "rounds": [late(row, "held_at") for row in rounds[: chance.randint(0, 3)]],
        "area_levels": [late(row, "from_at") for row in levels[: chance.randint(0, 2)]],
        "measurements": [late(row, "measured_at") for row in judged[: chance.randint(0, 1)]],
    }


def outcomes(answer: AreaAssessment) -> dict[tuple[Any, ...], str]:
    return {
        (row["place_id"], row["level"], row["direction"], row["position"]): row["outcome"]
        for row in answer.criteria.to_pylist()
    }


def test_without_a_measurement_or_the_numbers_of_a_round_no_answer_turns_round_but_only_unknown(v9: Pack) -> None:
    seen = set()
    for seed in range(150):
        given = some_facts(seed)
        full = outcomes(assess(facts(**given), v9, on(10, 12)))
        blank = [row | {"negative": None, "positive": None} for row in given["rounds"]]
        less = outcomes(assess(facts(**{**given, "measurements": [], "rounds": blank}), v9, on(10, 12)))
        changed = {key: (full[key], less[key]) for key in full if full[key] != less[key]}
        assert set(changed.values()) <= {("met", "unknown"), ("not_met", "unknown")}, seed
        seen |= set(changed.values())
    assert seen == {("met", "unknown"), ("not_met", "unknown")}


def test_what_became_known_later_changes_no_past_assessment(v9: Pack) -> None:
    for seed in range(100):
        given, past = some_facts(seed), on(6, 12)
        known = {name: [dict(row) for row in rows if row["recorded_at"] <= past] for name, rows in given.items()}
        for row in known["area_levels"]:
            if row["to_at"] is not None and row["to_at"] > past:
                row["to_at"] = None
        # Keys are numbered by place in the list, so only what is said is compared.
        now, then = assess(facts(**given), v9, past), assess(facts(**known), v9, past)
        assert now.criteria == then.criteria, seed
        assert [said(row) for row in now.proposals.to_pylist()] == [said(row) for row in then.proposals.to_pylist()]
