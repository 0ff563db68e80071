"""``lianfang reconcile``: files in, workbook out. No database, no server."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from lianfang import __version__
from lianfang.config.cli.console import Console
from lianfang.config.cli.dialogue import ask_about
from lianfang.config.cli.outputs import CannotWriteError, write_whole
from lianfang.config.cli.readings import Given, read_all, tell_problems
from lianfang.engine.intake.contract import ROLES, FileReading, Problem, Role
from lianfang.engine.intake.mapping import Memory, load_memory
from lianfang.engine.intake.questions import questions
from lianfang.engine.linkage import Decisions
from lianfang.engine.reconciliation import Answer, reconcile
from lianfang.engine.reconciliation.assemble import usable_sheets
from lianfang.engine.rounds import RoundSettings
from lianfang.interfaces.answer_json import write_json
from lianfang.interfaces.workbook import write_workbook
from lianfang.interfaces.workbook.pairs import NoDecisionsError, read_decisions

DONE, DONE_WITH_QUESTIONS, USAGE, REFUSED, CANNOT_WRITE = 0, 1, 2, 3, 4
_MAPPING_NAME = "lianfang-mapping.csv"


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
        memory = _memory(arguments, console)
        readings = read_all(given, as_of=as_of, memory=memory, console=console)
        readings = _ask(arguments, given, readings, memory, as_of, now, console)
    except NoDecisionsError as error:
        console.error(console.text("command.problem.no_decisions", file=str(error)))
        return REFUSED
    except OSError as error:
        console.error(
            console.text("command.cannot_read", file=str(error.filename), detail=error.strerror or str(error))
        )
        return REFUSED
    pairs = [(one.role, reading) for one, reading in zip(given, readings, strict=True) if one.role is not None]
    if not _all_usable(pairs, console, skip=arguments.skip_refused):
        return REFUSED
    answer = reconcile(
        pairs,
        settings=RoundSettings(
            as_of=as_of,
            starts_at=arguments.round_from,
            ends_at=arguments.round_until,
            late_after=arguments.late_after,
            hold_at_most=arguments.hold,
        ),
        decisions=decisions,
        on_progress=lambda stage: console.tell(console.text(f"command.{stage}")),
    )
    try:
        _write(answer, arguments, console, made_at=now)
    except CannotWriteError as error:
        console.error(console.text("command.cannot_write", file=str(error.path), detail=error.detail))
        return CANNOT_WRITE
    needs_a_look = _unread_cells(answer) > 0 or any(questions(reading) for _, reading in pairs)
    needs_a_look = needs_a_look or any(reading.refused for _, reading in pairs) or bool(decisions.unread)
    _summarise(answer, arguments, console, needs_a_look=needs_a_look)
    return DONE_WITH_QUESTIONS if needs_a_look else DONE


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
    keep_in = arguments.mapping or arguments.output.absolute().parent / _MAPPING_NAME
    grown = ask_about(readings, memory, keep_in=keep_in, today=now.date(), console=console)
    if grown is None:
        return readings
    concerned = [index for index, reading in enumerate(readings) if questions(reading)]
    again = read_all([given[index] for index in concerned], as_of=as_of, memory=grown, console=console)
    for index, reading in zip(concerned, again, strict=True):
        readings[index] = reading
    return readings


def _decisions(paths: Sequence[Path], console: Console) -> Decisions:
    rows: list[tuple[str | None, str | None]] = []
    for path in paths:
        try:
            rows += read_decisions(path)
        except NoDecisionsError as error:
            tell_problems(console, path.name, error.problems)
            raise
    decisions = Decisions.from_rows(rows)
    for unread in decisions.unread:
        key = "decision_word" if unread.reason == "unknown_word" else "decision_contradicts"
        names = ", ".join(path.name for path in paths)
        console.warn(console.text(f"command.problem.{key}", file=names, pair=unread.pair_key, word=unread.word))
    return decisions


def _all_usable(pairs: Sequence[tuple[Role, FileReading]], console: Console, *, skip: bool) -> bool:
    """Name every problem; False where files cannot be used and were not to be skipped."""
    unusable = []
    for role, reading in pairs:
        tell_problems(console, reading.file, reading.problems)
        tell_problems(console, reading.file, _worth_telling(reading))
        if not usable_sheets(role, reading):
            unusable.append((role, reading))
    if not unusable:
        return True
    left = {role for role, reading in pairs} - {role for role, reading in pairs if (role, reading) not in unusable}
    if skip and not left & {"roster", "samples"}:
        for _, reading in unusable:
            console.warn(console.text("command.skipped", file=reading.file))
        return True
    for role in sorted(left):
        console.error(console.text("command.problem.nothing_usable", role=console.text(f"command.role.{role}")))
    console.error(console.text("command.refused", count=len(unusable)))
    return False


def _worth_telling(reading: FileReading) -> list[Problem]:
    """What the sheets have wrong, and every unsure column once; other warnings stand in the report."""
    told: dict[object, Problem] = {}
    for sheet in reading.sheets:
        for problem in sheet.problems:
            if problem.code == "column_unsure":
                told.setdefault(problem.params.get("label"), problem)
            elif problem.severity != "warning":
                told[id(problem)] = problem
    return list(told.values())


def _write(answer: Answer, arguments: argparse.Namespace, console: Console, *, made_at: datetime) -> None:
    """Write workbook and JSON at the same time, each whole or not at all; where both fail, the workbook's error."""
    console.tell(console.text("command.writing", file=str(arguments.output)))

    def workbook(path: Path) -> None:
        write_workbook(
            answer,
            path,
            texts=console.texts,
            made_at=made_at,
            version=__version__,
            full_identity=arguments.full_identity,
            objection_contact=arguments.contact,
        )

    def json(path: Path) -> None:
        write_json(answer, path, made_at=made_at, version=__version__)

    # Most of both is done by Arrow and zlib, which let the other run meanwhile.
    with ThreadPoolExecutor(1) as beside:
        written = beside.submit(write_whole, arguments.json, json) if arguments.json is not None else None
        previous = write_whole(arguments.output, workbook, keep_previous=True)
        if previous is not None:
            console.tell(console.text("command.kept_previous", file=str(previous)))
        if written is not None:
            written.result()


