"""Where the policy packs are: in the installed package, or beside the sources."""

from __future__ import annotations

from pathlib import Path


def policy_packs_folder() -> Path:
    installed = Path(__file__).resolve().parents[1] / "policy_packs"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[3] / "policy_packs"
