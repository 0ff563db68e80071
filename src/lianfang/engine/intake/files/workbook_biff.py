"""What an .xls or .et says of itself: encryption, macros, and a bound of every sheet (MS-XLS records)."""

from __future__ import annotations

import struct

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files.compound import Compound
from lianfang.engine.intake.files.contract import Limits, RefusedError, SheetScan
from lianfang.engine.intake.files.workbook_xml import WorkbookScan

_BOF = 0x0809
_EOF = 0x000A
_FILE_PASS = 0x002F
_BOUND_SHEET = 0x0085
_SHARED_STRINGS = 0x00FC
_EXTERNAL_BOOK = 0x01AE
_DIMENSIONS = 0x0200
_FORMULAS = frozenset((0x0006, 0x0206, 0x0406))
_CELLS = frozenset((0x0203, 0x0204, 0x027E, 0x00FD, 0x00D6))
_BOOLEAN_OR_ERROR = 0x0205
_MANY_NUMBERS = 0x00BD
# The head of a record, and where it is a cell its row and column.
_RECORD = struct.Struct("<HHHH")
_SPECIAL_CELLS = _FORMULAS | {_BOOLEAN_OR_ERROR, _MANY_NUMBERS}

ERROR_TEXTS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_OTHER_CONTENT = (
    ("WordDocument", "Word (.doc)"),
    ("PowerPoint Document", "PowerPoint (.ppt)"),
    ("VisioDocument", "Visio"),
    ("__properties_version1.0", "Outlook (.msg)"),
)


def scan_compound(compound: Compound, limits: Limits) -> WorkbookScan:
    """Walk every record once. Raises ``RefusedError`` where it is no workbook, encrypted, or damaged."""
    names = compound.names()
    if "EncryptedPackage" in names or "EncryptionInfo" in names:
        raise RefusedError("encrypted")
    stream = compound.stream("Workbook", "Book")
    if stream is None:
        kind = next((kind for name, kind in _OTHER_CONTENT if name in names), "OLE")
        raise RefusedError("not_a_spreadsheet", kind=kind)
    scan = WorkbookScan("xls")
    if "_VBA_PROJECT_CUR" in names or "_VBA_PROJECT" in names:
        scan.problems.append(Problem("macros_not_run", "warning"))
    offsets = _global_records(stream, scan)
    for place, offset in enumerate(offsets):
        # The reader takes all sheets of an .xls at once: one that cannot be bounded spoils the file.
        try:
            sheet = _scan_sheet(stream, offset, limits)
        except (struct.error, IndexError) as error:
            raise RefusedError("damaged", detail=f"BIFF: {error}") from error
        sheet.refuse_if_too_big(limits, None)
        scan.sheets[place] = sheet
    return scan


def _global_records(stream: bytes, scan: WorkbookScan) -> list[int]:
    offsets: list[int] = []
    position = 0
    linked = False
    while position + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, position)
        body = position + 4
        if body + length > len(stream):
            raise RefusedError("half_written", detail="BIFF")
        if kind == _FILE_PASS:
            raise RefusedError("encrypted")
        if kind == _BOUND_SHEET and length >= 4:
            offsets.append(struct.unpack_from("<I", stream, body)[0])
        elif kind == _SHARED_STRINGS and length >= 8:
            if struct.unpack_from("<I", stream, body + 4)[0] > len(stream):
                raise RefusedError("damaged", detail="BIFF: shared strings")
        elif kind == _EXTERNAL_BOOK and length > 4:
            linked = True
        elif kind == _EOF:
            break
        position = body + length
    else:
        raise RefusedError("half_written", detail="BIFF")
    if linked:
        scan.problems.append(Problem("external_links", "warning"))
    if any(offset + 4 > len(stream) for offset in offsets):
        raise RefusedError("half_written", detail="BIFF")
    return offsets


def _scan_sheet(stream: bytes, position: int, limits: Limits) -> SheetScan:
    """Walk the records of one sheet: one for every cell, a million in a big file, so each costs as little as it can."""
    scan = SheetScan()
    last_row = last_column = -1
    depth = 0
    end = len(stream)
    unpack = _RECORD.unpack_from
    while position + _RECORD.size <= end:
        kind, length, row, column = unpack(stream, position)
        body = position + 4
        position = body + length
        if position > end:
            raise RefusedError("half_written", detail="BIFF")
        if kind in _CELLS:
            if row > last_row:
                last_row = row
            if column > last_column:
                last_column = column
        elif kind in _SPECIAL_CELLS:
            row, column = _special_cell(stream, body, kind, length, scan)
            last_row, last_column = max(last_row, row), max(last_column, column)
        elif kind == _DIMENSIONS:
            _check_dimensions(stream[body:position], limits)
        elif kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                break
    else:
        if not _ends_here(stream, position, depth):
            raise RefusedError("half_written", detail="BIFF")
    scan.last_row, scan.last_column = last_row, last_column
    return scan


def _ends_here(stream: bytes, position: int, depth: int) -> bool:
    """Whether the last record of the stream, too short to hold a cell, is the end of the sheet."""
    if position + 4 > len(stream):
        return False
    kind, length = struct.unpack_from("<HH", stream, position)
    return kind == _EOF and depth <= 1 and position + 4 + length <= len(stream)


def _special_cell(stream: bytes, position: int, kind: int, length: int, scan: SheetScan) -> tuple[int, int]:
    row, column = struct.unpack_from("<HH", stream, position)
    if kind == _MANY_NUMBERS:
        return row, struct.unpack_from("<H", stream, position + length - 2)[0]
    error: int | None = None
    if kind == _BOOLEAN_OR_ERROR:
        if stream[position + 7]:
            error = stream[position + 6]
    else:
        scan.formulas += 1
        value = stream[position + 6 : position + 14]
        if value[6:] == b"\xff\xff" and value[0] == 2:
            error = value[2]
    if error is not None:
        scan.errors.add(row, column, ERROR_TEXTS.get(error, "#?"))
    return row, column


def _check_dimensions(body: bytes, limits: Limits) -> None:
    """The reader reserves what this record declares."""
    layout = "<IIHH" if len(body) >= 12 else "<HHHH"
    first_row, last_row, first_column, last_column = struct.unpack_from(layout, body)
    if (last_row - first_row + 1) * (last_column - first_column + 1) > limits.max_cells or (
        first_row > last_row or first_column > last_column
    ):
        raise RefusedError("damaged", detail="BIFF: dimensions")
