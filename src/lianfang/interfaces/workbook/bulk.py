"""A worksheet that takes long lists quickly.

XlsxWriter spends 5–6 µs on a cell; a list of 100,000 people has over a million of them. This sheet
writes whole rows as XML into the same stream that XlsxWriter uses when it holds one row in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

LAST_ROW = 1_048_575
LONGEST_TEXT = 32_000
_NEEDS_CARE = re.compile(r"[&<>\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^\s|\s$")
_IMPOSSIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class BulkSheet(Worksheet):  # type: ignore[misc]
    """A worksheet of a workbook opened with ``constant_memory``."""

    def write_bulk(
        self,
        first_row: int,
        formats: Sequence[Sequence[Format]],
        rows: Iterable[tuple[int, float, Sequence[Any]]],
    ) -> int:
        """Write rows from ``first_row`` (from 0) on, below everything written so far.

        A row is: which of ``formats`` (one Format per column) it wears, its height in points, and its
        cells: str, int, float or None. Text stays text whatever it begins with. Returns the row after
        the last.
        """
        if not self.constant_memory:
            raise ValueError("a bulk sheet belongs to a workbook opened with constant_memory")
        self._write_single_row(first_row)
        wear = [_prepared(row_formats) for row_formats in formats]
        row = first_row
        pieces: list[str] = []
        for style, height, cells in rows:
            row += 1
            pieces.append(_row_xml(row, height, wear[style], cells))
            if len(pieces) == 2_000:
                self.row_data_fh.write("".join(pieces))
                pieces.clear()
        self.row_data_fh.write("".join(pieces))
        if row > first_row:
            self._check_dimensions(first_row, 0)
            self._check_dimensions(row - 1, len(formats[0]) - 1)
            self.previous_row = row - 1
        return row


def _prepared(formats: Sequence[Format]) -> list[tuple[str, str, str, str]]:
    """Per column what stands before the row number, and after it for a text, a number and a blank."""
    prepared = []
    for column, cell_format in enumerate(formats):
        style = f'" s="{cell_format._get_xf_index()}"'
        head = f'<c r="{xl_col_to_name(column)}'
        prepared.append((head, f'{style} t="inlineStr"><is><t', f"{style}><v>", f"{style}/>"))
    return prepared


def _row_xml(row: int, height: float, wear: Sequence[tuple[str, str, str, str]], cells: Sequence[Any]) -> str:
    pieces = [f'<row r="{row}" ht="{height}" customHeight="1">']
    for (head, text, number, blank), value in zip(wear, cells, strict=True):
        if value is None or value == "":
            pieces.append(f"{head}{row}{blank}")
        elif value.__class__ is str:
            # Most cells are names and numbers: telling that they are takes a tenth of the search.
            if len(value) <= LONGEST_TEXT and (value.isalnum() or not _NEEDS_CARE.search(value)):
                pieces.append(f"{head}{row}{text}>{value}</t></is></c>")
            else:
                pieces.append(f'{head}{row}{text} xml:space="preserve">{escaped(value)}</t></is></c>')
        else:
            pieces.append(f"{head}{row}{number}{value:.16G}</v></c>")
    pieces.append("</row>")
    return "".join(pieces)


def escaped(text: str) -> str:
    """``text`` as XML 1.0 allows it: what cannot stand in a cell at all becomes U+FFFD."""
    clean = _IMPOSSIBLE.sub("\ufffd", text[:LONGEST_TEXT])
    clean = _LOOKS_ESCAPED.sub("_x005F_", clean)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
