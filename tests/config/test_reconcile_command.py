"""``lianfang reconcile`` as a clerk runs it: files in, workbook and JSON out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lianfang.config.cli import main

ROSTER = [["姓名", "身份证号", "电话", "楼栋", "单元", "房号"]]
ROSTER += [
    [name, "", f"1640000{number:04d}", "10号楼", "1单元", str(101 + number)]
    for number, name in enumerate(["赵一凡", "钱二宝", "孙三强", "李思雨", "周武", "吴六顺", "郑七巧", "王八斗"])
]
SAMPLES = [["姓名", "电话", "采样管编号", "采样时间"]]
SAMPLES += [[row[0], row[2], "T0001", "2022-08-29 22:10"] for row in ROSTER[1:6]]
RESULTS = [["采样管编号", "检测结果", "检测时间"], ["T0001", "阳性", "2022-08-30 01:00"]]


@pytest.fixture
def night(tmp_path: Path) -> Path:
    for name, rows in (("roster", ROSTER), ("samples", SAMPLES), ("results", RESULTS)):
        write(tmp_path / f"{name}.csv", rows)
    return tmp_path


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(rows)


def run(night: Path, *more: str, results: str = "results.csv", samples: str = "samples.csv") -> int:
    return main(
        ["reconcile", "--lang", "zh-Hans", "--quiet", "--roster", str(night / "roster.csv"),
         "--samples", str(night / samples), "--results", str(night / results), "--as-of", "2022-08-30T03:00",
         "-o", str(night / "report.xlsx"), "--json", str(night / "answer.json"), *more]
    )  # fmt: skip


def said(night: Path) -> dict[str, Any]:
    return dict(json.loads((night / "answer.json").read_text("utf-8")))


def test_three_files_become_one_report_and_its_json(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(night) == 0
    answer = said(night)
    totals = answer["totals"]
    assert (totals["expected"], totals["sampled"], totals["missing"], totals["held"]) == (8, 5, 3, 5)
    assert [row["name"] for row in answer["missing"]] == ["吴六顺", "郑七巧", "王八斗"]
    assert answer["missing"][0]["sources"] == [{"file": "roster.csv", "sheet": "roster", "row": 7, "part": 0}]
    assert "应检 8 = 免检 0 + 外出 0 + 已采 5 + 漏检 3" in capsys.readouterr().out
    book = openpyxl.load_workbook(night / "report.xlsx")
    assert book.sheetnames[0] == "总览"


def test_a_roster_given_as_sampling_file_stops_the_job_and_is_named(
    night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(night, samples="roster.csv") == 3
    error = capsys.readouterr().err
    assert "roster.csv" in error and "采样记录" in error
    assert not (night / "report.xlsx").exists()


def test_one_unreadable_laboratory_file_stops_the_job_unless_it_is_to_be_skipped(
    night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (night / "broken.xlsx").write_bytes(b"PK\x03\x04 half a download")
    files = [str(night / "broken.xlsx")]
    assert run(night, "--results", *files) == 3
    assert not (night / "report.xlsx").exists()
    assert run(night, "--results", *files, "--skip-refused") == 1
    assert said(night)["totals"]["held"] == 5
    assert "broken.xlsx" in capsys.readouterr().err


def test_an_output_that_is_an_input_is_refused_before_anything_is_read(night: Path) -> None:
    before = (night / "roster.csv").read_bytes()
    assert main(["reconcile", "--roster", str(night / "roster.csv"), "--samples", str(night / "samples.csv"),
                 "-o", str(night / "r.xlsx"), "--json", str(night / "roster.csv")]) == 2  # fmt: skip
    assert (night / "roster.csv").read_bytes() == before


def test_a_result_that_is_not_understood_needs_a_look_and_is_never_negative(night: Path) -> None:
    write(night / "results.csv", [RESULTS[0], ["T0001", "见附件", "2022-08-30 01:00"]])
    assert run(night) == 1
    assert said(night)["totals"]["pending"] == 5
    assert said(night)["cells_not_understood"]


def test_decisions_typed_into_the_report_are_replayed_and_stay_in_the_next_report(night: Path) -> None:
    # 吴陆顺 in the same flat: the same sound, another character, and no phone to prove it.
    write(
        night / "samples.csv",
        [[*SAMPLES[0], "楼栋", "单元", "房号"], *([*row, "", "", ""] for row in SAMPLES[1:]),
         ["吴六舜", "", "T0001", "2022-08-29 22:11", "10号楼", "1单元", "106"]],
    )  # fmt: skip
    run(night)
    (pair,) = said(night)["unsure_matches"]
    assert pair["clears_missing"]
    fill_in(night / "report.xlsx", pair["pair_key"], "同一人")
    run(night, "--decisions", str(night / "report.xlsx"))
    assert "吴六顺" not in [row["name"] for row in said(night)["missing"]]
    assert said(night)["decisions"] == [{"pair_key": pair["pair_key"], "decision": "same"}]
    assert (night / "report.previous.xlsx").exists()
    run(night, "--decisions", str(night / "report.xlsx"))
    assert "吴六顺" not in [row["name"] for row in said(night)["missing"]]


def fill_in(path: Path, pair_key: str, decision: str) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book["是否同一人"]
    (header,) = [row for row in sheet.iter_rows() if "配对编号" in [cell.value for cell in row]]
    at = {cell.value: cell.column for cell in header}
    (line,) = [row[0].row for row in sheet.iter_rows() if row[at["配对编号"] - 1].value == pair_key]
    sheet.cell(line, at["决定"]).value = decision
    book.save(path)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Wrong usage"), ("zh-Hant", "用法有誤"), ("zh-Hans", "用法有误")]
)
def test_wrong_usage_is_told_in_the_language_asked_for(
    language: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["reconcile", "--lang", language])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err
