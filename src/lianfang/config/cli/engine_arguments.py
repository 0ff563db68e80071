"""The words of ``lianfang engine``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lianfang.config.cli.console import Console


def add_engine(add: Callable[..., Any], console: Console, common: argparse.ArgumentParser) -> None:
    """Add ``engine run``, ``engine reconcile`` and ``engine compare``."""
    say = console.text
    engine = add(
        "engine",
        parents=[common],
        help=say("engine.help.engine"),
        description=say("engine.help.engine_long"),
        epilog=say("engine.help.exit_codes"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = engine.add_subparsers(dest="action", required=True, metavar="ACTION")

    run = actions.add_parser("run", parents=[common], help=say("engine.help.run"))
    run.add_argument("--pack", required=True, metavar="PACK", help=say("engine.help.pack"))
    run.add_argument("--facts", type=Path, required=True, metavar="FOLDER", help=say("engine.help.facts"))
    run.add_argument("--as-of", type=_instant, required=True, metavar="YYYY-MM-DDTHH:MM", help=say("engine.help.as_of"))
    run.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help=say("engine.help.output"))
    run.add_argument("--previous", type=Path, metavar="FOLDER", help=say("engine.help.previous"))
    run.add_argument("--superseded", nargs="*", default=[], metavar="PACK", help=say("engine.help.superseded"))
    run.add_argument("--cluster", metavar="spark://HOST:PORT", help=say("engine.help.cluster"))
    run.add_argument("--threads", type=int, metavar="N", help=say("engine.help.threads"))
    run.add_argument("--memory", default="4GB", metavar="SIZE", help=say("engine.help.memory"))

    reconcile = actions.add_parser("reconcile", parents=[common], help=say("engine.help.reconcile"))
    reconcile.add_argument("--facts", type=Path, required=True, metavar="FOLDER", help=say("engine.help.round_facts"))
    reconcile.add_argument("--round", type=int, required=True, metavar="N", help=say("engine.help.round"))
    reconcile.add_argument(
        "--as-of", type=_instant, required=True, metavar="YYYY-MM-DDTHH:MM", help=say("engine.help.as_of")
    )
    reconcile.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help=say("engine.help.round_output")
    )
    for name in ("round-from", "round-until"):
        words = say(f"command.help.{name.replace('-', '_')}")
        reconcile.add_argument(f"--{name}", type=_instant, metavar="YYYY-MM-DDTHH:MM", help=words)
    for name in ("late-after", "hold"):
        words = say(f"command.help.{name.replace('-', '_')}")
        reconcile.add_argument(f"--{name}", type=_hours, default=timedelta(hours=24), metavar="HOURS", help=words)
    reconcile.add_argument("--cluster", metavar="spark://HOST:PORT", help=say("engine.help.cluster"))
    reconcile.add_argument("--threads", type=int, metavar="N", help=say("engine.help.threads"))
    reconcile.add_argument("--memory", default="4GB", metavar="SIZE", help=say("engine.help.memory"))

    compare = actions.add_parser("compare", parents=[common], help=say("engine.help.compare"))
    compare.add_argument("first", type=Path, metavar="FOLDER", help=say("engine.help.first"))
    compare.add_argument("second", type=Path, metavar="FOLDER", help=say("engine.help.second"))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _hours(text: str) -> timedelta:
    return timedelta(hours=float(text))
