"""The words of ``lianfang policy history``."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from lianfang.config.cli.console import Console

# Of lianfang.demo.outbreak; reading help should not wait for it.
FIRST, LAST, SEED = date(2022, 6, 1), date(2023, 1, 31), 20220601


def add_history(actions: Any, console: Console, common: argparse.ArgumentParser) -> None:
    """Add ``history`` to the actions of ``lianfang policy``."""
    say = console.text
    history = actions.add_parser("history", parents=[common], help=say("history_command.help.history"),
                                 description=say("history_command.help.history_long"))  # fmt: skip
    history.add_argument("--people", type=int, default=60_000, metavar="N", help=say("history_command.help.people"))
    history.add_argument("--seed", type=int, default=SEED, metavar="N", help=say("history_command.help.seed"))
    history.add_argument("--first", type=date.fromisoformat, default=FIRST, metavar="YYYY-MM-DD",
                         help=say("history_command.help.first"))  # fmt: skip
    history.add_argument("--last", type=date.fromisoformat, default=LAST, metavar="YYYY-MM-DD",
                         help=say("history_command.help.last"))  # fmt: skip
    history.add_argument("--facts", type=Path, metavar="FOLDER", help=say("history_command.help.facts"))
    history.add_argument("-o", "--output", type=Path, metavar="FILE.html", help=say("history_command.help.output"))
    history.add_argument("--folder", type=Path, metavar="FOLDER", help=say("serving.help.folder"))
    history.add_argument("--threads", type=int, metavar="N", help=say("history_command.help.threads"))
    history.add_argument("--memory", metavar="4GB", help=say("history_command.help.memory"))
