"""What the command line says and to whom: answers to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lianfang.foundation.texts import Texts, best_language, texts

DEFAULT_LANGUAGE = "zh-Hans"


def language_from(environment: Mapping[str, str]) -> str:
    """The language of the surroundings: LIANFANG_LANG, then the locale; Simplified Chinese where neither says."""
    for name in ("LIANFANG_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "").split(".")[0].replace("_", "-")
        if value and value not in {"C", "POSIX"}:
            return best_language(value)
    return DEFAULT_LANGUAGE


class Console:
    """Says things in one language. ``quiet`` leaves out everything but answers, warnings and errors."""

    def __init__(self, language: str, *, quiet: bool = False) -> None:
        self.texts: Texts = texts(language)
        self.language = language
        self._quiet = quiet
        self._out = RichConsole(highlight=False, soft_wrap=True)
        self._err = RichConsole(stderr=True, highlight=False, soft_wrap=True)

    @property
    def can_ask(self) -> bool:
        """Somebody sits at a terminal and can answer."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")

    def text(self, key: str, **params: Any) -> str:
        return self.texts(key, **params)

    def answer(self, line: str = "", *, style: str | None = None) -> None:
        """A line of the answer, to standard output."""
        self._out.print(escape(line), style=style)

    def table(self, table: Table) -> None:
        """A table of the answer, as wide as the terminal."""
        self._out.print(table, soft_wrap=False)

    def raw(self, line: str) -> None:
        """A line for other programs: no wrapping, no colour."""
        sys.stdout.write(line + "\n")

    def tell(self, line: str = "", *, style: str | None = "dim") -> None:
        """Something on the way, to standard error."""
        if not self._quiet:
            self._err.print(escape(line), style=style)

    def warn(self, line: str) -> None:
        self._err.print(escape(line), style="yellow")

    def error(self, line: str) -> None:
        self._err.print(escape(line), style="bold red")

    def ask(self, prompt: str) -> str:
        """One line typed by the person at the terminal, without surrounding blanks.

        Raises ``EOFError`` where the input ends.
        """
        self._err.print(escape(prompt), style="bold", end=" ")
        return input().strip()

    def progress(self) -> Progress:
        """A progress display that is silent where nobody looks."""
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=self._quiet or not self._err.is_terminal,
        )
