from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console as RichConsole
from rich.markup import escape

from lianfang.config.cli.console import Console, UnseenProgress


@pytest.fixture(autouse=True)
def nobody_asks_for_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("line", ["", "10号楼 [bold]3[/bold] 人", "a\rb\x07c", "长" * 400])
def test_a_pipe_gets_the_line_that_rich_would_have_written(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    Console("zh-Hans").answer(line, style="bold")
    written = io.StringIO()
    RichConsole(file=written, highlight=False, soft_wrap=True).print(escape(line), style="bold")
    assert capsys.readouterr().out == written.getvalue()


def test_a_backslash_before_a_bracket_is_part_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    Console("zh-Hans").answer(r"C:\[名册].xlsx")
    assert capsys.readouterr().out == "C:\\[名册].xlsx\n"


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    Console("en").warn("look")
    assert terminal.getvalue() == "\x1b[33mlook\x1b[0m\n"


def test_progress_that_nobody_sees_is_counted_all_the_same() -> None:
    with Console("en").progress() as progress:
        task = progress.add_task("reading", total=3)
        progress.update(task, advance=2, description="a.xlsx")
        progress.update(task, advance=1)
        assert isinstance(progress, UnseenProgress)
        assert (progress.tasks[task].completed, progress.tasks[task].description) == (3, "a.xlsx")
