"""The files look as intended to a reader that knows nothing of the generator."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from lianfang.demo import DemoFiles, write_demo
from lianfang.demo.sheets import MARK
from lianfang.demo.truth import Truth

_ENCODINGS = {"系统导出-其余社区.csv": "gb18030", "结果回传-清源检测.csv": "gb18030"}


def _sheets(path: Path) -> Iterator[tuple[str, list[list[Any]]]]:
    if path.suffix == ".csv":
        with path.open(encoding=_ENCODINGS.get(path.name, "utf-8-sig"), newline="") as stream:
            yield "", list(csv.reader(stream))
        return
    with path.open("rb") as stream:
        book = CalamineWorkbook.from_filelike(stream)
        for name in book.sheet_names:
            yield name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _all_files(demo: DemoFiles) -> tuple[Path, ...]:
    return demo.rosters + demo.samples + demo.results + demo.exempt


def _cells(demo: DemoFiles) -> dict[tuple[str, str, int], list[str]]:
    return {
        (path.name, sheet, row): [str(cell) for cell in cells]
        for path in _all_files(demo)
        for sheet, rows in _sheets(path)
        for row, cells in enumerate(rows, 1)
    }


def test_every_sheet_says_in_its_first_row_that_its_people_are_invented(small_demo: DemoFiles) -> None:
    for path in _all_files(small_demo):
        for name, rows in _sheets(path):
            assert MARK in str(rows[0][0]), f"{path.name}/{name}"


def test_every_format_occurs_and_five_laboratories_have_five(small_demo: DemoFiles) -> None:
    assert {path.suffix for path in small_demo.rosters} == {".xlsx", ".xls", ".csv"}
    assert {path.suffix for path in small_demo.samples} == {".xlsx", ".et", ".csv"}
    assert len(small_demo.results) == 5
    assert {path.suffix for path in small_demo.results} == {".xlsx", ".xls", ".et", ".csv"}


def test_every_roster_and_sample_row_of_the_truth_names_the_person_in_that_row(
    small_demo: DemoFiles, small_truth: Truth
) -> None:
    """Names are the witness: they are seldom changed, and never on unmarked rows beyond spaces and radicals."""
    names: dict[int, set[str]] = {}
    rows = 0
    for (file, sheet, row), cells in _cells(small_demo).items():
        if file not in {path.name for path in small_demo.rosters + small_demo.samples}:
            continue
        person = small_truth.person({"file": file, "sheet": sheet, "row": row})
        if person is None:
            continue
        rows += 1
        ids = {cell.upper() for cell in cells if len(cell) == 18 and cell.startswith("99")}
        names.setdefault(person, set()).update(ids)
    assert rows > 13_000
    several = [person for person, ids in names.items() if len(ids) > 1]
    wrong = {item["person"] for item in small_truth.planted["id_digit"]}
    assert set(several) == wrong & set(several)
    assert len(several) >= len(wrong) - 1


def test_every_resident_stands_on_a_roster_and_nobody_who_is_unrostered_does(
    small_demo: DemoFiles, small_truth: Truth
) -> None:
    rosters = {path.name for path in small_demo.rosters}
    found = [
        small_truth.person({"file": file, "sheet": sheet, "row": row})
        for file, sheet, row in _cells(small_demo)
        if file in rosters
    ]
    people = [person for person in found if person is not None]
    assert set(people) == set(range(small_demo.people))
    assert len(people) == small_demo.people + small_demo.planted["roster_duplicate"]


def test_truth_rows_of_unreadable_cells_show_lost_digits_and_short_phones(
    small_demo: DemoFiles, small_truth: Truth
) -> None:
    cells = _cells(small_demo)
    for item in small_truth.planted["unreadable_cell"]:
        ref = item["rows"][0]
        row = cells[ref["file"], ref["sheet"], ref["row"]]
        if item["field"] == "id_number":
            assert any("E+17" in cell.upper() or cell.endswith(".0") for cell in row)
            assert not any(len(cell) == 18 and cell.startswith("99") for cell in row)
        else:
            assert any(len(cell) == 9 and cell.isdigit() for cell in row)


def test_tubes_named_in_results_are_those_of_the_samples_except_the_planted(
    small_demo: DemoFiles, small_truth: Truth
) -> None:
    cells = _cells(small_demo)
    sample_files = {path.name for path in small_demo.samples}
    result_files = {path.name for path in small_demo.results}
    sampled = {cell for (file, _, _), row in cells.items() if file in sample_files for cell in row}
    heads = {"A", "E", "C", "H", "D", "Z"}
    reported = {
        cell
        for (file, _, _), row in cells.items()
        if file in result_files
        for cell in row
        if len(cell) >= 10 and (cell[:1] in heads or cell[:2] == "22") and cell[1:].isdigit()
    }
    unmatched = {item["tube"] for item in small_truth.planted["unmatched_result"]}
    assert reported - sampled == unmatched


def test_an_over_full_tube_has_more_people_than_its_form_allows(small_truth: Truth) -> None:
    assert small_truth.planted["over_full"]
    for item in small_truth.planted["over_full"]:
        assert len(set(item["people"])) in {6, 11, 21}


@pytest.mark.parametrize("formats", ["mixed", "csv"])
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, formats: str) -> None:
    digests = []
    for name in ("a", "b"):
        demo = write_demo(tmp_path / name, people=400, seed=3, formats=formats)  # type: ignore[arg-type]
        files = (*_all_files(demo), demo.truth)
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
    assert digests[0] == digests[1]
    other = write_demo(tmp_path / "c", people=400, seed=4, formats=formats)  # type: ignore[arg-type]
    assert hashlib.sha256(other.truth.read_bytes()).hexdigest() != digests[0][other.truth.name]


def test_csv_only_writes_nothing_but_csv(folder: Path) -> None:
    demo = write_demo(folder, people=300, formats="csv")
    assert {path.suffix for path in _all_files(demo)} == {".csv"}


def test_a_folder_with_something_in_it_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.txt").write_text("kept")
    with pytest.raises(FileExistsError):
        write_demo(folder, people=100)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("people", [0, 99, 10_000_001])
def test_a_size_out_of_range_is_refused(folder: Path, people: int) -> None:
    with pytest.raises(ValueError, match="people must be between"):
        write_demo(folder, people=people)
    assert not folder.exists()


def test_a_csv_file_rolls_over_before_a_spreadsheet_program_would_cut_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lianfang.demo.sheets.ROWS_PER_CSV", 150)
    demo = write_demo(folder, people=2_000, formats="csv")
    exports = [path for path in demo.rosters if path.name.startswith("社区名册")]
    assert len(exports) > 3
    for path in exports:
        [(_, rows)] = _sheets(path)
        assert MARK in rows[0][0]
        assert rows[1][0] == "序号"


def test_another_year_still_has_valid_birthdays(folder: Path) -> None:
    demo = write_demo(folder, people=300, formats="csv", as_of=datetime(2003, 5, 1, 3, 10))
    years = {
        int(cell[6:10])
        for path in demo.rosters
        for _, rows in _sheets(path)
        for row in rows
        for cell in row
        if len(cell) == 18 and cell.startswith("99")
    }
    assert min(years) > 1902
    assert max(years) <= 2003
