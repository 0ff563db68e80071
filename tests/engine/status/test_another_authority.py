"""A rule set that somebody else really used (a university, 2020–2022), expressed as a pack and decided by the engine.

Its colours: yellow there is "tested, keep monitoring" and lets a person in, orange is "a test is wanted now" and does
not. Here the first is green; orange is unknown where it only says that a test is missing, and yellow where somebody
ordered it or an exposure stands behind it. What is not expressed, because this engine refuses it: green without a
test for the vaccinated, and red that goes on for want of a test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lianfang.engine.packs import lint_pack, load_pack
from lianfang.engine.packs.model import LANGUAGES
from lianfang.engine.status import StatusEngine
from tests.engine.status.facts import arrow, decision_of, facts_of

RULES = Path(__file__).resolve().parents[4] / "shared" / "data" / "status_rules" / "illinois_health_rules.json"
STARTS = date(2021, 1, 1)
NOON = datetime(2021, 3, 10, 12)
GRADED = {"sources": ["rules"], "reference": "the rule set's own file", "grade": "B"}


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    if not RULES.exists():
        pytest.skip("the shared folder data/status_rules is not beside the project")
    content: dict[str, Any] = json.loads(RULES.read_text("utf-8"))
    return content


def pack_of(given: dict[str, Any]) -> dict[str, Any]:
    """The files of the pack, with every number taken from the rule set."""
    statuses, intervals = given["statuses"], given["intervals"]
    positive, monitor = statuses["PCR.positive"], intervals["TestMonitorInterval"]["fail"]
    exposure = statuses["exposure-match"]
    priority = {
        "positive": 100 * statuses["PCR.positive.quarantine"]["priority"],
        "quarantine": 100 * statuses["quarantine-on"]["priority"],
        "exposed": 100 * exposure["fail"]["priority"],
        "tested": 100 * statuses["test-fulfilled-default"]["priority"],
    }
    days = {
        "positive_days": positive["params"]["interval"]["max"],
        "monitor_days": intervals[monitor["fail"]],
        "undergraduate_monitor_days": intervals[monitor["success"]],
        "exposure_days": exposure["params"]["interval"]["max"],
        "quarantine_days": 14,
        "emergency_days": 1,
    }

    def rule(name: str, kind: str, rank: int, status: str, **more: Any) -> dict[str, Any]:
        named = {"id": name, "kind": kind, "priority": rank, "status": status, "reason": name, "next_step": name}
        return named | GRADED | ({"appeal": "health_center"} if status != "green" else {}) | more

    def limit(name: str, *anchors: str) -> dict[str, Any]:
        return {"at_most": name, "counted_from": list(anchors)}

    pupil = {"fact": "occupation", "is": "pupil"}
    tested = {"evidence": ["result"], "ends_when": ["certificate_expired"]}
    staged = {"evidence": ["exposure"], "ends_when": ["stage_ended", "exposure_withdrawn"]}
    rules = [
        rule("positive", "positive_result", priority["positive"], "red",
             evidence=["result", "case"], ends_when=["case_released", "result_corrected"]),
        rule("quarantine", "manual_order", priority["quarantine"], "yellow", evidence=["order"],
             ends_when=["order_ended", "order_revoked"], until=limit("quarantine_days", "starts_at")),
        rule("isolation", "category_stage", priority["positive"] - 1, "red", **staged),
        rule("exposed", "category_stage", priority["exposed"], "yellow", **staged),
        rule("test_wanted", "category_stage", priority["exposed"] - 1, "unknown", **staged),
        rule("unclear", "unclear_result", priority["tested"] + 50, "unknown", evidence=["result"],
             ends_when=["negative_result", "result_corrected"]),
        rule("tested_undergraduate", "negative_result", priority["tested"] + 1, "green", **tested,
             until=limit("undergraduate_monitor_days", "sampled_at", "tested_at"), when=pupil),
        rule("tested", "negative_result", priority["tested"], "green", **tested,
             until=limit("monitor_days", "sampled_at", "tested_at"), when={"not": pupil}),
        rule("default", "no_recent_result", 1, "unknown", ends_when=["negative_result"]),
    ]  # fmt: skip
    stage = {"place": "home_isolation", "movement": "none", "cohabitants": "apart", "appeal": "health_center"}
    free = stage | {"place": "self_monitoring", "movement": "free", "cohabitants": "normal", "status": None, "days": 1}
    awaited = {"needs": ["last_test_negative"], "otherwise": "unknown", "reason": "test_wanted"}

    def category(code: str, anchor: str, length: str, status: str) -> dict[str, Any]:
        words = {"reason": code, "next_step": code}
        first = {"id": f"{code}_stage", "days": length, "status": status} | stage | words
        test_day = {"id": f"{code}_test", "test_days": [1]} | free | words
        return {"anchor": anchor, "stages": [first, test_day], "release": awaited | {"next_step": code}} | GRADED

    categories = {
        "case_at_home": category("isolation", "tested_on", "positive_days", "red"),
        "close_contact": category("exposed", "last_exposed_on", "exposure_days", "yellow"),
    }
    return {"days": days, "rules": rules, "categories": categories}


def write(folder: Path, made: dict[str, Any]) -> None:
    """The pack's files; every word is its own code, in all three languages."""
    three = dict.fromkeys(LANGUAGES, "a university's rules")
    codes = {each[name] for each in made["rules"] for name in ("reason", "next_step")} | {"fact_missing", "emergency"}
    stages = [stage for each in made["categories"].values() for stage in each["stages"]]
    texts: dict[str, dict[str, str]] = {
        "reasons": {code: code for code in codes},
        "next_steps": {each["next_step"]: "do" for each in (*made["rules"], *stages)} | {"go_now": "go"},
        "appeals": {"health_center": "the health centre"},
        "parameters": dict.fromkeys(made["days"], "days"),
        "categories": dict.fromkeys(made["categories"], "category"),
        "stages": {stage["id"]: "stage" for stage in stages},
    }
    manifest = {
        "id": "covid19/university",
        "version": 1,
        "disease": "covid19",
        "authority": three,
        "name": three,
        "effective": {"from": STARTS, "to": None},
        "supersedes": None,
        "transition": {"rule": "re-evaluate"} | GRADED,
        "sources": [{"id": "rules", "title": "the rule set", "found": "a public repository", "grade": "B"}],
    }
    override = {"reason": "emergency", "next_step": "go_now", "at_most": "emergency_days"} | GRADED
    values = {
        name: {"unit": "days", "values": [{"from": STARTS, "value": value} | GRADED]}
        for name, value in made["days"].items()
    }
    files: dict[str, Any] = {
        "pack.yaml": manifest,
        "parameters.yaml": values,
        "rules.yaml": {"emergency_override": override, "status_rules": made["rules"]},
        "categories.yaml": {"categories": made["categories"]},
    } | {f"texts/{language}.yaml": texts for language in LANGUAGES}
    (folder / "texts").mkdir(parents=True)
    for name, content in files.items():
        text = yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True)
        (folder / name).write_text(text, "utf-8")


