"""A bound of every sheet of an .ods. Repeated rows and cells are expanded by readers: a few bytes of
``number-rows-repeated`` can ask for any amount of memory."""

from __future__ import annotations

import zipfile
from collections import deque
from collections.abc import Iterator

from lianfang.engine.intake.files.archives import Archive
from lianfang.engine.intake.files.contract import Limits, RefusedError, SheetScan
from lianfang.engine.intake.files.workbook_xml import WorkbookScan, check_prolog
from lianfang.engine.intake.files.xml_parts import new_parser, run_parser

_CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_MOST = 1 << 31


class _Tables:
    """Follows tables, rows and cells with their repetitions."""

    def __init__(self) -> None:
        self.sheets: list[SheetScan] = []
        self._depth = 0
        self._row = 0
        self._row_repeats = 1
        self._column = 0
        self._cell_repeats = 1
        self._in_cell = False
        self._filled = False
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._depth += 1
            self.sheets.append(SheetScan())
            self._row = 0
        elif not self._depth:
            return
        elif name == "table:table-row":
            self._row_repeats = _repeats(attributes.get("table:number-rows-repeated"))
            self._column = 0
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._start_cell(attributes)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        scan = self.sheets[-1]
        self._cell_repeats = _repeats(attributes.get("table:number-columns-repeated"))
        self._in_cell = True
        self._text = ""
        self._filled = "office:value-type" in attributes
        if "table:formula" in attributes:
            scan.formulas += 1
            self._filled = True
            if "office:value-type" not in attributes:
                scan.uncalculated.add(self._row, self._column)
        if attributes.get("calcext:value-type") == "error":
            scan.errors.add(self._row, self._column)
        rows = _repeats(attributes.get("table:number-rows-spanned"))
        columns = _repeats(attributes.get("table:number-columns-spanned"))
        if rows > 1 or columns > 1:
            box = (self._row, self._column, self._row + rows - 1, self._column + columns - 1)
            scan.merged.append(box)

    def text(self, text: str) -> None:
        if self._in_cell and text.strip():
            self._filled = True

    def end(self, name: str) -> None:
        if name == "table:table":
            self._depth -= 1
        elif not self._depth:
            return
        elif name == "table:table-row":
            self._row = min(self._row + self._row_repeats, _MOST)
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._in_cell = False
            last = min(self._column + self._cell_repeats, _MOST)
            if self._filled:
                scan = self.sheets[-1]
                # Readers build rows from column A on, whatever stands there.
                scan.fill(self._row, 0)
                scan.fill(min(self._row + self._row_repeats, _MOST) - 1, last - 1)
            self._column = last


def _repeats(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise RefusedError("damaged", detail=f"ODS: repeated {text[:20]!r}")
    return max(1, int(text))


def scan_ods(archive: Archive, limits: Limits) -> WorkbookScan:
    """Unpack every part once against the limits. Raises ``RefusedError`` where none of it may be read."""
    manifest = archive.read_small(_MANIFEST)
    if manifest is not None and b"encryption-data" in manifest:
        raise RefusedError("encrypted")
    if archive.names().count(_CONTENT) != 1:
        raise RefusedError("damaged", detail=_CONTENT)
    tables = _Tables()
    parser = new_parser()
    parser.StartElementHandler = tables.start
    parser.EndElementHandler = tables.end
    parser.CharacterDataHandler = tables.text
    for other in archive.members:
        pieces = _checked(archive, other)
        if other.filename == _CONTENT:
            run_parser(parser, pieces)
        else:
            deque(pieces, maxlen=0)
    scan = WorkbookScan("ods", sheets=dict(enumerate(tables.sheets)))
    for table in tables.sheets:
        # All sheets are read at once: one that is too big spoils the file.
        table.refuse_if_too_big(limits, None)
    return scan


def _checked(archive: Archive, member: zipfile.ZipInfo) -> Iterator[bytes]:
    is_xml = member.filename.endswith(".xml")
    for number, piece in enumerate(archive.pieces(member)):
        if number == 0 and is_xml:
            check_prolog(piece, member.filename)
        yield piece
