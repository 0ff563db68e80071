"""Text with delimiters (.csv .tsv .txt): one sheet of strings, row by row, without losing a row.

What cannot be read is said with its row: bytes that mean nothing are shown as U+FFFD rather than guessed or
dropped, so that the person on that row is still listed; a quotation mark that is never closed does not
swallow the rows below it.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files.contract import MEBIBYTE, Limits, RefusedError
from lianfang.engine.intake.files.encodings import Encoding
from lianfang.engine.intake.values.contract import Cell

_DELIMITERS = ",\t;|"
_SNIFFED_LINES = 200
_PROBLEMS_SHOWN = 20
_BLOCK = 500
_BROKEN = "\ufffd"


@dataclass(slots=True)
class Delimited:
    """The rows of a text file, its delimiter, and what was wrong with it."""

    rows: list[list[Cell]]
    delimiter: str
    problems: list[Problem] = field(default_factory=list)


def read_delimited(handle: BinaryIO, encoding: Encoding, limits: Limits) -> Delimited:
    """Read the whole file. Raises ``RefusedError`` for a line, a row or a column count over the limits."""
    lines = _Lines(handle, encoding, limits)
    sample = lines.peek(_SNIFFED_LINES)
    delimiter = _declared_delimiter(sample)
    if delimiter is not None:
        lines.skip_one()
        sample = sample[1:]
    else:
        delimiter = sniff_delimiter(sample)
    reader = _Records(lines, delimiter, _usual_width(sample, delimiter))
    rows: list[list[Cell]] = []
    cells = 0
    for record in reader:
        cells += len(record)
        if len(record) > limits.max_columns:
            raise RefusedError("row_too_wide", row=len(rows) + 1, columns=len(record), limit=limits.max_columns)
        if len(rows) >= limits.max_rows_per_sheet:
            raise RefusedError("text_too_long", limit=limits.max_rows_per_sheet)
        if cells > limits.max_cells:
            raise RefusedError("text_too_many_cells", row=len(rows) + 1, limit=limits.max_cells)
        rows.append(record)
    while rows and not any(rows[-1]):
        rows.pop()
    problems = _limited(reader.problems)
    if lines.nuls:
        problems.append(Problem("nul_bytes", "error", row=lines.nul_row, params={"count": lines.nuls}))
    if rows and not lines.ends_with_newline and 1 < len(rows[-1]) < reader.width:
        problems.append(
            Problem(
                "last_row_cut",
                "warning",
                row=len(rows),
                params={"columns": len(rows[-1]), "expected": reader.width},
            )
        )
    return Delimited(rows, delimiter, problems)


def sniff_delimiter(lines: list[str]) -> str:
    """The delimiter that cuts most of the lines into the same number of cells; a comma where none does."""
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = _widths(lines, delimiter)
        widths.pop(1, None)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        score = count + min(width, 20) * 0.01
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _usual_width(lines: list[str], delimiter: str) -> int:
    widths = _widths(lines, delimiter)
    return widths.most_common(1)[0][0] if widths else 1


def _widths(lines: list[str], delimiter: str) -> Counter[int]:
    """How many of the rows that hold anything have how many cells."""
    widths: Counter[int] = Counter()
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            # Told with its row when it is read; of the delimiter it says nothing.
            continue
        if row is None:
            return widths
        if any(row):
            widths[len(row)] += 1


def _declared_delimiter(sample: list[str]) -> str | None:
    """Excel's own first line ``sep=;``, which is no row."""
    first = sample[0].strip().strip('"') if sample else ""
    return first[4] if len(first) == 5 and first.lower().startswith("sep=") else None


def _limited(problems: list[Problem]) -> list[Problem]:
    """At most 20 of each kind, then one that counts the rest."""
    kept: list[Problem] = []
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[problem.code] += 1
        if counts[problem.code] <= _PROBLEMS_SHOWN:
            kept.append(problem)
    kept += [
        Problem(f"{code}_more", "error", params={"count": count - _PROBLEMS_SHOWN})
        for code, count in counts.items()
        if count > _PROBLEMS_SHOWN
    ]
    return kept


