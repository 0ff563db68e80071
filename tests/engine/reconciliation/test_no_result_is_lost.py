"""Shuffle the rows, repeat some, split them over files: the same people, the same states, nothing lost."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from lianfang.engine.intake.contract import Role
from lianfang.engine.reconciliation import Answer, reconcile
from lianfang.engine.rounds import RoundSettings
from tests.engine.reconciliation.files import AS_OF, Row, file

SURNAMES, GIVEN = "王李张刘陈杨黄赵", ("伟", "秀英", "建国", "梓涵", "俊杰", "小明")
ROLES: tuple[Role, ...] = ("roster", "samples", "results", "exempt")


def night(seed: int) -> dict[Role, list[Row]]:
    """One building's night with the mistakes of real life, from a seed."""
    chance = random.Random(seed)
    people = [resident(chance, number) for number in range(24)]
    roster = [dict(person) for person in people]
    roster.append({**people[3], "room": "909"})
    samples = [swab(chance, person, number) for number, person in enumerate(people[:17])]
    samples += [
        dict(samples[2]),
        {**samples[4], "tube_code": "T3"},
        {"name": "过客", "tube_code": "T1", "building": "10"},
    ]
    samples[5]["status_code"] = "void"
    results: list[Row] = [
        {"tube_code": tube, "result": value, "laboratory": laboratory, "tested_at": datetime(2022, 8, 30, 1)}
        for tube, value, laboratory in (
            ("T1", "negative", "甲"), ("T1", "positive", "乙"), ("T2", "negative", "甲"), ("T2", None, "甲"),
            ("T9", "negative", "乙"), ("T2", "negative", "甲"),
        )
    ]  # fmt: skip
    results.append({"name": people[20]["name"], "phone": people[20]["phone"], "result": "negative", "laboratory": "丙"})
    exempt: list[Row] = [
        {"name": people[18]["name"], "phone": people[18]["phone"], "reason": "外出"},
        {"name": people[19]["name"], "phone": people[19]["phone"], "reason": None},
    ]
    return {"roster": roster, "samples": samples, "results": results, "exempt": exempt}


def resident(chance: random.Random, number: int) -> Row:
    return {
        "name": chance.choice(SURNAMES) + chance.choice(GIVEN),
        "phone": f"1640000{number:04d}",
        "building": "10",
        "unit": str(1 + number // 12),
        "room": f"{1 + number // 3}01",
    }


def swab(chance: random.Random, person: Row, number: int) -> Row:
    kept = ("name", "phone") if chance.random() < 0.6 else ("name", "building", "unit", "room")
    return {
        **{field: person[field] for field in kept},
        "tube_code": f"T{1 + number // 10}",
        "tube_capacity": 10,
        "sampled_at": datetime(2022, 8, 29, 22, number),
        "sampled_at_has_time": True,
    }


def said(answer: Answer) -> dict[str, Any]:
    """What the answer says, by content: no record numbers, no sources."""
    people = [
        (row["person_key"], row["state"], row["because"], row["outcome"], row["action"], row["name"], row["room"])
        for row in answer.round.people.to_pylist()
    ]
    tubes = [
        (row["tube_key"], row["state"], row["people"], tuple(row["laboratories"]))
        for row in answer.round.tubes.to_pylist()
    ]
    return {
        "totals": answer.round.totals.to_pylist(),
        "buildings": answer.round.buildings.to_pylist(),
        "people": sorted(people, key=str),
        "tubes": sorted(tubes, key=str),
        "unsure": sorted((row["pair_key"], round(row["score"], 6)) for row in answer.unsure_matches.to_pylist()),
        "unmatched": Counter(
            (row["tube_code"], row["because"], row["result"]) for row in answer.unmatched_results.to_pylist()
        ),
        "positive": sorted(
            (row["tube_code"], row["person_key"], row["action"]) for row in answer.positive_pool_people.to_pylist()
        ),
    }


def answered(files: dict[Role, list[list[Row]]]) -> Answer:
    readings = [
        (role, file(rows, f"{role}-{number}.xlsx"))
        for role, parts in files.items()
        for number, rows in enumerate(parts)
        if rows
    ]
    return reconcile(readings, settings=RoundSettings(as_of=AS_OF))


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_no_shuffle_repetition_or_split_of_the_files_changes_the_answer(seed: int, chance: Any) -> None:
    rows = night(seed)
    whole = answered({role: [rows[role]] for role in ROLES})
    scattered: dict[Role, list[list[Row]]] = {}
    for role in ROLES:
        mixed = [*rows[role], *chance.sample(rows[role], chance.randint(0, 3) if len(rows[role]) > 3 else 0)]
        chance.shuffle(mixed)
        cut = chance.randint(0, len(mixed))
        scattered[role] = [mixed[:cut], mixed[cut:]]
    again = answered(scattered)
    # The name of a laboratory that names itself in every row does not depend on its file.
    assert said(again) == said(whole)
    rows_in = sum(len(part) for parts in scattered.values() for part in parts)
    assert sum(row["rows"] for row in again.row_fates.to_pylist()) == rows_in


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_every_result_row_is_counted_or_listed_with_the_reason(seed: int) -> None:
    rows = night(seed)
    answer = answered({role: [rows[role]] for role in ROLES})
    listed = {row["record_id"] for row in answer.unmatched_results.to_pylist()}
    listed |= {row["record_id"] for row in answer.uncounted_results.to_pylist()}
    listed |= {i for row in answer.duplicates.to_pylist() if row["kind"] == "result" for i in row["record_ids"]}
    counted = {row["record_id"] for row in answer.round.result_states.to_pylist() if row["state"] == "counted"}
    everything = {row["record_id"] for row in answer.records.to_pylist() if row["role"] == "results"}
    assert listed | counted == everything
