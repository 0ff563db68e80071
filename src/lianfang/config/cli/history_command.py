"""``lianfang policy history``: an invented township decided day by day through four changes of the rules."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from datetime import date
from pathlib import Path

from lianfang.config.cli.console import Console
from lianfang.config.cli.outputs import CannotWriteError, write_whole
from lianfang.config.policy_folder import policy_packs_folder
from lianfang.config.policy_history.making import PACKS, NotReproducibleError, Wanted, make_history
from lianfang.config.serving.options import folder_from
from lianfang.engine.backends.columnar import ColumnarError
from lianfang.engine.history import History
from lianfang.engine.packs import NotInForceError, load_pack

DONE, FAULTY, REFUSED = 0, 1, 2
FILE = "policy-history.json"


def run_history(arguments: argparse.Namespace, console: Console) -> int:
    """0: written; 1: written, and a restriction lacks what it must have, or a day is not reproducible; 2: refused."""
    packs = [load_pack(policy_packs_folder() / name) for name in PACKS]
    wanted = Wanted(people=arguments.people, seed=arguments.seed, first_on=arguments.first, last_on=arguments.last,
                    facts=arguments.facts, threads=arguments.threads, memory=arguments.memory)  # fmt: skip
    folder = folder_from(os.environ, arguments.folder)
    try:
        with tempfile.TemporaryDirectory(prefix="lianfang-history-") as work, console.progress() as progress:
            task = progress.add_task(console.text("history_command.deciding", day=str(wanted.first_on)), total=None)

            def tell(done: int, whole: int, day: date) -> None:
                said = console.text("history_command.deciding", day=str(day))
                progress.update(task, completed=done, total=whole, description=said)

            history = make_history(wanted, packs, Path(work), tell)
        told = history.as_json()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        write_whole(folder / FILE, lambda path: _write(path, written))
        if arguments.output is not None:
            from lianfang.config.policy_history.page import page

            drawn = page(json.loads(written), packs, console.language)
            write_whole(arguments.output, lambda path: _write(path, drawn))
    except NotReproducibleError as error:
        console.error(console.text("history_command.not_reproducible", days=str(error)))
        return FAULTY
    except (NotInForceError, ColumnarError, ValueError, CannotWriteError) as error:
        console.error(console.text("history_command.refused", what=str(error)))
        return REFUSED
    return _tell(history, folder / FILE, arguments.output, console)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _tell(history: History, kept: Path, page: Path | None, console: Console) -> int:
    say, days = console.text, history.days
    decided = sum(day.people for day in days)
    seconds, used = history.made["seconds"], history.made["processor_seconds"]
    console.answer(
        say("history_command.decided", days=len(days), decisions=f"{decided:,}", seconds=seconds, used=used),
        style="bold",
    )
    for change in history.changes:
        moved = sum(move.people for move in change.moves)
        counts = {"moved": moved, "freed": change.freed, "begun": change.newly_restricted}
        numbers = {name: f"{count:,}" for name, count in counts.items()}
        console.answer("  " + say("history_command.change", before=change.before, after=change.after, **numbers))
    faults = sum(day.faults for day in days) + sum(change.unexplained for change in history.changes)
    if faults:
        console.error(say("history_command.faults", count=faults))
    console.answer(say("history_command.proven", days=len(history.made["proven_on"])))
    console.answer(say("history_command.written", file=str(kept)))
    if page is not None:
        console.answer(say("history_command.written", file=str(page)))
    return FAULTY if faults else DONE
