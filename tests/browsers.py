"""The browser that tests drive: Debian's, installed by ``tools/test_needs.sh``."""

from __future__ import annotations

import os
import shutil

import pytest


def find_chromium(*more: str) -> str:
    """Where Chromium is. Without it, or one of ``more`` programs, the test is skipped; with CI=true it fails."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or any(shutil.which(program) is None for program in more):
        words = f"needs {', '.join(('chromium', *more))}: tools/test_needs.sh"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return chromium
