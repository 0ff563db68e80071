"""Demos that several test files look at; each is written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lianfang.demo import DemoFiles, write_demo
from lianfang.demo.truth import Truth, read_truth

SMALL = 7_000


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """7,000 people in mixed formats: the smallest size used here that has the whole sealed compound."""
    return write_demo(tmp_path_factory.mktemp("demo") / "mixed", people=SMALL, seed=7)


@pytest.fixture(scope="session")
def small_truth(small_demo: DemoFiles) -> Truth:
    return read_truth(small_demo.truth)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"
