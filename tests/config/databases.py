"""Folders for tests that start databases: in memory where there is room, because a busy disk makes each start slow."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lianfang.config.embedded import EmbeddedPostgres

_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3


def _base() -> str | None:
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return None
    found = os.statvfs(_MEMORY)
    return str(_MEMORY) if found.f_bavail * found.f_frsize > _ROOM else None


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A new folder that only its maker may enter, removed in the end."""
    path = Path(tempfile.mkdtemp(prefix="lianfang-test-", dir=_base()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Instead of pytest's own."""
    with quick_folder() as path:
        yield path


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    """A product folder with a database that was started and stopped once."""
    with quick_folder() as path:
        with EmbeddedPostgres(path / "data"):
            pass
        yield path / "data"