class _Lines:
    """The decoded lines of a file, each with the byte (from 1) of its first undecodable one, or 0."""

    def __init__(self, handle: BinaryIO, encoding: Encoding, limits: Limits) -> None:
        self._encoding = encoding
        self._limit = limits.max_line_bytes
        self._source = self._decoded(handle)
        self._ahead: deque[tuple[str, int]] = deque()
        self.nuls = 0
        self.nul_row: int | None = None
        self.ends_with_newline = True

    def __iter__(self) -> Iterator[tuple[str, int]]:
        while self._ahead or self._look_ahead():
            yield self._ahead.popleft()

    @property
    def at_hand(self) -> int:
        """How many lines were looked at and not given yet."""
        return len(self._ahead)

    def block(self) -> list[str] | None:
        """The next lines, some hundreds, where none is at hand and all of them can be decoded; else None."""
        if self._ahead or not self._look_ahead() or any(broken for _, broken in self._ahead):
            return None
        lines = [line for line, _ in self._ahead]
        self._ahead.clear()
        return lines

    def _look_ahead(self) -> bool:
        """Put the next lines at hand. Whether there are any."""
        following = next(self._source, ())
        self._ahead.extend(following)
        return bool(following)

    def peek(self, count: int) -> list[str]:
        """The next ``count`` lines, which will still be given."""
        while len(self._ahead) < count and self._look_ahead():
            pass
        return [line for line, _ in islice(self._ahead, count)]

    def skip_one(self) -> None:
        self._ahead.popleft()

    def push_back(self, lines: list[tuple[str, int]]) -> None:
        """Give ``lines`` again before the others."""
        self._ahead.extendleft(reversed(lines))

    def _decoded(self, handle: BinaryIO) -> Iterator[Sequence[tuple[str, int]]]:
        handle.seek(0)
        head = handle.read(MEBIBYTE)
        handle.seek(self._encoding.skip)
        wide = self._encoding.name.startswith("utf-16")
        lines = self._rewrapped(handle) if wide or (b"\r" in head and b"\n" not in head) else self._plain(handle)
        number = 0
        while block := list(islice(lines, _BLOCK)):
            if any("\x00" in line for line, _ in block):
                block = [self._without_nuls(*line, number + place) for place, line in enumerate(block, 1)]
            number += len(block)
            self.ends_with_newline = block[-1][0].endswith(("\n", "\r"))
            yield block

    def _without_nuls(self, line: str, broken_at: int, number: int) -> tuple[str, int]:
        if "\x00" in line:
            self.nuls += line.count("\x00")
            self.nul_row = self.nul_row or number
        return line.replace("\x00", ""), broken_at

    def _plain(self, handle: BinaryIO) -> Iterator[tuple[str, int]]:
        position = self._encoding.skip
        name, limit = self._encoding.name, self._limit
        number = 0
        while raw := handle.readline(limit + 1):
            number += 1
            if len(raw) > limit:
                raise RefusedError("line_too_long", row=number, limit_mb=limit // MEBIBYTE)
            try:
                yield raw.decode(name), 0
            except UnicodeDecodeError as error:
                yield raw.decode(name, "replace"), position + error.start + 1
            position += len(raw)

    def _rewrapped(self, handle: BinaryIO) -> Iterator[tuple[str, int]]:
        """For UTF-16 and for lines that end with CR alone, which bytes cannot be cut at safely."""
        position = self._encoding.skip
        number = 0
        name = self._encoding.name
        text = io.TextIOWrapper(handle, name, errors="replace", newline="")
        try:
            while line := text.readline(self._limit + 1):
                number += 1
                if len(line) > self._limit:
                    raise RefusedError("line_too_long", row=number, limit_mb=self._limit // MEBIBYTE)
                broken = line.find(_BROKEN)
                before = len(line[:broken].encode(name, "replace")) if broken >= 0 else 0
                yield line, position + before + 1 if broken >= 0 else 0
                position += len(line.encode(name, "replace"))
        finally:
            text.detach()


class _Records:
    """Cuts lines into rows. Iterated once; ``problems`` are complete at the end."""

    def __init__(self, lines: _Lines, delimiter: str, width: int) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self.width = width
        self.problems: list[Problem] = []
        self._taken: list[str] = []
        self._broken: dict[int, int] = {}
        self._ended = False
        self._number = 0

    def __iter__(self) -> Iterator[list[Cell]]:
        while not self._ended:
            while (lines := self._lines.block()) is not None:
                rows = self._without_care(lines)
                if rows is None:
                    self._lines.push_back([(line, 0) for line in lines])
                    break
                self._number += len(rows)
                yield from rows
            yield from self._with_care()

    def _without_care(self, lines: list[str]) -> list[list[Cell]] | None:
        """The rows of some lines where each is plainly a row, as in most files all are; else None."""
        if any('="' in line for line in lines):
            return None
        try:
            # An empty line at the end is a row of its own, unless a quotation mark is still open.
            *rows, last = csv.reader([*lines, "\n"], delimiter=self._delimiter)
        except csv.Error:
            return None
        if last or len(rows) != len(lines):
            return None
        return [[cell or None for cell in row] for row in rows]

    def _with_care(self) -> Iterator[list[Cell]]:
        """Rows one by one, until the lines at hand are used up."""
        while not self._ended:
            reader = csv.reader(self._feed(), delimiter=self._delimiter)
            while True:
                try:
                    row = next(reader, None)
                except csv.Error:
                    row = self._first_line_alone()
                    restart = True
                else:
                    restart = row is not None and self._swallowed(row)
                    if restart:
                        row = self._first_line_alone()
                if row is None:
                    break
                yield self._cells(row)
                if not restart and not self._lines.at_hand:
                    return
                if restart:
                    break

    def _feed(self) -> Iterator[str]:
        for line, broken_at in self._lines:
            if broken_at:
                self._broken[len(self._taken)] = broken_at
            self._taken.append(line)
            yield line
        self._ended = True

    def _cells(self, row: list[str]) -> list[Cell]:
        self._number += 1
        if self._broken:
            params = {"position": min(self._broken.values())}
            self.problems.append(Problem("undecodable_bytes", "error", row=self._number, params=params))
            self._broken.clear()
        taken = self._taken
        wrapped = '="' in taken[0] if len(taken) == 1 else any('="' in line for line in taken)
        taken.clear()
        if wrapped:
            row = [_unwrapped(cell) for cell in row]
        return [cell or None for cell in row]

    def _swallowed(self, row: list[str]) -> bool:
        """Whether a quotation mark was left open and has taken the following lines into its cell."""
        taken = self._taken
        if len(taken) < 2 and not (taken and self._ended):
            return False
        if self._ended and _is_open(taken, self._delimiter):
            return True
        if len(taken) < 2 or self.width < 3:
            return False
        if len(taken) == 2:
            return len(row) != self.width and all(self._is_whole(line) for line in taken)
        return any(self._is_whole(line) for line in taken[1:-1])

    def _is_whole(self, line: str) -> bool:
        return line.count(self._delimiter) == self.width - 1

    def _first_line_alone(self) -> list[str]:
        first, *others = self._taken
        self.problems.append(Problem("unclosed_quote", "error", row=self._number + 1))
        self._lines.push_back([(line, self._broken.pop(n, 0)) for n, line in enumerate(others, 1)])
        self._ended = False
        self._taken = [first]
        return [_unquoted(cell) for cell in first.rstrip("\r\n").split(self._delimiter)]


def _is_open(lines: list[str], delimiter: str) -> bool:
    if not any('"' in line for line in lines):
        return False
    try:
        deque(csv.reader(lines, delimiter=delimiter, strict=True), maxlen=0)
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _unquoted(cell: str) -> str:
    if len(cell) > 1 and cell.startswith('"') and cell.endswith('"'):
        return cell[1:-1].replace('""', '"')
    return cell


def _unwrapped(cell: str) -> str:
    """``="0123"`` is how programs keep Excel from dropping the zero: the text between the marks."""
    if len(cell) > 2 and cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1].replace('""', '"')
    return cell
