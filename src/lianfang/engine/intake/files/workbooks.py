"""Reads the sheets of a workbook that was scanned and found to fit in memory (python-calamine)."""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    ZipError,
)

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files.contract import Limits, RawSheet, RefusedError, SheetScan
from lianfang.engine.intake.files.workbook_xml import WorkbookScan
from lianfang.engine.intake.values.contract import Cell

# The reader goes by these names alone; a file under any other name it recognises by content.
_READ_BY_NAME = {
    ".xls": "cfb",
    ".xla": "cfb",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xlam": "xlsx",
    ".xlsb": "xlsb",
    ".ods": "ods",
}
_ERROR_TEXT = re.compile(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!)|(?:Err|错误|錯誤):\d{3}")


def read_sheets(
    path: Path, handle: BinaryIO, scan: WorkbookScan, limits: Limits
) -> tuple[tuple[RawSheet, ...], list[Problem]]:
    """The filled sheets in order, and what is wrong with each. Raises ``RefusedError`` for the whole file."""
    with _reader_errors("damaged"):
        workbook = _open(path, handle, scan)
    sheets: list[RawSheet] = []
    problems: list[Problem] = []
    left = limits.max_cells
    with workbook:
        wanted = [m for m in enumerate(workbook.sheets_metadata) if m[1].typ == SheetTypeEnum.WorkSheet]
        if len(wanted) > limits.max_sheets:
            params = {"count": len(wanted), "limit": limits.max_sheets}
            problems.append(Problem("too_many_sheets", "error", params=params))
        for place, about in wanted[: limits.max_sheets]:
            try:
                found = _bounded(scan, place, limits, about.name)
                sheet = _read(workbook, place, found, left, about.visible != SheetVisibleEnum.Visible)
            except RefusedError as refusal:
                problem = refusal.problem
                problems.append(
                    Problem(problem.code, "refused", about.name, problem.row, problem.column, problem.params)
                )
                continue
            if sheet is None:
                continue
            left -= len(sheet.rows) * len(sheet.rows[0])
            if scan.format == "ods" and found.errors.count:
                _drop_error_texts(sheet.rows)
            sheets.append(sheet)
            problems += _noticed(found, sheet, scan)
    return tuple(sheets), problems


def _open(path: Path, handle: BinaryIO, scan: WorkbookScan) -> CalamineWorkbook:
    family = {"xlsb": "xlsb", "ods": "ods", "xls": "cfb", "et": "cfb"}.get(scan.format, "xlsx")
    if _READ_BY_NAME.get(path.suffix.lower(), family) == family:
        return CalamineWorkbook.from_path(path)
    handle.seek(0)
    return CalamineWorkbook.from_filelike(io.BytesIO(handle.read()))


def _bounded(scan: WorkbookScan, place: int, limits: Limits, name: str) -> SheetScan:
    found = scan.sheets.get(place)
    if found is None:
        raise RefusedError("sheet_damaged", detail="?")
    if isinstance(found, RefusedError):
        raise RefusedError("sheet_damaged", detail=str(found.problem.params.get("detail", found)))
    found.refuse_if_too_big(limits, name)
    return found


def _read(workbook: CalamineWorkbook, place: int, found: SheetScan, left: int, hidden: bool) -> RawSheet | None:
    with _reader_errors("sheet_damaged"):
        sheet = workbook.get_sheet_by_index(place)
        start = sheet.start
        if start is None or not sheet.height:
            return None
        if sheet.height * sheet.width > left:
            raise RefusedError("file_too_many_cells")
        merged = _merged(sheet, found)
        with _collector_resting():
            rows = sheet.to_python(skip_empty_area=True)
    _empty_to_none(rows)
    return RawSheet(
        str(sheet.name),
        rows,
        first_row=start[0] + 1,
        first_column=start[1],
        merged=merged,
        hidden=hidden,
        formulas=found.formulas,
        formulas_without_value=found.uncalculated.count,
    )


@contextmanager
def _collector_resting() -> Iterator[None]:
    """A million new rows set off collections that can find nothing and take a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _merged(sheet: CalamineSheet, found: SheetScan) -> tuple[tuple[int, int, int, int], ...]:
    given = sheet.merged_cell_ranges
    if given is None:
        return tuple(found.merged)
    return tuple((top, left, bottom, right) for (top, left), (bottom, right) in given)


def _empty_to_none(rows: list[list[Cell]]) -> None:
    for row in rows:
        if "" in row:
            row[:] = [None if cell == "" else cell for cell in row]


def _drop_error_texts(rows: list[list[Cell]]) -> None:
    for row in rows:
        for column, cell in enumerate(row):
            if isinstance(cell, str) and _ERROR_TEXT.fullmatch(cell):
                row[column] = None


def _noticed(found: SheetScan, sheet: RawSheet, scan: WorkbookScan) -> list[Problem]:
    problems: list[Problem] = []
    if sheet.hidden:
        problems.append(Problem("hidden_sheet", "warning", sheet=sheet.name))
    if found.errors.count:
        problems.append(found.errors.problem("error_cells", "error", sheet.name))
    if found.uncalculated.count:
        problems.append(found.uncalculated.problem("formulas_without_value", "error", sheet.name))
    elif scan.recalculates_on_load and found.formulas and found.zero_formulas == found.formulas:
        params = {"count": found.formulas}
        problems.append(Problem("formulas_all_zero", "warning", sheet=sheet.name, params=params))
    return problems


@contextmanager
def _reader_errors(code: str) -> Iterator[None]:
    """Turn what the reader says into a refusal that keeps its words as a detail."""
    try:
        yield
    except PasswordError as error:
        raise RefusedError("encrypted") from error
    except ZipError as error:
        raise RefusedError("damaged", detail=str(error)) from error
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise RefusedError(code, detail=str(error)) from error
    except BaseException as error:
        # A panic inside the reader is no Exception, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise RefusedError(code, detail=str(error)) from error
