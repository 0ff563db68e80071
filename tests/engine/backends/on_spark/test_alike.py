"""Spark decides and counts row for row what the embedded database does: the same stages, translated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from lianfang.engine.backends.cluster import Cluster
from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.rounds.bulk import reconcile_city
from lianfang.engine.rounds.contract import RoundSettings
from lianfang.engine.rounds.on_cluster import reconcile_on_cluster
from lianfang.engine.status import StatusEngine, delta
from lianfang.engine.status.bulk import run_in_bulk
from lianfang.engine.status.considering import HELD, RANKS, considered
from lianfang.engine.status.contract import ASIDE, DECISIONS, DELTA, EVIDENCE, REASONS
from lianfang.engine.status.contract_people import TESTS_DUE
from lianfang.engine.status.on_cluster import run_on_cluster
from lianfang.engine.status.plan import Plans
from tests.engine.backends.spark import SETTINGS
from tests.engine.backends.worlds import answered, keep_facts, kept, ordered
from tests.engine.rounds.city import counted, keep_round, wild_homes
from tests.engine.status.facts import ANY_WORLD, AS_OF, V9, Facts, arrow, plausible, together
from tests.engine.status.test_people_rules import guarded

__all__ = ["guarded"]

CONTRACTS = {
    "decisions": DECISIONS, "reasons": REASONS, "evidence": EVIDENCE, "set_aside": ASIDE, "tests_due": TESTS_DUE
}  # fmt: skip
BEFORE = AS_OF - timedelta(hours=3)
DRAWN: list[Facts] = []


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(facts=ANY_WORLD)
def draw(facts: Facts) -> None:
    """Adversarial facts: ties, nulls, results that come twice, instants on the boundary, orders of other packs."""
    DRAWN.append(facts)


@pytest.fixture(scope="module")
def facts() -> Facts:
    """With every third order and exposure opened under the pack before."""
    draw()
    found = together([*DRAWN, *(plausible(seed) for seed in range(200))])
    for name, key in (("orders", "order_id"), ("exposures", "exposure_id")):
        for number, row in enumerate(sorted(found[name], key=lambda row: row[key])):
            row["opened_under"] = "covid19/v8" if number % 3 == 0 else row["opened_under"]
    return found


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(V9)


@pytest.fixture(scope="module")
def keeping(guarded: Pack) -> Pack:
    """What was opened under the pack before stays under it: then the rules of both are in the tables of the plan."""
    return under("keep", guarded)


def under(transition: str, pack: Pack) -> Pack:
    changed = pack.manifest.transition.model_copy(update={"rule": transition})
    return replace(pack, manifest=pack.manifest.model_copy(update={"transition": changed}))


@pytest.fixture(scope="module")
def superseded() -> tuple[Pack, ...]:
    return (load_pack(V9.parent / "v8"),)


@pytest.fixture(scope="module")
def cluster(environment: dict[str, str]) -> Iterator[Cluster]:
    with Cluster("local[2]", settings=SETTINGS) as opened:
        yield opened


def test_statuses_tests_due_and_every_rule_considered_are_row_for_row_the_same(
    cluster: Cluster, facts: Facts, keeping: Pack, superseded: tuple[Pack, ...], tmp_path: Path
) -> None:
    keep_facts(facts, tmp_path / "facts")
    run_in_bulk(keeping, tmp_path / "facts", tmp_path / "before", BEFORE, superseded=superseded, threads=1)
    run = run_on_cluster(
        keeping,
        tmp_path / "facts",
        tmp_path / "now",
        AS_OF,
        cluster=cluster,
        previous=tmp_path / "before",
        superseded=superseded,
        considers=True,
    )
    with StatusEngine(keeping, superseded=superseded, threads=2) as engine:
        before = engine.decide(arrow(facts), BEFORE)
        now = engine.decide(arrow(facts), AS_OF, considers=True)
    expected = answered(now) | {"tests_due": ordered(now.tests_due)}
    for name, contract in CONTRACTS.items():
        assert kept(tmp_path / "now", contract) == expected[name], name
    assert {row["state"] for row in expected["tests_due"]} == {"done", "due", "overdue", "unknown"}
    assert any(row["rule_id"].startswith("covid19/v8:") for row in expected["reasons"] + expected["decisions"])
    assert of_cluster(tmp_path / "now", keeping, superseded) == ordered(now.considered)
    assert {row["outcome"] for row in now.considered.to_pylist()} == {
        "applied", "outranked", "not_met", "unknown", "ended"
    }  # fmt: skip
    changed = delta(before.decisions, now.decisions)
    assert kept(tmp_path / "now", DELTA) == ordered(changed)
    assert run.rows["decisions"] == now.decisions.num_rows > 500
    assert sum(run.changes.values()) == changed.num_rows > 50


def test_what_becomes_of_the_pack_before_is_in_the_tables_and_not_in_the_text(
    keeping: Pack, superseded: tuple[Pack, ...]
) -> None:
    """One of the three ways is run on Spark; the statements of the two others are the same, letter by letter."""
    kept_on = Plans(keeping, superseded).at(AS_OF, considers=True)
    for transition in ("convert", "re-evaluate"):
        other = Plans(under(transition, keeping), superseded).at(AS_OF, considers=True)
        assert other.steps == kept_on.steps
        assert {name: sql for name, (_, sql) in other.outputs.items()} == {
            name: sql for name, (_, sql) in kept_on.outputs.items()
        }
        assert not other.tables["rules"].equals(kept_on.tables["rules"])


def of_cluster(folder: Path, pack: Pack, superseded: tuple[Pack, ...]) -> list[dict[str, object]]:
    """What was considered, out of what the cluster wrote of it."""
    said = Plans(pack, superseded).at(AS_OF, considers=True).said
    assert said is not None
    held = {"ranks": RANKS, "endings": HELD, "guarded": HELD, "evidence": EVIDENCE}
    found = {
        name: contract.conform(pq.read_table(folder / name, partitioning=None))
        for name, contract in held.items()
        if (folder / name).exists()
    }
    people = pq.read_table(folder / "decisions", partitioning=None)["person_id"].to_pylist()
    return ordered(considered(said, people, found))


@pytest.mark.parametrize("round_id", [1])
def test_a_round_is_counted_row_for_row_the_same(cluster: Cluster, facts: Facts, tmp_path: Path, round_id: int) -> None:
    # Rounds are numbered by world; here all of them test in the same one.
    samples = [row | {"round_id": round_id if row["round_id"] is not None else None} for row in facts["samples"]]
    facts = facts | {"samples": samples}
    homes, excused = wild_homes(facts, seed=1)
    keep_round(facts, homes, excused, tmp_path / "facts")
    settings = RoundSettings(as_of=AS_OF)
    totals = reconcile_city(tmp_path / "facts", tmp_path / "here", round_id, settings, threads=1)
    assert reconcile_on_cluster(tmp_path / "facts", tmp_path / "there", round_id, settings, cluster=cluster) == totals
    here, there = counted(tmp_path / "here"), counted(tmp_path / "there")
    for name in here:
        assert there[name] == here[name], name
    assert {row["state"] for row in here["people"]} == {"sampled", "missing", "exempt", "away", "unrostered"}
    assert {row["state"] for row in here["tubes"]} == {
        "void", "contradicting", "positive", "negative", "unclear", "pending"
    }  # fmt: skip
    assert {row["kind"] for row in here["findings"]} >= {"over_full", "twice_sampled", "contradicting", "future_clock"}
    assert not (tmp_path / "there" / "_stages").exists()
