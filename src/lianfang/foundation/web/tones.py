"""The six tones of the design system, each with the icon that says the same without colour."""

from __future__ import annotations

from typing import Literal

Tone = Literal["good", "warn", "bad", "info", "quiet", "unknown"]

# Status → (tone, icon, key of its word). A colour never stands alone.
PILLS: dict[str, tuple[Tone, str, str]] = {
    "green": ("good", "circle-check", "web.pill.green"),
    "yellow": ("warn", "alert-triangle", "web.pill.yellow"),
    "red": ("bad", "alert-octagon", "web.pill.red"),
    "unknown": ("unknown", "help-circle", "web.pill.unknown"),
}
TONE_ICONS: dict[str, str] = {
    "good": "circle-check",
    "warn": "alert-triangle",
    "bad": "alert-octagon",
    "info": "info-circle",
    "quiet": "circle-dashed",
    "unknown": "help-circle",
}
