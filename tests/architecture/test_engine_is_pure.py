"""The engine reads no clock, opens no socket and draws no unseeded chance: same input, same answer."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "src" / "lianfang" / "engine"
FORBIDDEN_MODULES = {"socket", "requests", "urllib", "http", "random", "secrets", "time", "django", "uuid"}
CLOCKS = {("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today")}
MODULES = sorted(ENGINE.rglob("*.py"))


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def clocks_read(tree: ast.Module) -> set[tuple[str, str]]:
    return {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    } & CLOCKS


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ENGINE)))
def test_a_module_of_the_engine_reads_no_clock_no_network_and_no_chance(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert imported(tree) & FORBIDDEN_MODULES == set()
    assert clocks_read(tree) == set()


def test_the_engine_was_found() -> None:
    assert len(MODULES) > 50
