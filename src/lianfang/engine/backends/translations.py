"""Translated stages, kept in a folder from one process to the next.

Loading the translator and asking it takes half a second and forty megabytes; a process that finds its stages in the
folder does neither. A text is found by everything that it came from: the statements, macros and names of constants,
the dialect, and the translator's own version and source.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Literal

Dialect = Literal["spark", "sqlite"]


class UntranslatableError(ValueError):
    """A stage says something that does not mean the same on another database; the message names it."""


class Translations:
    """Translations of whole plans, whose constants are parameters ``:name``.

    ``folder`` is where they are kept, and made where it is not there yet; without one, each process translates for
    itself. What cannot be read there is translated anew, and what cannot be written is not kept: a full disk must not
    keep anybody from a decision.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def of(
        self, dialect: Dialect, statements: Sequence[str], *, macros: Sequence[str], constants: Collection[str]
    ) -> list[str]:
        """The statements in the dialect, in their order. Raises ``UntranslatableError``."""
        if self._folder is None:
            return _translated(dialect, statements, macros, constants)
        given = [_translator(), dialect, list(macros), sorted(constants), list(statements)]
        name = sha256(json.dumps(given, ensure_ascii=False).encode()).hexdigest()
        path = self._folder / f"{_translator()[:8]}-{name[:32]}.json"
        found = _kept(path, len(statements))
        if found is None:
            found = _translated(dialect, statements, macros, constants)
            self._keep(path, found)
        return found

    def _keep(self, path: Path, texts: list[str]) -> None:
        draft = path.with_suffix(f".{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_text(json.dumps(texts, ensure_ascii=False), "utf-8")
            draft.replace(path)
            for other in path.parent.glob("*.json"):
                if not other.name.startswith(_translator()[:8]):
                    other.unlink(missing_ok=True)
        except OSError:
            # Read-only, or full: the next process translates again.
            with suppress(OSError):
                draft.unlink()


def _kept(path: Path, count: int) -> list[str] | None:
    """The texts of a file; None where there is none, or it is not whole."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    is_whole = isinstance(found, list) and len(found) == count and all(isinstance(each, str) for each in found)
    return found if is_whole else None


def _translated(
    dialect: Dialect, statements: Sequence[str], macros: Sequence[str], constants: Collection[str]
) -> list[str]:
    # Loaded only where there is something to translate.
    from lianfang.engine.backends.dialects import Translation

    translation = Translation(dialect, macros, dict.fromkeys(constants, ""), binds=True)
    return [translation(statement) for statement in statements]


@cache
def _translator() -> str:
    source = Path(__file__).with_name("dialects.py").read_bytes()
    return sha256(version("sqlglot").encode() + b"\0" + source).hexdigest()
