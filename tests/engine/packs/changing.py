"""A copy of a pack that can be broken on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

PACKS = Path(__file__).resolve().parents[3] / "policy_packs"
V9 = PACKS / "covid19" / "v9"
WHOLE = Path(__file__).parent / "example" / "whole"
"""A small invented pack with every file that a pack can have, and two layers."""


def copied(pack: Path, to: Path) -> Path:
    copy = to / pack.parent.name / pack.name
    shutil.copytree(pack, copy)
    return copy


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text, f"{name} has no {old!r}"
    path.write_text(text.replace(old, new, 1), "utf-8")
