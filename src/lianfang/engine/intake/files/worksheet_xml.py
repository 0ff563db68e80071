"""Bounds the filled rectangle of an .xlsx sheet before a reader allocates it, at the speed of unpacking.

A reader holds every cell between the first and the last filled one: a sheet of two cells, A1 and
XFD1048576, would take 17 thousand million. So each piece of XML is searched once for cells *outside* the
rectangle seen so far; there are few of these, and the search for them runs at hundreds of MB a second.
Wherever the XML is not written in the usual way, or the bound is over a limit, the sheet is parsed properly
(``measure``), which is slow and exact. A declared ``<dimension>`` is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from lianfang.engine.intake.files.contract import (
    MEBIBYTE,
    RefusedError,
    SheetScan,
    column_index,
    column_letters,
)
from lianfang.engine.intake.files.xml_parts import new_parser, run_parser

_PREFIXED_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*:)worksheet[\s>]")
_LONGEST_TAG = 4 * MEBIBYTE
# No program writes row 1,048,577.
_MOST_ROWS = 1_099_999


class _Patterns:
    """What is searched for, with the prefix (``x:`` or nothing) that the sheet's root element has."""

    def __init__(self, prefix: bytes) -> None:
        p = re.escape(prefix)
        cell = rb"<%bc r=\"([A-Z]{1,3})([1-9]\d{0,6})\"([^<>]*)>" % p
        value = rb"<%bv\s*/>|<%bv></%bv>" % (p, p, p)
        formula = rb"<%bf(?:[^<>]*/>|[^<>]*>[^<]*</%bf>)" % (p, p)
        self.start = b"<%bc " % prefix
        self.zero = b"</%bf><%bv>0</%bv>" % (prefix, prefix, prefix)
        self.any_formula = b"<%bf" % prefix
        self.cell = re.compile(cell)
        self.cell_tag = re.compile(rb"<%bc[\s/>]" % p)
        # Cells under another prefix are legal XML that the search for outside cells cannot see.
        self.stranger = re.compile(rb"(?<!<%b)(?<!/%b)(?<=[:<])c[\s/>]" % (p, p) if prefix else rb":c[\s/>]")
        self.formula = re.compile(rb"<%bf[\s/>]" % p)
        self.uncalculated = re.compile(cell + formula + rb"(?:%b)?</%bc>" % (value, p))
        self.error = re.compile(
            rb"<%bc r=\"([A-Z]{1,3})(\d{1,7})\"[^<>]* t=\"e\"[^<>]*>(?:(?!</%bc>).)*?<%bv>([^<]{0,30})" % (p, p, p),
            re.DOTALL,
        )

    def outside(self, widest: int, row_bound: int) -> re.Pattern[bytes]:
        """Whatever begins like a cell and is not one in these columns and rows."""
        columns = _columns_up_to(column_letters(widest))
        inside = f' r="(?:{columns})(?:{_rows_up_to(row_bound)})"'
        return re.compile(re.escape(self.start[:-1]) + b"(?!" + inside.encode("ascii") + b")")


