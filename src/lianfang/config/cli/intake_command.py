"""``lianfang intake``: what was understood of a file, for a person or for a program."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from typing import TYPE_CHECKING

from lianfang.config.cli.console import Console
from lianfang.config.cli.readings import Given, read_all, readers_for, tell_problems
from lianfang.engine.intake.contract import FileReading, SheetReading
from lianfang.engine.intake.describe import describe
from lianfang.engine.intake.mapping import Memory, load_memory
from lianfang.engine.intake.questions import questions

if TYPE_CHECKING:
    from rich.table import Table

UNDERSTOOD, WITH_QUESTIONS, REFUSED = 0, 1, 3
_SURE, _ASK = 0.9, 0.6


def run_intake(arguments: argparse.Namespace, console: Console) -> int:
    """Describe each file; with several files ``--json`` prints one object per line."""
    as_of = arguments.as_of or datetime.now().replace(microsecond=0)
    try:
        memory = load_memory(arguments.mapping) if arguments.mapping else Memory()
    except OSError as error:
        console.error(
            console.text("command.cannot_read", file=str(error.filename), detail=error.strerror or str(error))
        )
        return REFUSED
    tell_problems(console, arguments.mapping.name if arguments.mapping else "", memory.problems)
    given = [Given(arguments.role, path) for path in arguments.file]
    with readers_for(given) as readers:
        readings = read_all(given, as_of=as_of, memory=memory, console=console, readers=readers)
    for reading in readings:
        if arguments.json:
            indent = 2 if len(readings) == 1 else None
            console.raw(json.dumps(describe(reading), ensure_ascii=False, indent=indent))
        else:
            _show(reading, console)
    if any(reading.refused for reading in readings):
        return REFUSED
    return WITH_QUESTIONS if any(questions(reading) for reading in readings) else UNDERSTOOD


def _show(reading: FileReading, console: Console) -> None:
    console.answer(f"{reading.file}  {reading.format}  {reading.encoding or ''}", style="bold")
    tell_problems(console, reading.file, reading.problems)
    for sheet in reading.sheets:
        tell_problems(console, reading.file, sheet.problems)
        console.table(_columns(sheet, console))
        for skipped in sheet.skipped[:20]:
            reason = console.texts.of_code("skipped", skipped.reason)
            console.answer(f"  {skipped.row}: {reason}  {skipped.text[:60]}")


def _columns(sheet: SheetReading, console: Console) -> Table:
    from rich.table import Table

    say = console.text
    headers = ", ".join(map(str, sheet.header_rows)) or "–"
    table = Table(
        title=say("command.intake.sheet", sheet=sheet.sheet, rows=f"{sheet.rows.num_rows:,}", headers=headers)
    )
    for key in ("column", "label", "field", "confidence", "examples"):
        table.add_column(say(f"command.intake.{key}"), justify="right" if key == "confidence" else "left")
    for column in sheet.columns:
        names = " + ".join(console.texts.of_code("field", name) for name in column.fields)
        sure = column.confidence >= _SURE
        style = None if sure or not column.fields else "yellow" if column.confidence >= _ASK else "bold yellow"
        table.add_row(
            column.column,
            column.label.replace("\n", " "),
            names or say("command.intake.none"),
            f"{column.confidence:.0%}" if column.fields else "",
            "  ".join(column.examples),
            style=style,
        )
    return table
