"""Guards as SQL are Kleene's three-valued logic, and name the fact for want of which they cannot be answered."""

from __future__ import annotations

import itertools
import json
import random
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from lianfang.engine.backends import Stages
from lianfang.engine.packs.guards import Guard
from lianfang.engine.status.guards import condition, missing_fact, moments

FACTS = ("is_pregnant", "is_bedridden", "has_fever", "antigen_positive")
WORLDS = list(itertools.product((None, 0.0, 1.0), repeat=len(FACTS)))
Shape = dict[str, Any]


def drawn(chance: random.Random, depth: int) -> Shape:
    kind = chance.choice(("fact", "fact", "all", "any", "not", "both")) if depth else "fact"
    if kind == "fact":
        fact = {"fact": chance.choice(FACTS)}
        return fact | chance.choice(({"is": True}, {"is": False}, {"at_least": 1}, {"at_most": 0}))
    if kind == "not":
        return {"not": drawn(chance, depth - 1)}
    parts = [drawn(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    return {kind: parts} if kind != "both" else {"any": parts, "not": drawn(chance, depth - 1)}


def value(shape: Shape, world: dict[str, float | None]) -> bool | None:
    """By hand: the strong logic of Kleene; several keys hold together."""
    parts: list[bool | None] = []
    if "fact" in shape:
        known = world[shape["fact"]]
        wanted = (known == 1.0) if shape.get("is", None) is True or "at_least" in shape else (known == 0.0)
        parts.append(None if known is None else wanted)
    if "all" in shape:
        parts.append(both([value(part, world) for part in shape["all"]]))
    if "any" in shape:
        given = [value(part, world) for part in shape["any"]]
        parts.append(True if True in given else None if None in given else False)
    if "not" in shape:
        inner = value(shape["not"], world)
        parts.append(None if inner is None else not inner)
    return both(parts)


def both(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def test_guards_of_any_shape_are_answered_as_by_hand_and_one_fact_more_never_turns_an_answer_round() -> None:
    columns = {f"fact_{fact}": [world[n] for world in WORLDS] for n, fact in enumerate(FACTS)}
    shapes = [drawn(random.Random(seed), 3) for seed in range(60)]
    with Stages(threads=1) as db:
        db.load(guard_facts=pa.table({"n": list(range(len(WORLDS)))} | columns))
        for shape in shapes:
            guard = Guard.model_validate_json(json.dumps(shape))
            answers = f"SELECT {condition(guard)} AS holds, {missing_fact(guard)} AS lacks FROM guard_facts ORDER BY n"
            rows = db.table(answers).to_pylist()
            said = {world: row["holds"] for world, row in zip(WORLDS, rows, strict=True)}
            for world, row in zip(WORLDS, rows, strict=True):
                known = dict(zip(FACTS, world, strict=True))
                assert row["holds"] == value(shape, known), (shape, known)
                assert (row["lacks"] is not None) == (row["holds"] is None)
                assert row["lacks"] is None or known[row["lacks"]] is None
            for world in WORLDS:
                for n in range(len(FACTS)):
                    less = (*world[:n], None, *world[n + 1 :])
                    assert said[less] in (None, said[world])


@pytest.mark.parametrize(
    ("fact", "bound", "event", "holds"),
    [
        ("vaccinated_within_hours", {"at_most": 48}, timedelta(hours=48), True),
        ("vaccinated_within_hours", {"at_most": 48}, timedelta(hours=48, seconds=1), False),
        ("fever_free_hours", {"at_least": 24}, timedelta(hours=24), True),
        ("fever_free_hours", {"at_least": 24}, timedelta(hours=24, seconds=-1), False),
        ("onset_days", {"at_least": 7}, timedelta(days=6, hours=12), True),  # 7 calendar days back
        ("onset_days", {"at_most": 6}, timedelta(days=6, hours=12), False),
        ("onset_days", {"at_least": 7}, timedelta(days=6, hours=8), False),
        ("age_years", {"at_most": 3}, timedelta(days=4 * 365), True),
        ("age_years", {"at_most": 3}, timedelta(days=4 * 365 + 1), False),
        ("age_years", {"at_least": 4}, timedelta(days=4 * 365 + 1), True),
    ],
)
def test_time_since_an_event_is_compared_at_its_exact_boundary(
    fact: str, bound: dict[str, int], event: timedelta, holds: bool
) -> None:
    as_of = datetime(2022, 8, 30, 8)
    guard = Guard.model_validate_json(json.dumps({"fact": fact, **bound}))
    with Stages(threads=1) as db:
        db.constants(dict(moments(guard, as_of)))
        db.load(guard_facts=pa.table({f"fact_{fact}": pa.array([as_of - event], pa.timestamp("s"))}))
        assert db.table(f"SELECT {condition(guard)} AS holds FROM guard_facts").to_pylist() == [{"holds": holds}]