def _unread_cells(answer: Answer) -> int:
    return sum(
        int(pc.sum(pc.equal(sheet.notes["severity"], "error")).as_py() or 0)
        for role, reading in answer.readings
        for sheet in usable_sheets(role, reading)
    )


def _summarise(answer: Answer, arguments: argparse.Namespace, console: Console, *, needs_a_look: bool) -> None:
    totals: dict[str, Any] = {
        name: f"{value:,}" if isinstance(value, int) else value
        for name, value in answer.round.totals.to_pylist()[0].items()
    }
    say = console.text
    console.answer(say("command.done.title", as_of=f"{answer.settings.as_of:%Y-%m-%d %H:%M}"), style="bold")
    console.answer(say("command.done.proof", **totals))
    console.answer(say("command.done.outcomes", **totals))
    for name, count in _list_lengths(answer).items():
        if count:
            label = say(f"command.done.list.{name}")
            urgent = "red" if name in ("positive_pools", "contradicting") else None
            console.answer("  " + say("command.done.list_line", name=label, count=f"{count:,}"), style=urgent)
    if needs_a_look:
        console.warn(say("command.done.look", sheet=say("report.sheet.cells")))
    console.answer(say("command.done.report", file=str(arguments.output)), style="bold")
    if arguments.json is not None:
        console.answer(say("command.done.json", file=str(arguments.json)))
    console.tell(say("command.done.personal"))


def _list_lengths(answer: Answer) -> dict[str, int]:
    return {
        "positive_pools": answer.positive_pools.num_rows,
        "missing": answer.missing.num_rows,
        "overdue": int(pc.sum(answer.pending_tubes["is_overdue"]).as_py() or 0),
        "pending_tubes": answer.pending_tubes.num_rows,
        "unmatched_results": answer.unmatched_results.num_rows,
        "contradicting": int(pc.count_distinct(answer.contradictions["tube_code"]).as_py()),
        "duplicates": answer.duplicates.num_rows,
        "conflicts": int(pc.count_distinct(answer.conflicts["conflict_key"]).as_py()),
        "unsure_matches": answer.unsure_matches.num_rows,
        "unrostered": answer.unrostered.num_rows,
        "cells": _unread_cells(answer),
    }
