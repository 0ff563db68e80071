"""Small rosters for the tests of imports, and reading them without a process of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lianfang.domains.registry.imports import services
from lianfang.engine.intake.reading import read_given
from lianfang.foundation.access.actor import Actor

HEADER = ("社区", "小区", "楼栋", "单元", "房号", "姓名", "性别", "身份证号", "联系电话", "人员类别", "备注")


def roster(rows: Iterable[Mapping[str, str] | Sequence[str]]) -> bytes:
    """A .csv with the usual columns; a row is a mapping by label, or the cells in order."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for row in rows:
        writer.writerow([row.get(label, "") for label in HEADER] if isinstance(row, Mapping) else row)
    return out.getvalue().encode("utf-8-sig")


def row(name: str, **given: str) -> dict[str, str]:
    """One resident of 东湖社区 江滨花园 1号楼 1单元, unless it says otherwise."""
    usual = {"社区": "东湖社区", "小区": "江滨花园", "楼栋": "1号楼", "单元": "1单元", "房号": "301", "姓名": name}
    return usual | given


def read_here(paths: Sequence[Path], *, as_of: Any, memory: Any, tell: Any) -> list[Any]:
    """``reading.read_files`` without the process around it, which costs seconds to start."""
    found = [read_given(path, "roster", as_of, memory) for path in paths]
    tell(len(paths), len(paths))
    return found


@pytest.fixture
def reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "read_files", read_here)


def imported(actor: Actor, *contents: bytes, decide: bool = True) -> Any:
    """An import up to its preview; with ``decide`` all conflicts decided as suggested."""
    given = [(f"名册{number}.csv", content) for number, content in enumerate(contents, 1)]
    batch = services.begin_import(actor=actor, uploads=given)
    batch = services.prepare_import(actor=actor, import_id=batch.pk)
    while decide and services.take_suggestions(actor=actor, import_id=batch.pk):
        batch = services.prepare_import(actor=actor, import_id=batch.pk)
    return batch


def applied(actor: Actor, *contents: bytes) -> Any:
    return services.apply_import(actor=actor, import_id=imported(actor, *contents).pk)
