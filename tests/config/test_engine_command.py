"""``lianfang engine run | reconcile | compare`` on a small folder of facts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lianfang.config.cli import main
from tests.engine.backends.worlds import keep_facts
from tests.engine.rounds.city import counted, keep_round, wild_homes
from tests.engine.status.facts import AS_OF, plausible, together


def run(facts: Path, output: Path, *more: str, as_of: str = AS_OF.isoformat()) -> int:
    words = ["engine", "run", "--pack", "covid19/v9", "--facts", str(facts), "--as-of", as_of, "-o", str(output)]
    return main([*words, "--threads", "1", "--lang", "en", *more])


def test_a_run_says_what_changed_and_a_comparison_finds_the_one_person_who_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worlds = [plausible(seed) for seed in range(20)]
    keep_facts(together(worlds), tmp_path / "facts")
    assert run(tmp_path / "facts", tmp_path / "a", as_of=(AS_OF - timedelta(hours=3)).isoformat()) == 0
    assert run(tmp_path / "facts", tmp_path / "b", "--previous", str(tmp_path / "a")) == 0
    assert run(tmp_path / "facts", tmp_path / "again") == 0
    said = capsys.readouterr().out
    assert "decisions: 80 rows" in said
    assert "changed, status:" in said
    assert main(["engine", "compare", str(tmp_path / "b"), str(tmp_path / "again"), "--lang", "en"]) == 0

    facts = together(worlds)
    taken_back = next(row for row in facts["persons"] if row["person_id"] == 1)
    facts["persons"].remove(taken_back)
    keep_facts(facts, tmp_path / "other facts")
    assert run(tmp_path / "other facts", tmp_path / "c") == 0
    capsys.readouterr()
    assert main(["engine", "compare", str(tmp_path / "b"), str(tmp_path / "c"), "--lang", "en"]) == 1
    said = capsys.readouterr().out
    assert "decisions: differs. Rows 80 and 79; only in the first 1, only in the second 0; people: 1" in said


def test_a_folder_that_has_files_and_an_unknown_pack_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_facts(together([plausible(1)]), tmp_path / "facts")
    assert run(tmp_path / "facts", tmp_path / "facts") == 2
    assert run(tmp_path / "facts", tmp_path / "out", "--pack", "covid19/none") == 2
    assert "covid19/none" in capsys.readouterr().err


def reconcile(facts: Path, output: Path, *more: str) -> int:
    words = ["engine", "reconcile", "--facts", str(facts), "--round", "1", "--as-of", AS_OF.isoformat()]
    return main([*words, "-o", str(output), "--threads", "1", "--lang", "en", *more])


def test_a_round_is_counted_and_proves_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = together([plausible(seed) for seed in range(30)])
    facts["samples"] = [row | {"round_id": 1} for row in facts["samples"]]
    keep_round(facts, *wild_homes(facts, seed=3), tmp_path / "facts")
    assert reconcile(tmp_path / "facts", tmp_path / "out") == 0
    totals = counted(tmp_path / "out")["totals"][0]
    said = capsys.readouterr().out
    assert totals["sampled"] > 20
    assert (
        f"expected {totals['expected']} = exempt {totals['exempt']} + away {totals['away']} "
        f"+ sampled {totals['sampled']} + missing {totals['missing']}" in said
    )
    assert f"sampled without being on a roster: {totals['unrostered']}" in said
    # Sampled before the round began is outside of it, but for who was sampled nobody knows when.
    assert reconcile(tmp_path / "facts", tmp_path / "later", "--round-from", AS_OF.isoformat()) == 0
    sampled = [row for row in counted(tmp_path / "later")["people"] if row["state"] == "sampled"]
    assert {row["first_sampled_at"] for row in sampled} == {None}
    assert len(sampled) < totals["sampled"] / 2


def test_a_round_without_a_roster_and_a_folder_that_has_files_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_facts(together([plausible(1)]), tmp_path / "facts")
    assert reconcile(tmp_path / "facts", tmp_path / "out") == 2
    assert "no roster" in capsys.readouterr().err
    (tmp_path / "facts" / "roster").mkdir()
    assert reconcile(tmp_path / "facts", tmp_path / "facts") == 2
