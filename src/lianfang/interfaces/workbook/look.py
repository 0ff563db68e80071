"""How the workbook looks: one small palette, one font, every format made once."""

from __future__ import annotations

from typing import Any, Literal

import xlsxwriter
from xlsxwriter.format import Format

# Both fonts come with every Windows that a township office has, and have plain stand-ins elsewhere.
FONTS = {"zh-Hans": "Microsoft YaHei", "zh-Hant": "Microsoft JhengHei", "en": "Microsoft YaHei"}

INK = "#1D2733"
MUTED = "#66727F"
RULE = "#D3D9DF"
HEAD = "#E6ECF2"
PALE = "#F5F7F9"
BLUE = "#1F4E79"
RED, RED_PALE = "#B3261E", "#FBE9E7"
AMBER, AMBER_PALE = "#8A5A00", "#FFF3D6"
GREEN, GREEN_PALE = "#1B6E3C", "#E6F4EA"
YELLOW = "#FFF7A8"
WHITE = "#FFFFFF"

Tone = Literal["plain", "muted", "red", "amber", "green", "yellow", "group"]
Kind = Literal["text", "wrapped", "number", "hours", "percent", "instant", "day", "tick"]

_TONES: dict[Tone, dict[str, Any]] = {
    "plain": {},
    "muted": {"font_color": MUTED},
    "red": {"font_color": RED, "bg_color": RED_PALE},
    "amber": {"font_color": AMBER, "bg_color": AMBER_PALE},
    "green": {"font_color": GREEN},
    "yellow": {"bg_color": YELLOW},
    "group": {"bold": True, "bg_color": HEAD},
}
_KINDS: dict[Kind, dict[str, Any]] = {
    "text": {"num_format": "@", "align": "left"},
    "wrapped": {"num_format": "@", "align": "left", "text_wrap": True},
    "number": {"num_format": "#,##0", "align": "right", "indent": 1},
    "hours": {"num_format": "0.0", "align": "right", "indent": 1},
    "percent": {"num_format": "0.0%", "align": "right", "indent": 1},
    "instant": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "tick": {"left": 1, "right": 1, "left_color": RULE, "right_color": RULE},
}


class Look:
    """Formats of one workbook; asking for the same one twice gives the same object."""

    def __init__(self, workbook: xlsxwriter.Workbook, language: str) -> None:
        self._workbook = workbook
        self.font = FONTS[language]
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, **properties: Any) -> Format:
        """A format with the workbook's font and ink unless ``properties`` says otherwise."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            base = {"font_name": self.font, "font_size": 10, "font_color": INK, "valign": "vcenter"}
            self._made[key] = self._workbook.add_format({**base, **properties})
        return self._made[key]

    def tint(self, **properties: Any) -> Format:
        """A format for a conditional rule: only what it changes, so that the cell keeps the rest."""
        return self._workbook.add_format(properties)

    def cell(self, kind: Kind, tone: Tone = "plain", **more: Any) -> Format:
        """The format of a cell of a list: thin rule below, the kind's alignment, the tone's colours."""
        rule = {"bottom": 1, "bottom_color": RULE}
        return self(**{**rule, **_KINDS[kind], **_TONES[tone], **more})

    def header(self, kind: Kind) -> Format:
        align = "right" if kind in ("number", "hours", "percent") else "left"
        indent = 1 if align == "right" else 0
        return self(
            bold=True, indent=indent, bg_color=HEAD, font_color=INK, text_wrap=True, align=align,
            top=1, top_color=MUTED, bottom=1, bottom_color=MUTED,
        )  # fmt: skip

    def title(self) -> Format:
        return self(font_size=16, bold=True, font_color=BLUE)

    def sentence(self) -> Format:
        return self(font_color=MUTED, text_wrap=True, valign="top")

    def link(self, **more: Any) -> Format:
        return self(**{"font_color": BLUE, "underline": 1, **more})
