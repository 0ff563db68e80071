"""``lianfang reconcile``: files in, workbook out. No database, no server."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lianfang.config.cli.console import Console
from lianfang.config.cli.exit_codes import REFUSED, USAGE
from lianfang.config.cli.readings import Given, read_all, readers_for, tell_problems
from lianfang.engine.intake.contract import ROLES, FileReading

if TYPE_CHECKING:
    from lianfang.engine.intake.mapping import Memory
    from lianfang.engine.linkage import Decisions

# Loaded while the files are read: see there.
_ANSWERING = "lianfang.config.cli.reconcile_answer"
_MAPPING_NAME = "lianfang-mapping.csv"


class _UnreadableDecisionsError(ValueError):
    """A file of decisions that holds none; what is wrong with it was told."""


def run_reconcile(arguments: argparse.Namespace, console: Console) -> int:
    """Run the whole job; returns one of the exit codes above."""
    # Millions of short-lived rows and no cycles among them: looking for cycles is a tenth of the time.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _run(arguments, console)
    finally:
        if was_enabled:
            gc.enable()


def _run(arguments: argparse.Namespace, console: Console) -> int:
    wrong = _wrong_usage(arguments, console)
    if wrong:
        console.error(console.text("command.usage.wrong", detail=wrong))
        return USAGE
    now = datetime.now().replace(microsecond=0)
    as_of = arguments.as_of or now
    given = [Given(role, path) for role in ROLES for path in getattr(arguments, role)]
    try:
        decisions = _decisions(arguments.decisions, console)
        with readers_for(given) as readers:
            memory = _memory(arguments, console)
            # Not before the imports above: two threads should not load the same modules.
            with ThreadPoolExecutor(1) as beside:
                answering = beside.submit(import_module, _ANSWERING)
                readings = read_all(given, as_of=as_of, memory=memory, console=console, readers=readers)
        readings = _ask(arguments, given, readings, memory, as_of, now, console)
    except _UnreadableDecisionsError as error:
        console.error(console.text("command.problem.no_decisions", file=str(error)))
        return REFUSED
    except OSError as error:
        console.error(
            console.text("command.cannot_read", file=str(error.filename), detail=error.strerror or str(error))
        )
        return REFUSED
    pairs = [(one.role, reading) for one, reading in zip(given, readings, strict=True) if one.role is not None]
    answer_from = answering.result().answer_from
    return cast("int", answer_from(pairs, arguments, console, decisions=decisions, as_of=as_of, made_at=now))


def _wrong_usage(arguments: argparse.Namespace, console: Console) -> str | None:
    outputs = [path for path in (arguments.output, arguments.json) if path is not None]
    if arguments.output.suffix.lower() != ".xlsx":
        return console.text("command.usage.output_suffix", file=arguments.output.name)
    inputs = {path.resolve() for role in ROLES for path in getattr(arguments, role)}
    for path in outputs:
        if path.resolve() in inputs:
            return console.text("command.usage.output_is_input", file=str(path))
        if not path.absolute().parent.is_dir():
            return console.text("command.usage.output_folder", folder=str(path.absolute().parent))
    return None


def _memory(arguments: argparse.Namespace, console: Console) -> Memory:
    from lianfang.engine.intake.mapping import Memory, load_memory

    if arguments.mapping is None or (not arguments.mapping.exists() and console.can_ask):
        return Memory()
    memory = load_memory(arguments.mapping)
    tell_problems(console, arguments.mapping.name, memory.problems)
    return memory


def _ask(
    arguments: argparse.Namespace,
    given: Sequence[Given],
    readings: list[FileReading],
    memory: Memory,
    as_of: datetime,
    now: datetime,
    console: Console,
) -> list[FileReading]:
    """Where somebody sits at the terminal, ask what is not sure and read the files concerned again."""
    if not console.can_ask:
        return readings
    from lianfang.config.cli.dialogue import ask_about
    from lianfang.engine.intake.questions import questions

    keep_in = arguments.mapping or arguments.output.absolute().parent / _MAPPING_NAME
    grown = ask_about(readings, memory, keep_in=keep_in, today=now.date(), console=console)
    if grown is None:
        return readings
    concerned = [index for index, reading in enumerate(readings) if questions(reading)]
    once_more = [given[index] for index in concerned]
    with readers_for(once_more) as readers:
        again = read_all(once_more, as_of=as_of, memory=grown, console=console, readers=readers)
    for index, reading in zip(concerned, again, strict=True):
        readings[index] = reading
    return readings


def _decisions(paths: Sequence[Path], console: Console) -> Decisions | None:
    if not paths:
        return None
    from lianfang.engine.linkage import Decisions
    from lianfang.interfaces.workbook.pairs import NoDecisionsError, read_decisions

    rows: list[tuple[str | None, str | None]] = []
    for path in paths:
        try:
            rows += read_decisions(path)
        except NoDecisionsError as error:
            tell_problems(console, path.name, error.problems)
            raise _UnreadableDecisionsError(str(error)) from error
    decisions = Decisions.from_rows(rows)
    for unread in decisions.unread:
        key = "decision_word" if unread.reason == "unknown_word" else "decision_contradicts"
        names = ", ".join(path.name for path in paths)
        console.warn(console.text(f"command.problem.{key}", file=names, pair=unread.pair_key, word=unread.word))
    return decisions
