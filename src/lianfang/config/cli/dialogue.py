"""Asks the person at the terminal about columns and codes that are not sure, and keeps the answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from lianfang.config.cli.console import Console
from lianfang.engine.intake.contract import FileReading
from lianfang.engine.intake.mapping import NO_FIELD, Decision, Memory, save_memory
from lianfang.engine.intake.questions import Question, answer, questions


def ask_about(
    readings: Iterable[FileReading], memory: Memory, *, keep_in: Path, today: date, console: Console
) -> Memory | None:
    """Ask every open question once; None where nothing was answered.

    The answers are added to the mapping file ``keep_in``. Raises OSError where it cannot be written.
    """
    open_questions: dict[tuple[str, str, str], tuple[str, Question]] = {}
    for reading in readings:
        for question in questions(reading):
            open_questions.setdefault((question.kind, question.label, question.code), (reading.file, question))
    if not open_questions:
        return None
    console.tell(console.text("command.ask.intro", count=len(open_questions)), style="bold")
    decisions: list[Decision] = []
    for file, question in open_questions.values():
        try:
            chosen = _ask(file, question, console)
        except EOFError:
            break
        if chosen is not None:
            decisions.append(answer(question, chosen, decided_on=today))
    if not decisions:
        return None
    grown = memory.with_decisions(decisions)
    save_memory(grown, keep_in)
    console.tell(console.text("command.ask.saved", file=str(keep_in)))
    return grown


def _ask(file: str, question: Question, console: Console) -> str | None:
    console.tell()
    console.tell(f"{file} · {question.sheet} · {question.column}")
    console.tell(console.text(f"question.{question.kind}", label=question.label, code=question.code), style="bold")
    if question.examples:
        console.tell("  " + "  |  ".join(question.examples))
    choices = [name for name, _ in question.options]
    for number, name in enumerate(choices, 1):
        console.tell(f"  {number}  {_choice(console, name)}", style=None)
    while True:
        typed = console.ask(console.text("command.ask.prompt", last=len(choices)))
        if not typed:
            return None
        if typed.isdecimal() and 1 <= int(typed) <= len(choices):
            return choices[int(typed) - 1]
        console.warn(console.text("command.ask.again", last=len(choices)))


def _choice(console: Console, name: str) -> str:
    if name == NO_FIELD:
        return console.text("question.none")
    return " + ".join(
        f"{console.texts.of_code(('field', 'report.result', 'report.sex'), one)}" for one in name.split("+")
    )
