"""Every test gets a folder of its own; nothing may run in it afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lianfang.config.embedded.leftovers import processes_in
from tests.config.databases import made_once, quick_folder, tmp_path

__all__ = ["made_once", "tmp_path"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    with quick_folder() as path:
        path.chmod(0o755)
        yield path


@pytest.fixture
def folder(made_once: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the database that was made once: starting it takes a tenth of making one."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", made_once, copy], check=True)
    yield copy
    assert processes_in(copy / "postgres") == []
