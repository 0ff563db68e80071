"""The binary workbook, built record by record (MS-XLSB)."""

from __future__ import annotations

import struct

MAIN = "http://schemas.openxmlformats.org"


def _record(kind: int, body: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _cell(kind: int, column: int, value: bytes) -> bytes:
    return _record(kind, struct.pack("<II", column, 0) + value)


def _row(number: int, *cells: bytes) -> bytes:
    return _record(0, struct.pack("<I", number) + b"\x00" * 13) + b"".join(cells)


def _sheet(*rows: bytes) -> bytes:
    before = _record(0x81) + _record(0x94, struct.pack("<IIII", 0, 1, 0, 1)) + _record(0x91)
    merged = _record(176, struct.pack("<IIII", 0, 0, 0, 1))
    return before + b"".join(rows) + _record(0x92) + merged + _record(0x82)


def _xlsb(sheet: bytes) -> dict[str, bytes | str]:
    relation = f'<Relationship Id="rId1" Type="{MAIN}/officeDocument/2006/relationships/{{}}" Target="{{}}"/>'
    relations = f'<Relationships xmlns="{MAIN}/package/2006/relationships">{relation}</Relationships>'
    bundle = _record(156, struct.pack("<II", 0, 1) + _text("rId1") + _text("名单"))
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations.format("officeDocument", "xl/workbook.bin"),
        "xl/workbook.bin": _record(0x83) + _record(0x8F) + bundle + _record(0x90) + _record(0x84),
        "xl/_rels/workbook.bin.rels": relations.format("worksheet", "worksheets/sheet1.bin"),
        "xl/worksheets/sheet1.bin": sheet,
    }


def test_a_binary_workbook_is_read_with_its_errors_and_merged_cells(opened, zipped):
    sheet = _sheet(
        _row(0, _cell(6, 0, _text("姓名"))),
        _row(1, _cell(5, 0, struct.pack("<d", 3.5)), _cell(3, 1, b"\x2a")),
    )
    file = opened("a.xlsb", zipped(_xlsb(sheet)))
    assert (file.format, file.sheets[0].merged) == ("xlsb", ((0, 0, 0, 1),))
    assert file.sheets[0].rows == [["姓名", None], [3.5, None]]
    assert [(problem.code, problem.params["cells"]) for problem in file.problems] == [("error_cells", "B2 #N/A")]


def test_far_cells_and_cut_records_of_a_binary_workbook_are_refused(opened, zipped):
    far = _sheet(_row(0, _cell(6, 0, _text("x"))), _row(1_000_000, _cell(6, 60_000, _text("y"))))
    assert opened("a.xlsb", zipped(_xlsb(far))).problems[0].code == "sheet_too_wide"
    cut = _sheet(_row(0, _cell(6, 0, _text("姓名"))))[:-3]
    assert opened("b.xlsb", zipped(_xlsb(cut))).problems[0].code == "half_written"
