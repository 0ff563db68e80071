from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from lianfang.domains.lab_testing.results.services import files, loads
from lianfang.engine.intake.contract import FileReading, Role
from lianfang.engine.intake.mapping import Memory
from lianfang.engine.intake.reading import read_given


def read_in_this_process(
    given: Sequence[dict[str, Any]], role: Role, *, as_of: datetime, memory: Memory
) -> list[FileReading]:
    """A process for each file costs a second, and other tests pay it."""
    return [files._named(one, read_given(files.folder() / one["stored_as"], role, as_of, memory)) for one in given]


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads.stored, "read_files", read_in_this_process)
