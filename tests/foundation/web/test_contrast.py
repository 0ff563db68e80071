"""Words can be read on what they stand on: WCAG 2 AA, 4.5 to 1, in both themes."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

TOKENS = (files("lianfang.foundation.web") / "static" / "lianfang" / "css" / "tokens.css").read_text("utf-8")
TONES = ("good", "warn", "bad", "info", "quiet", "unknown")
PAIRS = [
    *((f"{tone}-ink", f"{tone}-soft") for tone in TONES),
    *((f"{tone}-ink", "surface") for tone in TONES),
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint") for ground in ("surface", "surface-sunk", "page")),
    ("main", "surface"), ("main", "page"), ("main-strong", "main-soft"), ("on-main", "main"),
    ("on-main", "main-strong"),
]  # fmt: skip


def tokens(theme: str) -> dict[str, str]:
    start = TOKENS.index('[data-bs-theme="light"] {' if theme == "light" else '[data-bs-theme="dark"] {')
    return dict(re.findall(r"--lf-([a-z-]+): (#[0-9a-f]{6});", TOKENS[start : TOKENS.index("color-scheme", start)]))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_agrees_with_known_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_words_stand_out_from_their_ground(theme: str, ink: str, ground: str) -> None:
    known = tokens(theme)
    assert contrast(known[ink], known[ground]) >= 4.5, f"{ink} on {ground}, {theme}"


def test_white_words_stand_out_from_the_colours_of_alarm() -> None:
    for ground in (tokens("light")["bad"], "#a5332b", "#b92c23", "#97201a"):
        assert contrast("#ffffff", ground) >= 4.5
