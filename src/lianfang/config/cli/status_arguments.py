"""The words of ``lianfang why | check-statuses``, and of ``lianfang policy replay``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from lianfang.config.cli.console import Console


def add_statuses(add: Callable[..., Any], console: Console, common: argparse.ArgumentParser) -> None:
    """Add the two commands."""
    say = console.text
    why = add("why", parents=[common], help=say("status_command.help.why"),
              description=say("status_command.help.why_long"))  # fmt: skip
    why.add_argument("person", metavar="PERSON", help=say("status_command.help.person"))
    why.add_argument("--as-of", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("status_command.help.as_of"))
    _folder(why, console)
    check = add("check-statuses", parents=[common], help=say("status_command.help.check"),
                description=say("status_command.help.check_long"))  # fmt: skip
    check.add_argument("--mend", action="store_true", help=say("status_command.help.mend"))
    _folder(check, console)


def add_replay(actions: Any, console: Console, common: argparse.ArgumentParser) -> None:
    """Add ``replay`` to the actions of ``lianfang policy``."""
    say = console.text
    replay = actions.add_parser("replay", parents=[common], help=say("status_command.help.replay"),
                                description=say("status_command.help.replay_long"))  # fmt: skip
    replay.add_argument("old", metavar="A", help=say("policy_command.help.old"))
    replay.add_argument("new", metavar="B", help=say("policy_command.help.new"))
    replay.add_argument("--facts", type=Path, metavar="FOLDER", help=say("status_command.help.facts"))
    replay.add_argument("--division", metavar="CODE", default="", help=say("status_command.help.division"))
    replay.add_argument("--as-of", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("status_command.help.as_of"))
    replay.add_argument("--json", action="store_true", help=say("policy_command.help.json"))
    _folder(replay, console)


def _folder(command: Any, console: Console) -> None:
    command.add_argument("--folder", type=Path, metavar="FOLDER", help=console.text("serving.help.folder"))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
