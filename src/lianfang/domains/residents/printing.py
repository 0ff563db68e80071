"""Slips for households and sheets of codes for people without a phone, ready for A4 paper and scissors."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from lianfang.domains.lab_testing.labels import CHINESE, LATIN, LATIN_BOLD, chinese_font

COLUMNS, ROWS = 2, 5
WIDTH, HEIGHT = 210 * mm / COLUMNS, 297 * mm / ROWS
QR_SIDE = 38 * mm
MARGIN = 7 * mm
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Square:
    """One field of a sheet: a QR on the left, a heading, a code in large type and small lines below it."""

    qr: str
    heading: str
    code: str
    lines: tuple[str, ...]


def sheets(title: str, squares: Sequence[Square]) -> bytes:
    """A PDF, ten to a page in walking order, with lines to cut along."""
    buffer = io.BytesIO()
    page = Canvas(buffer, pagesize=A4, pageCompression=1)
    page.setTitle(title if title.isascii() or chinese_font() else "slips")
    per_page = COLUMNS * ROWS
    for at, square in enumerate(squares):
        if at % per_page == 0:
            if at:
                page.showPage()
            _cutting_lines(page)
        _draw(page, at % per_page, square)
    page.save()
    return buffer.getvalue()


def _cutting_lines(page: Canvas) -> None:
    page.setDash(2, 3)
    page.setStrokeGray(0.6)
    for column in range(1, COLUMNS):
        page.line(column * WIDTH, 0, column * WIDTH, A4[1])
    for row in range(1, ROWS):
        page.line(0, row * HEIGHT, A4[0], row * HEIGHT)
    page.setDash()


def _draw(page: Canvas, place: int, square: Square) -> None:
    left = (place % COLUMNS) * WIDTH + MARGIN
    bottom = A4[1] - (place // COLUMNS + 1) * HEIGHT
    middle = bottom + HEIGHT / 2
    _draw_qr(page, square.qr, left, middle - QR_SIDE / 2)
    text_left = left + QR_SIDE + 4 * mm
    room = WIDTH - QR_SIDE - 4 * mm - 2 * MARGIN
    top = middle + QR_SIDE / 2 - 4 * mm
    top = _write(page, square.heading, text_left, top, room, 12)
    if square.code:
        size = min(11.0, 11.0 * room / stringWidth(square.code, LATIN_BOLD, 11))
        page.setFont(LATIN_BOLD, size)
        page.drawString(text_left, top - 2 * mm, square.code)
        top -= 7 * mm
    for line in square.lines:
        top = _write(page, line, text_left, top, room, 8)


def _draw_qr(page: Canvas, text: str, left: float, bottom: float) -> None:
    """Dark runs as rectangles: crisp at every printer's resolution."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=2)]
    side = QR_SIDE / len(rows)
    path = page.beginPath()
    for number, row in enumerate(rows):
        start = None
        for column, is_dark in enumerate([*row, 0]):
            if is_dark and start is None:
                start = column
            elif not is_dark and start is not None:
                path.rect(left + start * side, bottom + QR_SIDE - (number + 1) * side, (column - start) * side, side)
                start = None
    page.setFillGray(0)
    page.drawPath(path, stroke=0, fill=1)


def _write(page: Canvas, text: str, left: float, top: float, room: float, size: float) -> float:
    """Write a text in as many lines as it takes; the place for what follows."""
    font = CHINESE if not text.isascii() and chinese_font() else LATIN
    if font == LATIN:
        text = plain(text)
    page.setFont(font, size)
    for line in _folded(text, font, size, room):
        page.drawString(left, top - size, line)
        top -= size * 1.35
    return top - 1.5


def plain(text: str) -> str:
    """What can be printed without a font for Chinese: 10号楼1单元101室 becomes 10-1-101."""
    return text if text.isascii() else "-".join(part.strip() for part in _PRINTABLE.findall(text) if part.strip())


def _folded(text: str, font: str, size: float, room: float) -> Iterable[str]:
    line = ""
    for sign in text:
        if line and stringWidth(line + sign, font, size) > room:
            yield line
            line = ""
        line += sign
    if line:
        yield line
