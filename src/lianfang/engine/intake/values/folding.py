"""Folding of characters that look the same and are not: the first step of reading any text.

Only what changes nothing a reader would notice is folded. NFKC as a whole would also turn ① into 1,
㎡ into m2, ½ into 1⁄2 and ² into 2, so it is applied to chosen blocks and to nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from lianfang.engine.intake.values.contract import Note
from lianfang.engine.intake.values.radicals import RADICALS, STROKES

FULL_WIDTH = Note("full_width", "changed")
RADICAL = Note("radical", "changed")
COMPATIBILITY = Note("compatibility_form", "changed")
INVISIBLE = Note("invisible_removed", "changed")
CONTROL = Note("control_removed", "changed")
UNUSUAL_SPACE = Note("unusual_space", "changed")
COMPOSED = Note("composed", "changed")

_PUNCTUATION_OF_CHINESE = "，：；！？（）～"

# Mainland fonts draw both with the glyph of the simplified character, and text copied out of PDF files
# then holds the radical (用⼾ for 用户); Unicode's equivalents 戶 and 靑 are not what was meant.
_MAINLAND_RADICALS = {"\u2f3e": "户", "\u2fad": "青"}


def _compatible(*ranges: tuple[int, int]) -> dict[str, str]:
    """The characters of the ranges that have a compatibility equivalent, with it."""
    found = {}
    for first, last in ranges:
        for code in range(first, last + 1):
            char = chr(code)
            folded = unicodedata.normalize("NFKD", char)
            if folded != char and unicodedata.category(char) != "Cn":
                found[char] = folded
    return found


def _same(text: str, replacement: str) -> dict[str, str]:
    return dict.fromkeys(text, replacement)


def _span(*ranges: tuple[int, int]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


_KINDS: tuple[tuple[Note, Mapping[str, str]], ...] = (
    # Half-width kana decompose into base and mark; NFC, done last, joins them.
    (FULL_WIDTH, _compatible((0xFF01, 0xFF5E), (0xFF61, 0xFFDC), (0xFFE0, 0xFFEE))),
    (RADICAL, {**_compatible((0x2F00, 0x2FD5)), **RADICALS, **STROKES, **_MAINLAND_RADICALS}),
    (
        COMPATIBILITY,
        # Compatibility ideographs, small forms, and letters and digits of mathematical alphabets.
        _compatible((0xF900, 0xFAFF), (0x2F800, 0x2FA1F), (0xFE50, 0xFE6B), (0x1D400, 0x1D7FF)),
    ),
    (
        UNUSUAL_SPACE,
        _same("\t\u00a0\u1680\u202f\u205f\u3000" + _span((0x2000, 0x200A)), " ") | _same("\u2028\u2029", "\n"),
    ),
    (
        INVISIBLE,
        _same(
            "\u00ad\u034f\u061c\u180e\ufeff\u3164\u115f\u1160\uffa0"
            + _span((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)),
            "",
        ),
    ),
    (
        CONTROL,
        _same(_span((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F), (0xD800, 0xDFFF)), "")
        | {"\r": "\n", "\u0085": "\n", "\ufffe": "", "\uffff": ""},
    ),
)
_NOTE_OF: Mapping[str, Note] = {char: note for note, chars in _KINDS for char in chars}
_FOLD_ALL = {ord(char): text for _, chars in _KINDS for char, text in chars.items()}
_FOLD_BUT_PUNCTUATION = {code: text for code, text in _FOLD_ALL.items() if chr(code) not in _PUNCTUATION_OF_CHINESE}

_PLAIN = re.compile("[ -~\n\u4e00-\u9fff、。《》〈〉【】“”‘’…—·〇①-⑳]*").fullmatch
_PLAIN_WITH_PUNCTUATION = re.compile(
    f"[ -~\n\u4e00-\u9fff、。《》〈〉【】“”‘’…—·〇①-⑳{_PUNCTUATION_OF_CHINESE}]*"
).fullmatch
# How a workbook's XML writes a control character inside a cell; some readers pass it on as it stands.
_ESCAPED_CONTROL = re.compile("_x00[01][0-9A-Fa-f]_")


def fold_text(text: str, *, keep_punctuation: bool = False) -> tuple[str, tuple[Note, ...]]:
    """``text`` with look-alike characters folded, and one note per kind of change, in order of appearance.

    Full-width forms, look-alike radicals (those NFKC folds and those it does not), compatibility
    ideographs, unusual spaces, invisible and control characters. A line break stays one ("\\n"). With
    ``keep_punctuation`` the punctuation of Chinese prose (，：；！？（）～) stays as it is. Folding twice
    changes nothing more. Nothing is trimmed.
    """
    if (_PLAIN_WITH_PUNCTUATION if keep_punctuation else _PLAIN)(text) and "_x00" not in text:
        return text, ()
    notes: dict[Note, None] = {}
    text = text.replace("\r\n", "\n")
    folded = text.translate(_FOLD_BUT_PUNCTUATION if keep_punctuation else _FOLD_ALL)
    if folded != text:
        kept = _PUNCTUATION_OF_CHINESE if keep_punctuation else ""
        notes = {_NOTE_OF[char]: None for char in text if char in _NOTE_OF and char not in kept}
    if "_x00" in folded:
        folded, found = _ESCAPED_CONTROL.subn("\n", folded)
        if found:
            notes[CONTROL] = None
    if not unicodedata.is_normalized("NFC", folded):
        folded = unicodedata.normalize("NFC", folded)
        if not notes:
            notes[COMPOSED] = None
    return folded, tuple(notes)
