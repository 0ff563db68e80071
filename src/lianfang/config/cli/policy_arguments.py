"""The words of ``lianfang policy``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lianfang.config.cli.console import Console
from lianfang.config.cli.history_arguments import add_history
from lianfang.config.cli.status_arguments import add_replay


def add_policy(add: Callable[..., Any], console: Console, common: argparse.ArgumentParser) -> None:
    say = console.text
    policy = add(
        "policy",
        parents=[common],
        help=say("policy_command.help.policy"),
        description=say("policy_command.help.policy_long"),
        epilog=say("policy_command.help.exit_codes"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = policy.add_subparsers(dest="action", required=True, metavar="ACTION")

    lint = actions.add_parser("lint", parents=[common], help=say("policy_command.help.lint"))
    lint.add_argument("packs", nargs="*", metavar="PACK", help=say("policy_command.help.packs"))
    lint.add_argument("--json", action="store_true", help=say("policy_command.help.json"))
    lint.add_argument("--cases", action="store_true", help=say("policy_command.help.cases"))

    diff = actions.add_parser("diff", parents=[common], help=say("policy_command.help.diff"))
    diff.add_argument("old", metavar="A", help=say("policy_command.help.old"))
    diff.add_argument("new", metavar="B", help=say("policy_command.help.new"))
    diff.add_argument("--division", metavar="CODE", default="", help=say("policy_command.help.division"))
    diff.add_argument("--json", action="store_true", help=say("policy_command.help.json"))

    show = actions.add_parser("show", parents=[common], help=say("policy_command.help.show"))
    show.add_argument("pack", metavar="PACK", help=say("policy_command.help.pack"))
    show.add_argument("--as-of", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("policy_command.help.as_of"))
    show.add_argument("--division", metavar="CODE", default="", help=say("policy_command.help.division"))

    add_replay(actions, console, common)
    add_history(actions, console, common)

    schema = actions.add_parser("schema", parents=[common], help=say("policy_command.help.schema"))
    schema.add_argument("--check", action="store_true", help=say("policy_command.help.check"))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
