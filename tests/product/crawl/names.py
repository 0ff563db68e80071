"""The names that pages read from forms and queries, found in the program itself: none can be left out of the crawl."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import lianfang

_SOURCE = Path(lianfang.__file__).parent
_FIELD = re.compile(r"""\bname=["']([A-Za-z_][\w-]*)["']""")
_WORD = re.compile(r"[a-z][a-z_-]{1,24}")


@cache
def field_names(package: str) -> tuple[str, ...]:
    """Every name in the templates of ``package`` (as "domains/registry"), and every short text in its views and forms
    that could be one."""
    folder = _SOURCE / package
    names = {name for page in folder.rglob("*.html") for name in _FIELD.findall(page.read_text("utf-8"))}
    for source in folder.rglob("*.py"):
        if "views" in source.name or "views" in source.parts or source.name in ("forms.py", "pages.py", "desk.py"):
            names |= _read_in(ast.parse(source.read_text("utf-8")))
    return tuple(sorted(names))


def _read_in(tree: ast.Module) -> set[str]:
    """Keys of ``….get("key")``, ``….getlist("key")`` and ``…["key"]``, and the fields of form classes."""
    names = set()
    for node in ast.walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            key = node.args[0] if node.func.attr in ("get", "getlist", "pop") else None
        elif isinstance(node, ast.Subscript):
            key = node.slice
        elif isinstance(node, ast.ClassDef):
            names |= {
                target.id
                for statement in node.body
                for target in (
                    [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
                )
                if isinstance(target, ast.Name)
            }
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and _WORD.fullmatch(key.value):
            names.add(key.value)
    return names
