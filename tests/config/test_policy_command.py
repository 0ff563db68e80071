"""``lianfang policy`` as a health official runs it: packs in, sentences out."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from lianfang.config.cli import READER_GONE, main, policy_cases
from lianfang.config.cli.policy_command import SCHEMA_FOLDER
from lianfang.engine.packs import load_pack
from tests.engine.packs.changing import PACKS, WHOLE, change, copied


def run(*words: str, language: str = "zh-Hans") -> int:
    return main(["policy", *words, "--lang", language])


def test_the_shipped_packs_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lint") == 0
    said = capsys.readouterr().out
    packs = len(list(PACKS.glob("*/*/pack.yaml")))
    assert f"查了 {packs} 个政策包：0 个错误" in said
    assert "九不准第 6、8 条，软件不能判断" in said


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("zh-Hans", "areas.yaml 第 9 行，levels[1].next：没有 nowhere。有的是：high, low。"),
        ("zh-Hant", "areas.yaml 第 9 行，levels[1].next：沒有 nowhere。有的是：high, low。"),
        ("en", "areas.yaml, line 9, levels[1].next: There is no nowhere. There are: high, low."),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, line: str
) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "areas.yaml", "next: low", "next: nowhere")
    assert run("lint", str(folder), language=language) == 1
    assert line in capsys.readouterr().out


def test_a_layer_that_lengthens_isolation_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "layers/61.yaml", "key: parameters.certificate_hours", "key: parameters.clear_days")
    change(folder, "layers/61.yaml", "value: 72", "value: 14")
    assert run("lint", str(folder), "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    found = [one for one in answer["nine_donts"] if one["outcome"] == "broken"]
    assert [(one["layer"], one["number"]) for one in found] == [("61", 3)]
    assert found[0]["findings"] == [{"code": "control_longer", "params": {"level": "high", "days": 14, "before": 7}}]
    assert run("lint", str(folder)) == 0
    assert "“高风险区”降级要等的天数从 7 天延长到 14 天" in capsys.readouterr().out


def test_a_case_that_comes_out_otherwise_is_told_with_both_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copied(PACKS / "practice" / "v1", tmp_path)
    change(folder, "cases.yaml", "status: green", "status: red")
    cases = (folder / "cases.yaml").read_text("utf-8").split("\n- situation")
    (folder / "cases.yaml").write_text("\n- situation".join(cases[:3]), "utf-8")
    outcomes = policy_cases.decided_cases(load_pack(folder), (), folder)
    # Decided once: opening an engine costs more than all the rest.
    monkeypatch.setattr(policy_cases, "decided_cases", lambda *given: outcomes)
    assert run("lint", str(folder), "--cases") == 1
    said = capsys.readouterr().out
    assert "判例 2 个，1 个与预期不符" in said
    assert "status：预期 red，得到 green" in said
    assert run("lint", str(folder), "--cases", "--json") == 1
    (answer,) = json.loads(capsys.readouterr().out)
    (wrong,) = answer["cases"]["wrong"]
    assert (wrong["expected"]["status"], wrong["got"]["status"]) == ("red", "green")


def test_what_changes_is_told_in_sentences_by_whom_it_concerns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diff", "covid19/v9", "covid19/v9+20") == 0
    said = capsys.readouterr().out
    contacts = said[said.index("密切接触者\n") :].split("\n\n")[0]
    assert "总天数从 10 天改为 8 天。" in contacts
    assert "“集中隔离”从 7 天改为 5 天。" in contacts
    assert run("diff", "covid19/v9", "covid19/v9+20", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["old"]["id"], told["new"]["at"]) == ("covid19/v9", "2022-11-11 00:00:00")
    assert {"who": "category", "whom": "close_contact", "code": "total_days", "params": {"before": 10, "after": 8}} in (
        told["changes"]
    )


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_a_pack_is_shown_in_words_at_an_instant_and_place(capsys: pytest.CaptureFixture[str], language: str) -> None:
    assert run("show", str(WHOLE), "--division", "610112", "--as-of", "2022-05-10", language=language) == 0
    county = capsys.readouterr().out
    assert run("show", str(WHOLE), "--as-of", "2022-05-10", language=language) == 0
    country = capsys.readouterr().out
    assert {"zh-Hans": "县里有疫情", "zh-Hant": "縣裏有疫情", "en": "An outbreak"}[language] in county
    assert country != county
    assert not any(sign in country for sign in ("{", "None", "pack_words"))


def test_a_pack_that_is_not_there_or_not_in_force_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lint", "covid19/v99") == 2
    assert "没有政策包 covid19/v99。有的是：" in capsys.readouterr().err
    assert run("show", "covid19/v9", "--as-of", "2020-01-01") == 2
    assert "那时不在有效期内" in capsys.readouterr().err


def test_a_faulty_pack_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "areas.yaml", "next: low", "next: nowhere")
    assert run("diff", str(WHOLE), str(folder)) == 1
    assert "没有 nowhere" in capsys.readouterr().err


def test_schemas_are_written_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lianfang.config.cli.policy_command.policy_packs_folder", lambda: tmp_path)
    assert run("schema", "--check") == 1
    assert "categories.json" in capsys.readouterr().err
    assert run("schema") == 0
    assert run("schema", "--check") == 0
    written = {path.name for path in (tmp_path / SCHEMA_FOLDER).iterdir()}
    assert written == {path.name for path in (PACKS / SCHEMA_FOLDER).iterdir()}


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.TextIOWrapper):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with (tmp_path / "out").open("wb") as file:
        monkeypatch.setattr(sys, "stdout", Closed(file))
        assert run("show", str(WHOLE)) == READER_GONE
        monkeypatch.undo()
