"""The words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

from lianfang import __version__
from lianfang.config.cli.console import Console, language_from
from lianfang.config.cli.engine_arguments import add_engine
from lianfang.config.cli.policy_arguments import add_policy
from lianfang.config.cli.serving_arguments import add_serving
from lianfang.config.cli.status_arguments import add_statuses
from lianfang.foundation.texts import LANGUAGES, best_language

USAGE = 2


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in the user's language and where to find help."""

    console: Console

    def error(self, message: str) -> NoReturn:
        self.console.error(self.console.text("command.usage.wrong", detail=message))
        self.console.error(self.console.text("command.usage.help", command=self.prog))
        raise SystemExit(USAGE)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _hours(text: str) -> timedelta:
    hours = float(text)
    if not 0 < hours <= 24 * 30:
        raise ValueError(text)
    return timedelta(hours=hours)


def wanted_language(argv: Sequence[str], environment: dict[str, str]) -> str:
    """The language to speak before the arguments are read, so that their errors are in it too."""
    for index, word in enumerate(argv):
        if word == "--lang" and index + 1 < len(argv):
            return best_language(argv[index + 1])
        if word.startswith("--lang="):
            return best_language(word.partition("=")[2])
    return language_from(environment)


def parser(console: Console) -> Parser:
    """The parser of ``lianfang``, its help in the console's language."""
    say = console.text

    Parser.console = console
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=LANGUAGES, default=console.language, help=say("command.help.lang"))
    common.add_argument("--quiet", "-q", action="store_true", help=say("command.help.quiet"))

    main = Parser(prog="lianfang", parents=[common], description=say("command.help.lianfang"))
    main.add_argument("--version", action="version", version=f"lianfang {__version__}")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _reconcile(commands.add_parser, console, common)
    _intake(commands.add_parser, console, common)
    _demo_data(commands.add_parser, console, common)
    add_policy(commands.add_parser, console, common)
    add_engine(commands.add_parser, console, common)
    add_statuses(commands.add_parser, console, common)
    add_serving(commands.add_parser, console, common)
    return main


def _reconcile(add: Callable[..., Parser], console: Console, common: argparse.ArgumentParser) -> None:
    say = console.text
    command = add(
        "reconcile",
        parents=[common],
        help=say("command.help.reconcile"),
        description=say("command.help.reconcile_long"),
        epilog=say("command.help.exit_codes"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ("roster", "samples", "results", "exempt"):
        command.add_argument(
            f"--{name}",
            nargs="+",
            action="extend",
            type=Path,
            default=[],
            required=name in ("roster", "samples"),
            metavar="FILE",
            help=say(f"command.help.{name}"),
        )
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="REPORT.xlsx", help=say("command.help.output")
    )
    command.add_argument("--json", type=Path, metavar="FILE", help=say("command.help.json"))
    command.add_argument("--as-of", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("command.help.as_of"))
    command.add_argument("--round-from", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("command.help.round_from"))
    command.add_argument(
        "--round-until", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("command.help.round_until")
    )
    command.add_argument(
        "--late-after", type=_hours, default=timedelta(hours=24), metavar="HOURS", help=say("command.help.late_after")
    )
    command.add_argument(
        "--hold", type=_hours, default=timedelta(hours=24), metavar="HOURS", help=say("command.help.hold")
    )
    command.add_argument("--mapping", type=Path, metavar="FILE.csv", help=say("command.help.mapping"))
    command.add_argument(
        "--decisions",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help=say("command.help.decisions"),
    )
    command.add_argument("--contact", default="", metavar="TEXT", help=say("command.help.contact"))
    command.add_argument("--full-identity", action="store_true", help=say("command.help.full_identity"))
    command.add_argument("--skip-refused", action="store_true", help=say("command.help.skip_refused"))


def _intake(add: Callable[..., Parser], console: Console, common: argparse.ArgumentParser) -> None:
    say = console.text
    command = add(
        "intake", parents=[common], help=say("command.help.intake"), description=say("command.help.intake_long")
    )
    command.add_argument("file", type=Path, nargs="+", metavar="FILE", help=say("command.help.file"))
    command.add_argument("--json", action="store_true", help=say("command.help.intake_json"))
    command.add_argument("--role", choices=("roster", "samples", "results", "exempt"), help=say("command.help.role"))
    command.add_argument("--as-of", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("command.help.as_of"))
    command.add_argument("--mapping", type=Path, metavar="FILE.csv", help=say("command.help.mapping"))


def _demo_data(add: Callable[..., Parser], console: Console, common: argparse.ArgumentParser) -> None:
    say = console.text
    command = add(
        "demo-data",
        parents=[common],
        help=say("command.help.demo_data"),
        description=say("command.help.demo_data_long"),
    )
    command.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help=say("command.help.folder"))
    command.add_argument("--people", type=int, default=60_000, metavar="N", help=say("command.help.people"))
    command.add_argument("--seed", type=int, default=2022, metavar="N", help=say("command.help.seed"))
    command.add_argument("--format", choices=("mixed", "csv"), default="mixed", help=say("command.help.format"))
    command.add_argument("--as-of", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=say("command.help.demo_as_of"))
    command.add_argument(
        "--score", nargs=2, type=Path, metavar=("TRUTH", "ANSWER.json"), help=say("command.help.score")
    )
