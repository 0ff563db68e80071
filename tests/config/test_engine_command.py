"""``lianfang engine run | compare`` on a small folder of facts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lianfang.config.cli import main
from tests.engine.backends.worlds import keep_facts
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