class FastScan:
    """Takes the pieces of one sheet's XML and keeps a bound of its rectangle.

    ``irregular`` turns true where only ``measure`` can tell; ``has_cells`` where the part is a sheet at all.
    """

    def __init__(self) -> None:
        self.scan = SheetScan(last_row=8, last_column=0)
        self.irregular = False
        self.has_cells = False
        self.shared_strings = 0
        self._widest = 0
        self._row_bound = 9
        self._patterns: _Patterns | None = None
        self._outside = re.compile(b"")
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Take the next piece. Cells are looked at where they lie; only those cut in two are copied."""
        start = self._known(piece).start
        first, last = piece.find(start), piece.rfind(start)
        if first < 0:
            first = last = piece.rfind(b"<")
        if first < 0:
            # No tag begins here: a long text, or something that is no XML, such as a picture.
            self._rest += piece
            if len(self._rest) > _LONGEST_TAG:
                self._rest = b""
                self.irregular = True
            return
        seam = self._rest + piece[:first]
        self._look_at(seam, 0, len(seam))
        self._look_at(piece, first, last)
        self._rest = piece[last:]

    def finish(self) -> None:
        """Say that the last piece was given."""
        self._look_at(self._rest, 0, len(self._rest))
        self._rest = b""

    def _known(self, piece: bytes) -> _Patterns:
        if self._patterns is None:
            root = _PREFIXED_ROOT.search(piece, 0, 65536)
            self._patterns = _patterns(root[1] if root else b"")
            self._outside = self._patterns.outside(self._widest, self._row_bound)
        return self._patterns

    def _look_at(self, block: bytes, start: int, end: int) -> None:
        patterns = self._known(block)
        self.has_cells = self.has_cells or block.find(b"sheetData", start, end) >= 0
        if not self.irregular:
            self._bound(patterns, block, start, end)
            self.irregular = self.irregular or patterns.stranger.search(block, start, end) is not None
        self.shared_strings += block.count(b't="s"', start, end)
        if block.find(patterns.any_formula, start, end) >= 0:
            self.scan.formulas += len(patterns.formula.findall(block, start, end))
            self.scan.zero_formulas += block.count(patterns.zero, start, end)
            for match in patterns.uncalculated.finditer(block, start, end):
                self.scan.uncalculated.add(*_position(match))
        if block.find(b' t="e"', start, end) >= 0:
            for match in patterns.error.finditer(block, start, end):
                self.scan.errors.add(*_position(match), match[3].decode("utf-8", "replace"))

    def _bound(self, patterns: _Patterns, block: bytes, position: int, end: int) -> None:
        while (found := self._outside.search(block, position, end)) is not None:
            position = found.end()
            cell = patterns.cell.match(block, found.start(), end)
            if cell is None:
                if patterns.cell_tag.match(block, found.start(), end):
                    self.irregular = True
                    return
                continue
            if not cell[3].endswith(b"/"):
                self._widen(patterns, cell)

    def _widen(self, patterns: _Patterns, cell: re.Match[bytes]) -> None:
        self._widest = max(self._widest, column_index(cell[1].decode("ascii")))
        row = int(cell[2])
        if row > _MOST_ROWS:
            self.irregular = True
        elif row > self._row_bound:
            # Rows are bounded by their first digit: 200,001 widens to 299,999. Exact rows would make a
            # new search for each row.
            step = 10 ** (len(cell[2]) - 1)
            self._row_bound = min((row // step + 1) * step - 1, _MOST_ROWS)
        self.scan.last_row = self._row_bound - 1
        self.scan.last_column = self._widest
        self._outside = patterns.outside(self._widest, self._row_bound)


@cache
def _patterns(prefix: bytes) -> _Patterns:
    return _Patterns(prefix)


def _columns_up_to(last: str) -> str:
    """A pattern of all columns up to ``last``: "AC" gives [A-Z]|A[A-C]."""
    patterns = ["[A-Z]" * length for length in range(1, len(last))]
    for place, letter in enumerate(last):
        is_end = place == len(last) - 1
        highest = letter if is_end else chr(ord(letter) - 1)
        if highest >= "A":
            patterns.append(last[:place] + f"[A-{highest}]" + "[A-Z]" * (len(last) - place - 1))
    return "|".join(patterns)


def _rows_up_to(bound: int) -> str:
    """A pattern of row numbers up to ``bound``, which is a digit followed by nines, or ``_MOST_ROWS``. The
    longest come first: most rows of a big sheet have as many digits as its last."""
    digits = str(bound)
    if bound == _MOST_ROWS:
        return r"[1-9]\d{0,5}+|10\d{5}+"
    shorter = rf"|[1-9]\d{{0,{len(digits) - 2}}}+" if len(digits) > 1 else ""
    return rf"[1-{digits[0]}]\d{{{len(digits) - 1}}}+{shorter}"


def _position(match: re.Match[bytes]) -> tuple[int, int]:
    return int(match[2]) - 1, column_index(match[1].decode("ascii"))


class _Measure:
    """Handlers that follow rows and cells as the reader does, whatever the prefixes and positions."""

    def __init__(self, string_sizes: list[int] | None) -> None:
        self.scan = SheetScan()
        self._string_sizes = string_sizes
        self._row = 0
        self._column = 0
        self._cell: tuple[int, int] | None = None
        self._kind = ""
        self._value: list[str] | None = None
        self._filled = False
        self._formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "row" and "r" in attributes:
            self._row = _number(attributes["r"]) - 1
        elif local == "c":
            self._cell = self._where(attributes.get("r"))
            self._row, self._column = self._cell
            self._kind = attributes.get("t", "")
            self._filled = self._formula = False
        elif self._cell is not None and local in ("v", "t"):
            self._value = []
        elif self._cell is not None and local == "f":
            self._formula = True
            self.scan.formulas += 1

    def text(self, text: str) -> None:
        if self._value is not None:
            self._value.append(text)

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "row":
            self._row += 1
            self._column = 0
        elif local in ("v", "t") and self._value is not None and self._cell is not None:
            self._take("".join(self._value))
            self._value = None
        elif local == "c" and self._cell is not None:
            if self._formula and not self._filled:
                self.scan.uncalculated.add(*self._cell)
            self._cell = None
            self._column += 1

    def _take(self, value: str) -> None:
        if not value or self._cell is None:
            return
        self._filled = True
        self.scan.fill(*self._cell)
        self.scan.text_bytes += len(value)
        if self._kind == "e":
            self.scan.errors.add(*self._cell, value[:30])
        elif self._kind == "s" and self._string_sizes is not None and value.isdecimal():
            index = int(value)
            self.scan.text_bytes += self._string_sizes[index] if index < len(self._string_sizes) else 0

    def _where(self, reference: str | None) -> tuple[int, int]:
        if reference is None:
            return self._row, self._column
        letters = reference.rstrip("0123456789")
        if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
            raise RefusedError("damaged", detail=f"cell {reference[:20]!r}")
        return _number(reference[len(letters) :]) - 1, column_index(letters.upper())


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise RefusedError("damaged", detail=f"row {text[:20]!r}")
    return int(text)


def measure(pieces: Iterable[bytes], string_sizes: list[int] | None = None) -> SheetScan:
    """The exact rectangle of the filled cells, by parsing. ``string_sizes`` are the bytes of each shared
    string where their repetitions must be counted. Raises ``RefusedError`` for XML that is broken."""
    handlers = _Measure(string_sizes)
    parser = new_parser()
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.text
    run_parser(parser, pieces)
    return handlers.scan
