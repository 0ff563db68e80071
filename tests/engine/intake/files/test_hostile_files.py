"""Files that are no spreadsheet, are broken, or are meant to do harm."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from lianfang.engine.intake.files import Limits, open_file

CELL = '<c r="{}" t="str"><v>x</v></c>'


def _written_xlsx(*, rows: int = 30) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        for row in range(rows):
            sheet.write_row(row, 0, [f"居民{row}", row, "1号楼"])
    return buffer.getvalue()


def _written_xls() -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名单")
    for row in range(30):
        sheet.write(row, 0, f"居民{row}")
        sheet.write(row, 1, row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\x00" * 4096, "half_written"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8, "not_a_spreadsheet"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not_a_spreadsheet"),
        (b'{"rows": [1, 2]}', "not_a_spreadsheet"),
        (b'<?xml version="1.0"?><note/>', "not_a_spreadsheet"),
        (b"MIME-Version: 1.0\r\n", "not_a_spreadsheet"),
        (b"<html><body><p>login</p></body></html>", "not_a_spreadsheet"),
        (bytes(range(1, 256)) * 40, "unknown_format"),
        (b"Rar!\x1a\x07\x01\x00" + b"x" * 100, "packed"),
        (b"7z\xbc\xaf\x27\x1c" + b"x" * 100, "packed"),
        (b"\x09\x04\x06\x00\x00\x00\x10\x00" + b"\x00" * 90, "old_excel"),
        (b"E-SafeNet\x00\x00LOCK" + bytes(range(256)), "encrypted"),
        (b"PK\x03", "half_written"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_and_named(opened, codes, content, code):
    file = opened("名单.xlsx", content)
    assert codes(file) == [("refused", code)]
    assert file.sheets == ()


def test_a_missing_path_a_folder_a_pipe_and_a_lock_file_are_refused(tmp_path, opened, codes):
    assert codes(open_file(tmp_path / "none.xlsx")) == [("refused", "not_found")]
    assert codes(open_file(tmp_path)) == [("refused", "is_directory")]
    os.mkfifo(tmp_path / "pipe")
    assert codes(open_file(tmp_path / "pipe")) == [("refused", "not_a_file")]
    assert codes(opened("~$名单.xlsx", b"x" * 165)) == [("refused", "lock_file")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path, codes):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")
    path.chmod(0)
    assert codes(open_file(path)) == [("refused", "no_permission")]


def test_a_file_over_the_size_limit_is_refused_unread(tmp_path):
    path = tmp_path / "big.csv"
    with path.open("wb") as handle:
        handle.truncate(500 * 1024 * 1024)
    file = open_file(path)
    (problem,) = file.problems
    assert (problem.code, file.sha256) == ("file_too_big", "")
    assert dict(problem.params) == {"size_mb": 500, "limit_mb": 200}


def test_other_zip_files_are_told_apart(opened, codes, zipped):
    word = opened("a.xlsx", zipped({"[Content_Types].xml": "", "word/document.xml": "<w/>"}))
    assert word.problems[0].params["kind"] == "Word (.docx)"
    packed = opened("a.xlsx", zipped({"一栋.xlsx": "x", "二栋.csv": "y", "说明.txt": "z"}))
    assert codes(packed) == [("refused", "packed_sheets")]
    assert packed.problems[0].params["names"] == "一栋.xlsx, 二栋.csv, 说明.txt"
    assert codes(opened("a.zip", zipped({"a.png": "x"}))) == [("refused", "packed")]


def test_names_in_a_chinese_archive_are_readable(opened, zipped):
    content = zipped({"AAAA.xlsx": "x"}).replace(b"AAAA.xlsx", "名单".encode("gb18030") + b".xlsx")
    assert opened("a.zip", content).problems[0].params["names"] == "名单.xlsx"


def test_encrypted_workbooks_are_refused_as_encrypted(opened, codes, compound, zipped):
    package = compound({"EncryptionInfo": b"\x04\x00\x04\x00", "EncryptedPackage": b"\x00" * 64})
    assert codes(opened("a.xlsx", package)) == [("refused", "encrypted")]
    # FILEPASS is the second record of an encrypted .xls.
    records = struct.pack("<HH", 0x0809, 16) + b"\x00\x06\x05\x00" + b"\x00" * 12
    records += struct.pack("<HHH", 0x002F, 6, 1) + b"\x00" * 4 + struct.pack("<HH", 0x000A, 0)
    assert codes(opened("a.xls", compound({"Workbook": records}))) == [("refused", "encrypted")]
    ods = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": "\x01\x02",
        "META-INF/manifest.xml": "<manifest:encryption-data/>",
    }
    assert codes(opened("a.ods", zipped(ods))) == [("refused", "encrypted")]


def test_a_word_document_of_old_is_told_from_a_workbook(opened, compound):
    file = opened("a.xls", compound({"WordDocument": b"x"}))
    assert (file.problems[0].code, file.problems[0].params["kind"]) == ("not_a_spreadsheet", "Word (.doc)")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize("build", [_written_xlsx, _written_xls])
def test_a_workbook_cut_anywhere_is_refused(opened, build, share):
    content = build()
    file = opened("a.xlsx" if build is _written_xlsx else "a.xls", content[: int(len(content) * share)])
    assert file.sheets == ()
    assert file.problems[0].code in ("half_written", "damaged")


def test_flipped_bytes_never_raise(opened):
    for build, name in ((_written_xlsx, "a.xlsx"), (_written_xls, "a.xls")):
        content = build()
        for place in range(0, len(content), max(1, len(content) // 150)):
            broken = bytearray(content)
            broken[place] ^= 0xFF
            file = opened(name, bytes(broken))
            assert file.sheets or any(problem.severity == "refused" for problem in file.problems)


def test_two_cells_at_opposite_corners_cost_one_sheet_not_the_file(opened, xlsx):
    far = '<row r="1">' + CELL.format("A1") + '</row><row r="1048576">' + CELL.format("XFD1048576") + "</row>"
    file = opened("a.xlsx", xlsx(far, '<row r="1">' + CELL.format("A1") + "</row>"))
    assert [sheet.name for sheet in file.sheets] == ["s2"]
    (problem,) = file.problems
    assert (problem.code, problem.sheet, problem.severity) == ("sheet_too_wide", "s1", "refused")
    assert problem.params["cell"] == "XFD1048576"


@pytest.mark.parametrize(
    "far",
    [
        '<x:c r="XFD1048576" t="str"><v>x</v></x:c>',
        '<c t="str" r="XFD1048576"><v>x</v></c>',
        '<c\tr="XFD1048576" t="str"><v>x</v></c>',
        "<c r='XFD1048576' t='str'><v>x</v></c>",
        '<c r="ALL1048576" t="str"><v>x</v></c>',
    ],
)
def test_no_way_of_writing_a_far_cell_gets_past_the_bound(opened, xlsx, far):
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:B2"/><sheetData>'
        f'<row r="1">{CELL.format("A1")}</row><row r="2">{far}</row></sheetData></worksheet>'
    )
    file = opened("a.xlsx", xlsx(sheet))
    assert file.sheets == ()
    assert file.problems[0].code in ("sheet_too_wide", "sheet_too_many_cells")


def test_a_far_row_number_with_unnumbered_cells_is_seen(opened, xlsx):
    sheet = '<row r="1"><c t="str"><v>x</v></c></row><row r="900000000"><c t="str"><v>y</v></c></row>'
    assert opened("a.xlsx", xlsx(sheet)).problems[0].code == "sheet_too_long"


def test_empty_formatted_cells_far_away_do_no_harm(opened, xlsx):
    sheet = '<row r="1">' + CELL.format("A1") + '<c r="XFD1" s="0"/></row><row r="1048576"><c r="A1048576"></c></row>'
    file = opened("a.xlsx", xlsx(sheet))
    assert (file.sheets[0].rows, file.problems) == ([["x"]], ())


def test_cells_without_positions_and_with_prefixes_are_read(opened, xlsx):
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row><x:c t="str"><x:v>甲</x:v></x:c><x:c><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    assert opened("a.xlsx", xlsx(sheet)).sheets[0].rows == [["甲", 2.0]]


def test_entity_definitions_are_refused(opened, codes, xlsx):
    laughs = '<!DOCTYPE worksheet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + "<worksheet/>"
    assert codes(opened("a.xlsx", xlsx(laughs))) == [("refused", "xml_entities")]


def test_an_xls_that_declares_more_than_it_holds_is_refused(opened):
    content = _written_xls()
    marker = struct.pack("<HH", 0x0200, 14)
    place = content.index(marker) + 4
    lying = content[:place] + struct.pack("<IIHH", 0, 0x7FFFFFFF, 0, 0xFFFF) + content[place + 12 :]
    assert opened("a.xls", lying).problems[0].code == "damaged"


def test_an_xls_whose_sectors_run_in_a_circle_is_refused(opened, compound):
    content = bytearray(compound({"Workbook": b"\x09\x08"}))
    struct.pack_into("<I", content, 512 + 4 * 5, 2)
    assert opened("a.xls", bytes(content)).problems[0].code in ("damaged", "half_written")


def test_repeated_rows_of_an_ods_are_bounded_before_they_are_expanded(opened, codes, zipped):
    table = (
        '<table:table table:name="a"><table:table-row table:number-rows-repeated="1000000">'
        '<table:table-cell table:number-columns-repeated="900" office:value-type="string">'
        "<text:p>x</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert codes(opened("a.ods", zipped(_ods(table)))) == [("refused", "sheet_too_many_cells")]


def _ods(tables: str) -> dict[str, str | bytes]:
    spaces = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("office", "table", "text", "calcext"))
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    return {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": f"<office:document-content {spaces}>{body}</office:document-content>",
        "META-INF/manifest.xml": "<manifest/>",
    }


def test_an_ods_is_read_with_its_gaps_spans_and_errors(opened, codes, zipped):
    def cell(text: str, attributes: str = "") -> str:
        return f'<table:table-cell office:value-type="string" {attributes}><text:p>{text}</text:p></table:table-cell>'

    table = (
        '<table:table table:name="名单"><table:table-row table:number-rows-repeated="2"><table:table-cell/>'
        "</table:table-row><table:table-row><table:table-cell/>"
        + cell("姓名", 'table:number-columns-spanned="2"')
        + "<table:covered-table-cell/></table:table-row><table:table-row><table:table-cell/>"
        + cell("王小明")
        + cell("#N/A", 'calcext:value-type="error" table:formula="of:=NA()"')
        + '</table:table-row><table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    file = opened("a.ods", zipped(_ods(table)))
    (sheet,) = file.sheets
    assert (sheet.first_row, sheet.first_column, sheet.merged) == (3, 1, ((2, 1, 2, 2),))
    assert sheet.rows == [["姓名", None], ["王小明", None]]
    assert codes(file) == [("error", "error_cells")]


_MEASURED = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    from lianfang.engine.intake.files import open_file
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    file = open_file(Path(sys.argv[1]))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(file.problems[0].code, len(file.sheets), grown // 1024)
    """
)


