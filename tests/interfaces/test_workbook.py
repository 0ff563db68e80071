from __future__ import annotations

import stat
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from lianfang.engine.linkage.decisions import Decisions
from lianfang.engine.rounds import contract as rounds
from lianfang.engine.tables import CELL_NOTES
from lianfang.foundation.texts import LANGUAGES, Texts, texts
from lianfang.interfaces.workbook import lists, read_decisions, write_workbook
from lianfang.interfaces.workbook.book import SHEETS
from lianfang.interfaces.workbook.bulk import escaped
from lianfang.interfaces.workbook.columns import plain
from tests.interfaces.answers import empty_answer, identity, long_answer, small_answer

# openpyxl cannot carry data bars; it reads everything else that is asked of it here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")
MADE_AT = datetime(2022, 4, 2, 5, 3)


def write(path: Path, language: str = "zh-Hans", answer: Any = None, **more: Any) -> Path:
    answer = small_answer() if answer is None else answer
    write_workbook(answer, path, texts=texts(language), made_at=MADE_AT, version="9.9", **more)
    return path


def opened(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def cells(sheet: Worksheet) -> list[list[Any]]:
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def texts_on(sheet: Worksheet) -> str:
    return "\n".join(str(cell) for row in cells(sheet) for cell in row if cell is not None)


def header_of(sheet: Worksheet, label: str) -> tuple[int, list[Any]]:
    """The header row (from 1) that holds ``label``."""
    return next((n, row) for n, row in enumerate(cells(sheet), 1) if label in row)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    return opened(write(tmp_path_factory.mktemp("report") / "report.xlsx"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("answer", [small_answer(), empty_answer()], ids=["full", "empty"])
def test_every_sheet_is_there_in_every_language_even_where_its_list_is_empty(
    tmp_path: Path, language: str, answer: Any
) -> None:
    book = opened(write(tmp_path / "r.xlsx", language, answer))
    assert book.sheetnames == [texts(language)(f"report.sheet.{key}") for key in SHEETS]
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_an_empty_list_says_in_one_line_that_it_is_empty(tmp_path: Path) -> None:
    book = opened(write(tmp_path / "r.xlsx", "zh-Hans", empty_answer()))
    assert "无：没有阳性管。" in texts_on(book["阳性管"])
    assert "无：应检的人都采了、免检或外出。" in texts_on(book["漏检名单"])


def test_every_sheet_prints_on_a4_with_file_page_and_as_of_in_the_footer(report: Workbook) -> None:
    for sheet in report.worksheets:
        assert str(sheet.page_setup.paperSize) == sheet.PAPERSIZE_A4, sheet.title
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
        assert sheet.page_setup.fitToWidth in (None, 1), sheet.title
        assert "&F" in sheet.oddFooter.left.text, sheet.title
        assert "&P" in sheet.oddFooter.center.text, sheet.title
        assert "2022-04-02 05:00" in sheet.oddFooter.right.text, sheet.title


def test_the_overview_is_one_page_with_the_proof_and_what_to_do(report: Workbook) -> None:
    said = texts_on(report["总览"])
    assert "应检 = 免检 + 外出 + 已采 + 漏检：1,768 = 32 + 48 + 1,664 + 24　✓" in said
    assert said.index("3 根阳性或矛盾的管，16 人") < said.index("24 人漏检") < said.index("4 根管超时")
    # What is not written is 1 in the format; the long lists say 0 for "as many pages as it takes".
    assert report["总览"].page_setup.fitToHeight in (None, 1)
    assert report["漏检名单"].page_setup.fitToHeight == 0


def test_a_sum_that_does_not_hold_is_said_aloud(tmp_path: Path) -> None:
    answer = small_answer()
    totals = answer.round.totals.to_pylist()[0] | {"missing": 23}
    wrong = pa.Table.from_pylist([totals], schema=rounds.TOTALS.schema)
    fields = {name: getattr(answer.round, name) for name in answer.round.__slots__} | {"totals": wrong}
    path = write(tmp_path / "r.xlsx", "zh-Hans", small_answer(round=rounds.RoundAnswer(**fields)))
    assert "1,768 ≠ 32 + 48 + 1,664 + 23　✗" in texts_on(opened(path)["总览"])


def test_the_links_of_the_overview_lead_to_sheets_that_exist(report: Workbook) -> None:
    links = [cell.hyperlink for row in report["总览"].iter_rows() for cell in row if cell.hyperlink]
    targets = [link.location.split("!")[0].strip("'") for link in links]
    assert len(targets) == 13
    assert set(targets) <= set(report.sheetnames)


def test_every_community_has_a_subtotal_that_is_the_sum_of_its_buildings(report: Workbook) -> None:
    header, labels = header_of(report["按楼栋"], "应检")
    rows = cells(report["按楼栋"])[header:]
    expected, community = labels.index("应检"), labels.index("社区（村）")
    whole, *rest = rows
    subtotals = {row[community]: row[expected] for row in rest if row[community] and "小计" in row[community]}
    sums = {
        f"{name}　小计": sum(row[expected] for row in rest if row[community] == name) for name in ("柳荫社区", "北苑村")
    }
    assert subtotals == sums
    assert whole[expected] == sum(sums.values()) == 1768


def test_the_missing_stand_under_their_building_with_phone_and_room_to_write(report: Workbook) -> None:
    sheet = report["漏检名单"]
    header, labels = header_of(sheet, "姓名")
    rows = cells(sheet)[header:]
    people = [row for row in rows if isinstance(row[0], int)]
    bands = [row[0] for row in rows if isinstance(row[0], str)]
    assert [row[0] for row in people] == list(range(1, 25))
    assert all(row[labels.index("已打电话")] is None for row in people)
    assert bands[0].startswith("北苑村 · 1号楼　漏检 1 人")
    assert sum(int(band.split("漏检 ")[1].split(" ")[0]) for band in bands) == 24


def test_each_community_of_the_missing_begins_a_page(report: Workbook) -> None:
    sheet = report["漏检名单"]
    breaks = [mark.id for mark in sheet.row_breaks.brk]
    assert [cells(sheet)[at][0].split(" · ")[0] for at in breaks] == ["柳荫社区"]


def test_phones_codes_and_identities_are_text_and_times_are_real_dates(report: Workbook) -> None:
    header, labels = header_of(report["待出结果的人"], "姓名")
    row = report["待出结果的人"][header + 1]
    assert isinstance(row[labels.index("电话")].value, str)
    assert isinstance(row[labels.index("管码")].value, str)
    assert row[labels.index("采样时间")].value == datetime(2022, 4, 1, 18, 0)


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    evil = ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", "\x01bad", "<b>&</b>", " led and trailed "]
    answer = small_answer()
    names = pa.array([evil[n % len(evil)] for n in range(answer.pending.num_rows)], pa.string())
    at = answer.pending.column_names.index("name")
    path = write(tmp_path / "r.xlsx", "en", small_answer(pending=answer.pending.set_column(at, "name", names)))
    with zipfile.ZipFile(path) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not any(b"<f>" in sheet for sheet in sheets)
    sheet = opened(path)["People pending"]
    header, labels = header_of(sheet, "Name")
    shown = [row[labels.index("Name")] for row in cells(sheet)[header : header + 8]]
    assert shown == [*evil[:5], "\ufffdbad", *evil[6:]]


def test_identity_numbers_are_masked_unless_asked_for(tmp_path: Path) -> None:
    answer = small_answer()
    whole = set(answer.records.column("id_number").to_pylist()) | set(answer.pending.column("id_number").to_pylist())
    for full in (False, True):
        path = write(tmp_path / f"{full}.xlsx", full_identity=full)
        with zipfile.ZipFile(path) as parts:
            text = "".join(parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/"))
        assert any(number in text for number in whole) is full


def test_a_wrong_digit_can_be_seen_in_masked_numbers(report: Workbook) -> None:
    right, wrong = identity(1), identity(1)[:16] + "7" + identity(1)[17:]
    said = texts_on(report["矛盾与冲突"])
    assert right[0] + "*" * 13 + right[-4:] in said
    assert wrong[0] + "*" * 13 + wrong[-4:] in said


def test_everyone_in_a_positive_tube_has_an_action_and_the_rules_stand_above(report: Workbook) -> None:
    said = texts_on(report["阳性管"])
    assert said.index("急救优先于一切管控") < said.index("T2204000007")
    assert said.count("通知本人就地等候，立即单采复核") == 11
    assert said.count("报告病例，按病例处置") == 1
    assert "2022-04-02 04:00" in said


def test_what_was_decided_in_the_yellow_column_comes_back(tmp_path: Path) -> None:
    for language, same in (("zh-Hans", "同一人"), ("zh-Hant", "同一人"), ("en", "same")):
        path = write(tmp_path / f"{language}.xlsx", language)
        book = opened(path)
        sheet = book[texts(language)("report.sheet.pairs")]
        decision = texts(language)("report.column.decision")
        header, labels = header_of(sheet, decision)
        sheet.cell(header + 1, labels.index(decision) + 1).value = same
        book.save(path)
        decisions = Decisions.from_rows(read_decisions(path))
        assert decisions.verdicts == {"pair-0001": "same", "pair-0009": "different"}
        assert decisions.unread == ()


def test_a_workbook_without_decisions_is_named_in_the_error(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(ValueError, match=r"other\.xlsx"):
        read_decisions(tmp_path / "other.xlsx")


def test_decisions_are_read_from_a_csv_by_their_code_names(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("Pair_Key,who,Decision\npair-0001,王伟,same\npair-0002,李娜,\n", encoding="utf-8")
    assert read_decisions(path) == [("pair-0001", "same"), ("pair-0002", None)]


def test_the_decision_cells_offer_the_two_answers(report: Workbook) -> None:
    (rule,) = report["是否同一人"].data_validations.dataValidation
    assert rule.formula1 == '"同一人,不是同一人"'


def test_cells_not_understood_come_with_their_reference(report: Workbook) -> None:
    header, labels = header_of(report["读不懂的单元格"], "单元格")
    row = cells(report["读不懂的单元格"])[header]
    assert row[labels.index("单元格")] == "C12"
    assert row[labels.index("文件")] == "石桥镇名册.xlsx"


def test_changes_are_told_by_kind_with_how_often(report: Workbook) -> None:
    header, labels = header_of(report["读取时的改动"], "次数")
    rows = cells(report["读取时的改动"])[header:]
    assert [row[labels.index("次数")] for row in rows] == [2, 1]


def test_a_list_longer_than_a_sheet_goes_on_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_ROWS", 90)
    book = opened(write(tmp_path / "r.xlsx", "en", long_answer(200)))
    parts = [name for name in book.sheetnames if name.startswith("People pending")]
    assert parts == ["People pending", "People pending (2)", "People pending (3)"]
    names = [header_of(book[part], "Name")[0] for part in parts]
    assert sum(book[part].max_row - header for part, header in zip(parts, names, strict=True)) == 200
    assert "(sheet 2 of 3, from row 91" in texts_on(book[parts[1]])


def test_a_column_that_says_something_only_far_down_is_kept() -> None:
    rows = lists.MEASURED + lists.CHUNK + 2
    table = pa.table({"late": [*[None] * (rows - 1), "x"], "never": pa.nulls(rows, pa.string())})
    columns = [lists.ListColumn(name, plain(name), optional=True) for name in table.column_names]
    assert [column.key for column in lists.present_columns(table, columns)] == ["late"]


def test_rows_are_as_tall_by_columns_as_one_by_one() -> None:
    rows = [(None, "柳荫社区" * 9, 3), ("a\nb\nc", "x", 4), ("", None, None), ("柳" * 40, "y " * 50, 5)]
    wrapped = [(0, 12.0), (1, 20.0)]
    one_by_one = [lists.row_height(row, wrapped) for row in rows]
    assert lists.row_heights(list(zip(*rows, strict=True)), wrapped, len(rows)) == one_by_one
    assert len(set(one_by_one)) > 2


def test_the_workbook_is_readable_by_its_owner_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path / "r.xlsx")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_half_way_leaves_no_working_files(tmp_path: Path) -> None:
    class Torn(Texts):
        def __call__(self, key: str, **gaps: Any) -> str:
            if key == "report.sheet.pairs":
                raise KeyError(key)
            return super().__call__(key, **gaps)

    torn = Torn("en", texts("en")._entries)
    with pytest.raises(KeyError):
        write_workbook(small_answer(), tmp_path / "r.xlsx", texts=torn, made_at=MADE_AT, version="9.9")
    assert [path.name for path in tmp_path.iterdir()] == ["r.xlsx"]


def test_a_folder_that_is_not_there_is_an_error_of_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        write(tmp_path / "nowhere" / "r.xlsx")


def test_progress_is_told_sheet_by_sheet(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    write(tmp_path / "r.xlsx", on_progress=lambda sheet, done, total: told.append((sheet, done, total)))
    assert next(sheet for sheet, done, _ in told if not done) == "总览"
    assert ("待出结果的人", 40, 40) in told


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("a<b&c>d", "a&lt;b&amp;c&gt;d"),
        ("_x0041_", "_x005F_x0041_"),
        ("\x0b", "\ufffd"),
        ("a\nb", "a\nb"),
        ("🙂", "🙂"),
    ],
)
def test_text_is_escaped_as_a_cell_needs_it(text: str, xml: str) -> None:
    assert escaped(text) == xml


def test_states_and_codes_of_the_round_all_have_words() -> None:
    known = texts("zh-Hans")
    tables = {
        "round.outcome": rounds.OUTCOMES,
        "round.outcome_meaning": rounds.OUTCOMES,
        "round.action": rounds.ACTIONS,
        "round.tube_state": rounds.TUBE_STATES,
        "round.tube_state_meaning": rounds.TUBE_STATES,
        "round.fate.roster": rounds.ROSTER_STATES,
        "round.fate.samples": rounds.SAMPLE_STATES,
        "round.fate.results": rounds.RESULT_STATES,
        "round.fate.exempt": rounds.EXEMPT_STATES,
        "round.finding": rounds.FINDING_KINDS,
    }
    missing = [f"{table}.{code}" for table, codes in tables.items() for code in codes if f"{table}.{code}" not in known]
    assert missing == []


def test_the_small_answer_adds_up() -> None:
    """The builder's own figures, so that the tests above stand on something."""
    answer = small_answer()
    assert answer.missing.num_rows == answer.round.totals.to_pylist()[0]["missing"]
    for role in ("roster", "samples", "results", "exempt"):
        told = pc.sum(answer.row_fates.filter(pc.equal(answer.row_fates["role"], role))["rows"]).as_py()
        assert told == sum(source.rows for source in answer.sources if source.role == role)


def test_many_cells_with_one_fault_are_named_in_one_line(tmp_path: Path) -> None:
    answer = small_answer()
    role, reading = answer.readings[0]
    note = {"column": "D", "field": "tested_at", "code": "digits_lost", "severity": "error", "original": "?"}
    notes = pa.Table.from_pylist([note | {"row": row} for row in range(3, 103)], schema=CELL_NOTES.schema)
    sheet = replace(reading.sheets[0], notes=notes)
    readings = ((role, replace(reading, sheets=(sheet,))),)
    said = texts_on(opened(write(tmp_path / "r.xlsx", "en", small_answer(readings=readings)))["Cells not understood"])
    assert "D10\n" in said
    assert "D11\n" not in said
    assert "92 more cells with the same fault: column D, rows 11–102" in said


def test_the_conflicts_of_a_kind_stand_under_one_band_that_counts_them(report: Workbook) -> None:
    bands = [row[0] for row in cells(report["矛盾与冲突"]) if isinstance(row[0], str) and row[0].endswith("）")]
    assert "同一根管出现在两个箱里（1）" in bands
    assert len(bands) == len(set(bands)) == 7
