"""Spark decides row for row what the embedded database decides: the same stages, translated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from lianfang.engine.packs import load_pack
from lianfang.engine.status import StatusEngine, delta
from lianfang.engine.status.bulk import run_in_bulk
from lianfang.engine.status.contract import ASIDE, DECISIONS, DELTA, EVIDENCE, REASONS
from tests.engine.backends.spark import SETTINGS, need_spark
from tests.engine.backends.worlds import answered, keep_facts, kept, ordered
from tests.engine.status.facts import ANY_WORLD, AS_OF, V9, Facts, arrow, plausible, together

CONTRACTS = {"decisions": DECISIONS, "reasons": REASONS, "evidence": EVIDENCE, "set_aside": ASIDE}
DRAWN: list[Facts] = []


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(facts=ANY_WORLD)
def draw(facts: Facts) -> None:
    """Adversarial facts: ties, nulls, results that come twice, instants on the boundary."""
    DRAWN.append(facts)


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    need_spark()
    from lianfang.engine.backends.cluster import Cluster

    with Cluster("local[2]", settings=SETTINGS) as opened:
        yield opened


def test_spark_and_the_embedded_database_decide_row_for_row_the_same(cluster: object, tmp_path: Path) -> None:
    from lianfang.engine.backends.cluster import Cluster
    from lianfang.engine.status.on_cluster import run_on_cluster

    assert isinstance(cluster, Cluster)
    draw()
    pack = load_pack(V9)
    facts = together([*DRAWN, *(plausible(seed) for seed in range(200))])
    keep_facts(facts, tmp_path / "facts")
    before = AS_OF - timedelta(hours=3)
    run_in_bulk(pack, tmp_path / "facts", tmp_path / "before", before, threads=1)
    run = run_on_cluster(
        pack, tmp_path / "facts", tmp_path / "now", AS_OF, cluster=cluster, previous=tmp_path / "before"
    )
    with StatusEngine(pack, threads=2) as engine:
        answers = {as_of: engine.decide(arrow(facts), as_of) for as_of in (before, AS_OF)}
    expected = answered(answers[AS_OF])
    for out, contract in CONTRACTS.items():
        assert kept(tmp_path / "now", contract) == expected[out], out
    changed = delta(answers[before].decisions, answers[AS_OF].decisions)
    assert kept(tmp_path / "now", DELTA) == ordered(changed)
    assert run.rows["decisions"] == answers[AS_OF].decisions.num_rows > 500
    assert sum(run.changes.values()) == changed.num_rows > 50