class _Plain(yaml.SafeDumper):
    """Without the short names for what stands in several places, which packs do not allow."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@pytest.fixture(scope="module")
def university(given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatusEngine]:
    folder = tmp_path_factory.mktemp("packs") / "covid19" / "university"
    write(folder, pack_of(given))
    assert [str(problem) for problem in lint_pack(folder) if problem.is_error] == []
    with StatusEngine(load_pack(folder), threads=1) as engine:
        yield engine


def swabbed(outcome: str, days_ago: float, number: int = 1) -> dict[str, list[dict[str, Any]]]:
    when = NOON - timedelta(days=days_ago)
    times = {"tested_at": when, "reported_at": when, "received_at": when}
    swab = {"sample_id": number, "person_id": 1, "tube_id": number, "sampled_at": when, "recorded_at": when}
    return {
        "samples": [swab],
        "tubes": [{"tube_id": number, "capacity": 1}],
        "results": [{"result_id": number, "tube_id": number, "outcome": outcome, **times}],
    }


def both(*tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [row for each in tables for row in each.get(name, [])] for each in tables for name in each}


def under(category: str, days_ago: int) -> dict[str, list[dict[str, Any]]]:
    day = (NOON - timedelta(days=days_ago)).date()
    known = datetime.combine(day, datetime.min.time())
    row = {"exposure_id": 1, "person_id": 1, "category": category, "anchor_on": day, "recorded_at": known}
    return {"exposures": [row]}


ORDER = {
    "order_id": 1,
    "person_id": 1,
    "rule_id": "quarantine",
    "reason": "contact",
    "proposed_by": 1,
    "approved_by": 2,
}
QUARANTINE = {"orders": [ORDER | {"recorded_at": NOON, "ends_at": NOON + timedelta(days=5)}]}


@pytest.mark.parametrize(
    ("facts", "occupation", "status", "rule", "days_left"),
    [
        ({}, "other", "unknown", "default", None),
        (swabbed("negative", 3.9), "other", "green", "tested", 0.1),
        (swabbed("negative", 4), "other", "unknown", "default", None),
        (swabbed("negative", 1.9), "pupil", "green", "tested_undergraduate", 0.1),
        (swabbed("negative", 2), "pupil", "unknown", "default", None),
        (swabbed("positive", 1), "other", "red", "positive", None),
        (swabbed("invalid", 1), "other", "unknown", "unclear", None),
        (both(swabbed("negative", 1), QUARANTINE), "other", "yellow", "quarantine", 5),
        (both(swabbed("negative", 5), under("close_contact", 3)), "other", "yellow", "exposed", 0.5),
        (both(swabbed("negative", 3), under("close_contact", 5)), "other", "unknown", "test_wanted", None),
        (both(swabbed("negative", 1), under("close_contact", 5)), "other", "green", "tested", 3),
        (both(swabbed("negative", 1), under("case_at_home", 10)), "other", "red", "isolation", 0.5),
        (both(swabbed("negative", 3), under("case_at_home", 12)), "other", "unknown", "test_wanted", None),
        (both(swabbed("negative", 1), under("case_at_home", 12)), "other", "green", "tested", 3),
    ],
)
def test_people_are_decided_by_another_authoritys_rules(
    university: StatusEngine, facts: dict[str, Any], occupation: str, status: str, rule: str, days_left: float | None
) -> None:
    works = {
        "person_fact_id": 1,
        "person_id": 1,
        "fact": "occupation",
        "word": occupation,
        "recorded_at": datetime(2021, 1, 1),
    }
    answer = university.decide(arrow(facts_of(persons=[{"person_id": 1}], person_facts=[works], **facts)), NOON)
    row = decision_of(answer, 1)
    until = None if days_left is None else NOON + timedelta(days=days_left)
    assert (row["status"], row["rule_id"], row["until"]) == (status, rule, until)


def test_of_a_person_whose_occupation_is_not_known_no_green_follows_from_either_rule(university: StatusEngine) -> None:
    facts = arrow(facts_of(persons=[{"person_id": 1}], **swabbed("negative", 1)))
    assert decision_of(university.decide(facts, NOON), 1)["rule_id"] == "default"
