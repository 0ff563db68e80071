"""The command line: ``lianfang reconcile | intake | demo-data | policy | serve | backup | restore``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from lianfang.config.cli.arguments import parser, wanted_language
from lianfang.config.cli.console import Console

INTERRUPTED, READER_GONE = 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/guides/reconcile.md lists them)."""
    words = list(sys.argv[1:] if argv is None else argv)
    quiet = "--quiet" in words or "-q" in words
    console = Console(wanted_language(words, dict(os.environ)), quiet=quiet)
    arguments = parser(console).parse_args(words)
    try:
        return _command(arguments.command)(arguments, console)
    except KeyboardInterrupt:
        console.error(console.text("command.interrupted"))
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough (``| head``). What is still buffered must not fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _command(name: str) -> Callable[..., int]:
    # Imported on use: reading help or a mistyped command should not wait for the engine to load.
    if name == "reconcile":
        from lianfang.config.cli.reconcile_command import run_reconcile

        return run_reconcile
    if name == "intake":
        from lianfang.config.cli.intake_command import run_intake

        return run_intake
    if name in ("why", "check-statuses"):
        from lianfang.config.cli import status_command

        return status_command.run_why if name == "why" else status_command.run_check_statuses
    if name == "engine":
        from lianfang.config.cli.engine_command import run_engine

        return run_engine
    if name == "policy":
        from lianfang.config.cli.policy_command import run_policy

        return run_policy
    if name == "serve":
        from lianfang.config.cli.serve_command import run_serve

        return run_serve
    if name in ("backup", "restore"):
        from lianfang.config.cli import backup_command

        return backup_command.run_backup if name == "backup" else backup_command.run_restore
    from lianfang.config.cli.demo_command import run_demo_data

    return run_demo_data
