"""What the command line says and to whom: answers to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TextIO, cast

from lianfang.foundation.texts import Texts, best_language, texts

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.progress import Progress, TaskID
    from rich.table import Table

DEFAULT_LANGUAGE = "zh-Hans"
# Bell, backspace, vertical tab, form feed and carriage return: rich leaves them out, and so do plain lines.
_NOT_SHOWN = dict.fromkeys((7, 8, 11, 12, 13))


def language_from(environment: Mapping[str, str]) -> str:
    """The language of the surroundings: LIANFANG_LANG, then the locale; Simplified Chinese where neither says."""
    for name in ("LIANFANG_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "").split(".")[0].replace("_", "-")
        if value and value not in {"C", "POSIX"}:
            return best_language(value)
    return DEFAULT_LANGUAGE


class Console:
    """Says things in one language. ``quiet`` leaves out everything but answers, warnings and errors.

    Lines for a terminal go through rich; files and pipes get them as they are, without waiting for its import.
    """

    def __init__(self, language: str, *, quiet: bool = False) -> None:
        self.texts: Texts = texts(language)
        self.language = language
        self._quiet = quiet

    @cached_property
    def _out(self) -> RichConsole:
        from rich.console import Console as RichConsole

        return RichConsole(highlight=False, soft_wrap=True)

    @cached_property
    def _err(self) -> RichConsole:
        from rich.console import Console as RichConsole

        return RichConsole(stderr=True, highlight=False, soft_wrap=True)

    @property
    def can_ask(self) -> bool:
        """Somebody sits at a terminal and can answer."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")

    def text(self, key: str, **params: Any) -> str:
        return self.texts(key, **params)

    def answer(self, line: str = "", *, style: str | None = None) -> None:
        """A line of the answer, to standard output."""
        self._print(line, style)

    def table(self, table: Table) -> None:
        """A table of the answer, as wide as the terminal."""
        self._out.print(table, soft_wrap=False)

    def raw(self, line: str) -> None:
        """A line for other programs: no wrapping, no colour."""
        sys.stdout.write(line + "\n")

    def tell(self, line: str = "", *, style: str | None = "dim") -> None:
        """Something on the way, to standard error."""
        if not self._quiet:
            self._print(line, style, error=True)

    def warn(self, line: str) -> None:
        self._print(line, "yellow", error=True)

    def error(self, line: str) -> None:
        self._print(line, "bold red", error=True)

    def ask(self, prompt: str) -> str:
        """One line typed by the person at the terminal, without surrounding blanks.

        Raises ``EOFError`` where the input ends.
        """
        self._print(prompt, "bold", error=True, end=" ")
        return input().strip()

    def progress(self) -> Progress | UnseenProgress:
        """A progress display that is silent where nobody looks."""
        if self._quiet or not _is_looked_at(sys.stderr):
            return UnseenProgress()
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
        )

    def _print(self, line: str, style: str | None, *, error: bool = False, end: str = "\n") -> None:
        stream = sys.stderr if error else sys.stdout
        if _is_looked_at(stream):
            from rich.markup import escape

            (self._err if error else self._out).print(escape(line), style=style, end=end)
        else:
            stream.write(line.translate(_NOT_SHOWN) + end)
            stream.flush()


class UnseenProgress:
    """What is used of rich's ``Progress``, where nobody looks."""

    def __init__(self) -> None:
        self.tasks: list[SimpleNamespace] = []

    def __enter__(self) -> UnseenProgress:
        return self

    def __exit__(self, *ended: object) -> None:
        """Nothing was shown, so nothing is taken away."""

    def add_task(self, description: str, *, total: float | None = None) -> TaskID:
        self.tasks.append(SimpleNamespace(description=description, total=total, completed=0.0))
        return cast("TaskID", len(self.tasks) - 1)

    def update(
        self,
        task: TaskID,
        *,
        advance: float = 0.0,
        completed: float | None = None,
        total: float | None = None,
        description: str | None = None,
    ) -> None:
        told = self.tasks[task]
        told.total = told.total if total is None else total
        told.completed = told.completed + advance if completed is None else completed
        told.description = description or told.description


def _is_looked_at(stream: TextIO) -> bool:
    """A terminal, or something that asks for colour like one."""
    return stream.isatty() or any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))
