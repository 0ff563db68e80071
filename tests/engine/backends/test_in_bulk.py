"""A city in Parquet is decided as its people are one by one, and the delta is that between two answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lianfang.engine.backends.columnar import ColumnarError
from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.status import StatusEngine, delta
from lianfang.engine.status.bulk import run_in_bulk
from lianfang.engine.status.contract import ASIDE, DECISIONS, DELTA, EVIDENCE, FACT_CONTRACTS, REASONS
from tests.engine.backends.worlds import answered, keep_facts, kept, ordered
from tests.engine.status.facts import AS_OF, V9, arrow, plausible, together

CONTRACTS = {"decisions": DECISIONS, "reasons": REASONS, "evidence": EVIDENCE, "set_aside": ASIDE}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(V9)


def test_slices_of_a_city_are_decided_as_everybody_at_once_and_as_each_person_alone(pack: Pack, tmp_path: Path) -> None:
    worlds = [plausible(seed) for seed in range(300)]
    facts = together(worlds)
    keep_facts(facts, tmp_path / "facts")
    before, now = AS_OF - timedelta(hours=3), AS_OF
    for as_of, name in ((before, "before"), (now, "now")):
        previous = tmp_path / "before" if name == "now" else None
        run_in_bulk(
            pack, tmp_path / "facts", tmp_path / name, as_of, previous=previous, threads=1, people_per_slice=200
        )
    assert len(list((tmp_path / "now" / "decisions").rglob("*.parquet"))) > 3
    with StatusEngine(pack, threads=1) as engine:
        answers = {as_of: engine.decide(arrow(facts), as_of) for as_of in (before, now)}
        for as_of, name in ((before, "before"), (now, "now")):
            found = {out: kept(tmp_path / name, contract) for out, contract in CONTRACTS.items()}
            assert found == answered(answers[as_of])
        changed = delta(answers[before].decisions, answers[now].decisions)
        assert changed.num_rows > 50
        assert kept(tmp_path / "now", DELTA) == ordered(changed)
        alone = [engine.decide(arrow(together([world])), now).decisions.to_pylist() for world in worlds[:1]]
    first = [row for row in answers[now].decisions.to_pylist() if row["person_id"] < 100]
    assert alone == [first]


def test_some_people_of_a_city_are_decided_as_in_the_full_run(pack: Pack, tmp_path: Path) -> None:
    facts = together([plausible(seed) for seed in range(150)])
    keep_facts(facts, tmp_path / "facts")
    chosen = [row["person_id"] for row in facts["persons"] if row["person_id"] % 100 in (1, 3)]
    pq.write_table(pa.table({"person_id": pa.array(chosen, pa.int64())}), tmp_path / "only.parquet")
    run_in_bulk(pack, tmp_path / "facts", tmp_path / "all", AS_OF, threads=1)
    run_in_bulk(pack, tmp_path / "facts", tmp_path / "some", AS_OF, threads=1, only=tmp_path / "only.parquet")
    for contract in (DECISIONS, REASONS, EVIDENCE):
        of_all = [row for row in kept(tmp_path / "all", contract) if row["person_id"] in chosen]
        assert kept(tmp_path / "some", contract) == of_all
    assert len(kept(tmp_path / "some", DECISIONS)) == 300


def test_facts_that_break_their_contract_are_refused(pack: Pack, tmp_path: Path) -> None:
    facts = together([plausible(1)])
    facts["samples"][0]["recorded_at"] = None
    keep_facts(facts, tmp_path / "facts")
    with pytest.raises(ColumnarError, match=r"samples\.recorded_at: 1 rows without a value"):
        run_in_bulk(pack, tmp_path / "facts", tmp_path / "out", AS_OF)


def test_a_run_writes_nothing_over_an_earlier_one(pack: Pack, tmp_path: Path) -> None:
    keep_facts(together([plausible(1)]), tmp_path / "facts")
    run_in_bulk(pack, tmp_path / "facts", tmp_path / "out", AS_OF, threads=1)
    with pytest.raises(FileExistsError):
        run_in_bulk(pack, tmp_path / "facts", tmp_path / "out", AS_OF, threads=1)


def test_a_city_without_people_gives_no_decision(pack: Pack, tmp_path: Path) -> None:
    facts = together([plausible(1)]) | {"persons": []}
    keep_facts(facts, tmp_path / "facts")
    rows = run_in_bulk(pack, tmp_path / "facts", tmp_path / "out", AS_OF, threads=1).rows
    assert rows["decisions"] == 0


def test_a_city_of_which_nobody_is_left_is_decided_and_everybody_of_before_is_gone(pack: Pack, tmp_path: Path) -> None:
    facts = together([plausible(seed) for seed in range(5)])
    keep_facts(facts, tmp_path / "facts")
    run_in_bulk(pack, tmp_path / "facts", tmp_path / "before", AS_OF, threads=1)
    folder = tmp_path / "left" / "persons"
    folder.mkdir(parents=True)
    pq.write_table(FACT_CONTRACTS["persons"].schema.empty_table(), folder / "part-0.parquet")
    run_in_bulk(pack, tmp_path / "left", tmp_path / "now", AS_OF, previous=tmp_path / "before", threads=1)
    assert kept(tmp_path / "now", DECISIONS) == []
    gone = kept(tmp_path / "now", DELTA)
    assert {row["person_id"] for row in gone} == {row["person_id"] for row in kept(tmp_path / "before", DECISIONS)}
