"""``lianfang demo-data``: writes the demo's spreadsheets, or scores an answer against their truth."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from lianfang.config.cli.console import Console
from lianfang.demo import DEFAULT_AS_OF, FEWEST, MOST, DemoFiles, render, score, write_demo

DONE, USAGE = 0, 2


def run_demo_data(arguments: argparse.Namespace, console: Console) -> int:
    """Write demo data into a folder, or with ``--score`` print precision and recall."""
    if arguments.score is not None:
        truth, answer = arguments.score
        return _score(truth, answer, console)
    if arguments.folder is None:
        console.error(console.text("command.usage.demo_folder"))
        return USAGE
    if not FEWEST <= arguments.people <= MOST:
        console.error(console.text("command.usage.people", people=arguments.people))
        return USAGE
    if arguments.folder.exists() and (not arguments.folder.is_dir() or any(arguments.folder.iterdir())):
        console.error(console.text("command.usage.demo_folder_full", folder=str(arguments.folder)))
        return USAGE
    with console.progress() as progress:
        title = console.text("command.demo.writing", people=f"{arguments.people:,}")
        task = progress.add_task(title, total=arguments.people)
        files = write_demo(
            arguments.folder,
            people=arguments.people,
            seed=arguments.seed,
            formats=arguments.format,
            as_of=arguments.as_of or DEFAULT_AS_OF,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    console.answer(console.text("command.demo.done", folder=str(arguments.folder)), style="bold")
    console.answer(command_for(files))
    return DONE


def _score(truth: Path, answer: Path, console: Console) -> int:
    try:
        console.raw(render(score(truth, answer), console.language))
    except (OSError, ValueError) as error:
        console.error(console.text("command.usage.not_scored", detail=str(error)))
        return USAGE
    return DONE


def command_for(files: DemoFiles) -> str:
    """The command that reconciles the demo's files."""
    words = ["lianfang", "reconcile"]
    for option, paths in (
        ("--roster", files.rosters),
        ("--samples", files.samples),
        ("--results", files.results),
        ("--exempt", files.exempt),
    ):
        words += [option, *map(str, paths)]
    words += ["--as-of", files.as_of.isoformat(timespec="minutes"), "-o", str(Path(files.folder) / "report.xlsx")]
    return shlex.join(words)
