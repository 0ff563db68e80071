"""Label sheets: Code 128 with the code in plain characters below, ready for A4 adhesive sheets.

The code, the pool size and the team stand on a label. Teams are mostly named in Chinese, and a PDF must carry the
font it uses: where a TrueType font with Chinese is installed the name is printed, else the team's number in the
round. So a sheet never fails for want of a font.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from lianfang.domains.lab_testing.models import Kit

if TYPE_CHECKING:
    from reportlab.graphics.barcode.code128 import Code128

LATIN, LATIN_BOLD = "Helvetica", "Courier-Bold"
CHINESE = "lianfang-chinese"
# TrueType only: reportlab cannot embed the OpenType (CFF) outlines of Noto CJK.
_CHINESE_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "C:/Windows/Fonts/simhei.ttf",
    "C:/Windows/Fonts/msyh.ttc",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Labels on an A4 page: columns × rows inside of margins, in millimetres; ``gap`` between columns."""

    columns: int
    rows: int
    left: float
    top: float
    gap: float = 0

    @property
    def size(self) -> tuple[float, float]:
        width = (210 - 2 * self.left - self.gap * (self.columns - 1)) / self.columns
        return width, (297 - 2 * self.top) / self.rows


SHEETS = {"4x10": Sheet(4, 10, 4, 11), "3x8": Sheet(3, 8, 7, 13, 2), "5x13": Sheet(5, 13, 5, 11)}


def label_sheets(kit: Kit, team_number: int, sheet: Sheet) -> bytes:
    """A PDF with one label per code of the kit. ``team_number`` is the team's place among those of the round, 0
    without."""
    buffer = io.BytesIO()
    page = Canvas(buffer, pagesize=A4, pageCompression=1)
    page.setTitle(f"{kit.codes[0]} - {kit.codes[-1]}" if kit.codes else "labels")
    note, font = _note(kit, team_number)
    per_page = sheet.columns * sheet.rows
    for at, code in enumerate(kit.codes):
        if at and at % per_page == 0:
            page.showPage()
        _draw(page, sheet, at % per_page, code, note, font)
    page.save()
    return buffer.getvalue()


def _note(kit: Kit, team_number: int) -> tuple[str, str]:
    size = "1H" if kit.is_household else f"x{kit.capacity}"
    name = kit.team.name if kit.team is not None else ""
    if name.isascii():
        return f"{size} {name}".strip(), LATIN
    if chinese_font():
        return f"{size} {name}", CHINESE
    return f"{size} T{team_number}", LATIN


@cache
def chinese_font() -> bool:
    """Whether a TrueType font with Chinese could be embedded; registers it."""
    for path in _CHINESE_FONTS:
        if not Path(path).exists():
            continue
        try:
            registerFont(TTFont(CHINESE, path, subfontIndex=0))
        except TTFError:
            continue
        return True
    return False


def _draw(page: Canvas, sheet: Sheet, place: int, code: str, note: str, font: str) -> None:
    width, height = (side * mm for side in sheet.size)
    column, row = place % sheet.columns, place // sheet.columns
    left = (sheet.left * mm) + column * (width + sheet.gap * mm)
    bottom = A4[1] - sheet.top * mm - (row + 1) * height
    bars = _bars(code, width, height * 0.5)
    bars.drawOn(page, left + (width - bars.width) / 2, bottom + height * 0.4)
    size = _fitting(code, LATIN_BOLD, width * 0.92, 9.5)
    page.setFont(LATIN_BOLD, size)
    page.drawCentredString(left + width / 2, bottom + height * 0.22, code)
    page.setFont(font, _fitting(note, font, width * 0.92, 7))
    page.drawCentredString(left + width / 2, bottom + height * 0.08, note)


def _bars(code: str, width: float, height: float) -> Code128:
    """As wide as the label allows with ten modules of quiet on either side, never wider than 0.33 mm a module."""
    # Here, because it loads most of reportlab, 12 MiB that a web process which prints no labels need not hold.
    from reportlab.graphics.barcode.code128 import Code128

    modules = Code128(code, barWidth=1, quiet=False).width + 20
    return Code128(code, barWidth=min(width / modules, 0.33 * mm), barHeight=height, quiet=True)


def _fitting(text: str, font: str, width: float, size: float) -> float:
    wide = stringWidth(text, font, size)
    return size if wide <= width else size * width / wide


def team_number(kit: Kit, team_ids: Sequence[int]) -> int:
    """The place of the kit's team among those of the round, from 1; 0 without a team."""
    return team_ids.index(kit.team_id) + 1 if kit.team_id in team_ids else 0
