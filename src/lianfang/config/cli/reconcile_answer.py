"""``lianfang reconcile`` once the files are read: people linked, round counted, workbook and JSON written.

In a module of its own because what it needs takes a second to load: that is done while the files are read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from lianfang import __version__
from lianfang.config.cli.console import Console
from lianfang.config.cli.exit_codes import CANNOT_WRITE, DONE, DONE_WITH_QUESTIONS, REFUSED
from lianfang.config.cli.outputs import CannotWriteError, write_whole
from lianfang.config.cli.readings import tell_problems
from lianfang.engine.intake.contract import FileReading, Problem, Role
from lianfang.engine.intake.questions import questions
from lianfang.engine.linkage import Decisions
from lianfang.engine.reconciliation import Answer, reconcile
from lianfang.engine.reconciliation.assemble import usable_sheets
from lianfang.engine.rounds import RoundSettings
from lianfang.interfaces.answer_json import write_json
from lianfang.interfaces.workbook import write_workbook


def answer_from(
    pairs: Sequence[tuple[Role, FileReading]],
    arguments: argparse.Namespace,
    console: Console,
    *,
    decisions: Decisions | None,
    as_of: datetime,
    made_at: datetime,
) -> int:
    """Reconcile the files read and write what was asked for; returns the exit code."""
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
        _write(answer, arguments, console, made_at=made_at)
    except CannotWriteError as error:
        console.error(console.text("command.cannot_write", file=str(error.path), detail=error.detail))
        return CANNOT_WRITE
    needs_a_look = _unread_cells(answer) > 0 or any(questions(reading) for _, reading in pairs)
    needs_a_look = needs_a_look or any(reading.refused for _, reading in pairs)
    needs_a_look = needs_a_look or (decisions is not None and bool(decisions.unread))
    _summarise(answer, arguments, console, needs_a_look=needs_a_look)
    return DONE_WITH_QUESTIONS if needs_a_look else DONE


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
