"""Tables that systems export under the name .xls without writing a workbook: HTML, and Excel 2003 XML."""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser
from typing import BinaryIO

from lianfang.engine.intake.files.contract import MEBIBYTE, Limits, Marked, RawSheet, RefusedError
from lianfang.engine.intake.files.encodings import Encoding
from lianfang.engine.intake.files.xml_parts import new_parser, run_parser
from lianfang.engine.intake.values.contract import Cell

# The parser of the standard library takes about a second for each 5 MB.
_MOST_HTML = 60 * MEBIBYTE
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)


class _Grid:
    """Cells placed one after another, with spans and gaps, inside the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.rows: list[list[Cell]] = []
        self.merged: list[tuple[int, int, int, int]] = []
        self._covered: dict[int, int] = {}
        self._column = 0
        self._area = 0

    def start_row(self, index: int | None = None) -> None:
        """Begin the next row, or row ``index`` (from 0)."""
        wanted = max(len(self.rows), index or 0) + 1
        if wanted > self._limits.max_rows_per_sheet:
            raise RefusedError("text_too_long", limit=self._limits.max_rows_per_sheet)
        while len(self.rows) < wanted:
            self.rows.append([])
        self._column = 0

    def put(self, value: Cell, across: int = 1, down: int = 1, index: int | None = None) -> tuple[int, int]:
        """Place a cell in the first free column, or in column ``index`` (from 0); where it came to stand."""
        if not self.rows:
            self.start_row()
        row = len(self.rows) - 1
        if index is not None:
            self._column = index
        while self._covered.get(self._column, -1) >= row:
            self._column += 1
        last = self._column + across - 1
        if last >= self._limits.max_columns:
            raise RefusedError("row_too_wide", row=row + 1, columns=last + 1, limit=self._limits.max_columns)
        cells = self.rows[row]
        self._area += last + 1 - len(cells)
        if self._area > self._limits.max_cells:
            raise RefusedError("text_too_many_cells", row=row + 1, limit=self._limits.max_cells)
        cells.extend([None] * (self._column - len(cells)))
        cells.append(value)
        if across > 1 or down > 1:
            self.merged.append((row, self._column, row + down - 1, last))
            for column in range(self._column, last + 1):
                self._covered[column] = row + down - 1
        self._column = last + 1
        return row, last - across + 1

    def sheet(self, name: str, *, hidden: bool = False) -> RawSheet | None:
        """The sheet without empty rows at its end, or None where nothing is filled."""
        while self.rows and all(cell is None for cell in self.rows[-1]):
            self.rows.pop()
        width = max(map(len, self.rows), default=0)
        for cells in self.rows:
            cells.extend([None] * (width - len(cells)))
        return RawSheet(name, self.rows, merged=tuple(self.merged), hidden=hidden) if self.rows else None


class _HtmlTables(HTMLParser):
    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self._limits = limits
        self._open: list[_Grid] = []
        self.grids: list[_Grid] = []
        self._text: list[str] | None = None
        self._spans = (1, 1)
        self._ignored = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._ignored += 1
        elif tag == "table":
            self._close_cell()
            self._open.append(_Grid(self._limits))
            self.grids.append(self._open[-1])
            if len(self.grids) > self._limits.max_sheets:
                raise RefusedError("damaged", detail="HTML: tables")
        elif tag == "tr" and self._open:
            self._close_cell()
            self._open[-1].start_row()
        elif tag in ("td", "th") and self._open:
            self._close_cell()
            values = dict(attrs)
            self._spans = (_span(values.get("colspan")), _span(values.get("rowspan")))
            self._text = []
        elif tag == "br" and self._text is not None:
            self._text.append("\x0b")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._ignored = max(0, self._ignored - 1)
        elif tag in ("td", "th", "tr"):
            self._close_cell()
        elif tag == "table" and self._open:
            self._close_cell()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._ignored:
            self._text.append(data)

    def _close_cell(self) -> None:
        if self._text is None or not self._open:
            return
        parts = "".join(self._text).split("\x0b")
        text = "\n".join(_SPACE.sub(" ", part).strip() for part in parts).strip()
        self._open[-1].put(text or None, *self._spans)
        self._text = None


def _span(text: str | None) -> int:
    number = (text or "").strip()
    return min(max(1, int(number)), 100_000) if number.isascii() and number.isdecimal() else 1


def html_encoding(head: bytes, detected: Encoding) -> Encoding:
    """What the page declares of itself, where Python knows it and the bytes do not say otherwise."""
    declared = _CHARSET.search(head)
    if detected.certain or declared is None:
        return detected
    name = declared[1].decode("ascii").lower()
    return Encoding("gb18030" if name.startswith("gb") else "big5hkscs" if name == "big5" else detected.name)


def read_html(handle: BinaryIO, size: int, encoding: Encoding, limits: Limits) -> tuple[RawSheet, ...]:
    """Every table of the page that holds something. Raises ``RefusedError`` where there is none."""
    if size > _MOST_HTML:
        raise RefusedError("file_too_big", size_mb=-(-size // MEBIBYTE), limit_mb=_MOST_HTML // MEBIBYTE)
    handle.seek(encoding.skip)
    parser = _HtmlTables(limits)
    parser.feed(handle.read().decode(encoding.name, "replace").replace("\x00", ""))
    parser.close()
    sheets = [grid.sheet(f"table {number}") for number, grid in enumerate(parser.grids, 1)]
    filled = tuple(sheet for sheet in sheets if sheet is not None)
    if not filled:
        raise RefusedError("not_a_spreadsheet", kind="HTML")
    return filled


class _SpreadsheetXml:
    """Handlers for Excel 2003 XML; names arrive as ``namespace name``."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.sheets: list[RawSheet] = []
        self.errors: list[tuple[str, Marked]] = []
        self._grid: _Grid | None = None
        self._name = ""
        self._errors = Marked()
        self._place: tuple[int, int, int | None] = (1, 1, None)
        self._kind = ""
        self._text: list[str] | None = None
        self._value: Cell = None
        self._error: str | None = None
        self._hidden = False
        self._formulas = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        own = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if local == "Worksheet":
            self._grid, self._name, self._errors = _Grid(self._limits), own.get("Name", ""), Marked()
            self._hidden, self._formulas = False, 0
        elif self._grid is None:
            return
        elif local == "Row":
            index = own.get("Index")
            self._grid.start_row(_place(index) if index else None)
        elif local == "Cell":
            index = own.get("Index")
            self._formulas += "Formula" in own
            self._place = (
                1 + _more(own.get("MergeAcross")),
                1 + _more(own.get("MergeDown")),
                _place(index) if index else None,
            )
            self._value = self._error = None
        elif local in ("Data", "Visible"):
            self._kind = own.get("Type", "String") if local == "Data" else "Visible"
            self._text = []

    def text(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if self._grid is None:
            return
        if local in ("Data", "Visible") and self._text is not None:
            text = "".join(self._text)
            self._text = None
            if local == "Visible":
                self._hidden = "hidden" in text.lower()
            else:
                self._value = self._read(text)
        elif local == "Cell":
            row, column = self._grid.put(self._value, *self._place)
            if self._error is not None:
                self._errors.add(row, column, self._error)
        elif local == "Worksheet":
            self._finish()

    def _finish(self) -> None:
        sheet = self._grid.sheet(self._name, hidden=self._hidden) if self._grid is not None else None
        if sheet is not None:
            self.sheets.append(
                RawSheet(sheet.name, sheet.rows, merged=sheet.merged, hidden=sheet.hidden, formulas=self._formulas)
            )
            if self._errors.count:
                self.errors.append((self._name, self._errors))
        self._grid = None

    def _read(self, text: str) -> Cell:
        if self._kind == "Number":
            try:
                return float(text)
            except ValueError:
                return text
        if self._kind == "DateTime":
            try:
                return datetime.fromisoformat(text.removesuffix("Z"))
            except ValueError:
                return text
        if self._kind == "Boolean":
            return text.strip() == "1"
        if self._kind == "Error":
            self._error = text[:30]
            return None
        return text or None


def _more(text: str | None) -> int:
    """How many further cells a merged one covers."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _place(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) > 0):
        raise RefusedError("damaged", detail=f"XML: Index {text[:20]!r}")
    return int(text) - 1


def read_spreadsheet_xml(handle: BinaryIO, limits: Limits) -> tuple[tuple[RawSheet, ...], list[tuple[str, Marked]]]:
    """Every sheet that holds something, and the error cells by sheet. Raises ``RefusedError`` for broken XML."""
    handlers = _SpreadsheetXml(limits)
    parser = new_parser(namespace_separator=" ")
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.text
    handle.seek(0)
    run_parser(parser, iter(lambda: handle.read(MEBIBYTE), b""), cut_off="half_written")
    return tuple(handlers.sheets), handlers.errors