def _measure(path: Path) -> tuple[str, int, int]:
    answer = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=True)
    code, sheets, grown = answer.stdout.split()
    return code, int(sheets), int(grown)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/media/image1.png"])
def test_a_zip_bomb_is_refused_in_bounded_memory_although_its_sizes_lie(tmp_path, xlsx, part):
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(xlsx('<row r="1"><c r="A1"><v>1</v></c></row>'))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != part}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        with archive.open(part, "w") as out:
            for _ in range(400):
                out.write(b" " * (1024 * 1024))
    content = bytearray(path.read_bytes())
    # The directory claims that the part unpacks to 1,000 bytes.
    place = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, place + 24, 1000)
    path.write_bytes(content)
    code, sheets, grown = _measure(path)
    assert (code, sheets) == ("zip_bomb", 0)
    assert grown < 100


def test_a_line_without_an_end_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as out:
        for _ in range(150):
            out.write(b"1," * (512 * 1024))
    code, sheets, grown = _measure(path)
    assert (code, sheets) == ("line_too_long", 0)
    assert grown < 100


def test_one_long_string_in_every_cell_is_counted_as_often_as_it_is_shown(opened, xlsx):
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 400))
    strings = f"<sst><si><t>{'x' * 30_000}</t></si></sst>"
    content = xlsx(cells, **{"xl/sharedStrings.xml": strings})
    assert len(opened("a.xlsx", content).sheets[0].rows) == 399
    file = opened("a.xlsx", content, Limits(max_text_bytes=1_000_000))
    assert file.problems[0].code == "sheet_too_much_text"


def test_sheets_that_share_one_part_are_bounded_together(opened, xlsx):
    rows = "".join(f'<row r="{n}">{CELL.format(f"A{n}")}</row>' for n in range(1, 101))
    file = opened("a.xlsx", xlsx(*[rows] * 5), Limits(max_cells=250))
    assert [sheet.name for sheet in file.sheets] == ["s1", "s2"]
    assert {problem.code for problem in file.problems} == {"file_too_many_cells"}


@pytest.mark.parametrize("encoding", ["UatTw8", "utf-7", "gb18030", "utf-16"])
def test_parts_in_an_odd_encoding_never_raise(opened, xlsx, encoding):
    relations = f'<?xml version="1.0" encoding="{encoding}"?><Relationships/>'
    file = opened("a.xlsx", xlsx("<row/>", **{"xl/_rels/workbook.xml.rels": relations}))
    assert file.problems[-1].severity == "refused"
