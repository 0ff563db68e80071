"""The words of ``lianfang serve | backup | restore``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lianfang.config.cli.console import Console

# Written here and not imported from ``serving``: reading help should not wait for a database driver.
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
_MOST_WORKERS = 64


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(text)
    return port


def _port_or_none(text: str) -> int:
    return 0 if text == "0" else _port(text)


def _workers(text: str) -> int:
    workers = int(text)
    if not 1 <= workers <= _MOST_WORKERS:
        raise ValueError(text)
    return workers


def add_serving(add: Callable[..., Any], console: Console, common: argparse.ArgumentParser) -> None:
    """Add the three commands."""
    say = console.text

    def command(name: str) -> Any:
        added = add(
            name,
            parents=[common],
            help=say(f"serving.help.{name}"),
            description=say(f"serving.help.{name}_long"),
            epilog=say(f"serving.help.{name}_codes"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.add_argument("--folder", type=Path, metavar="FOLDER", help=say("serving.help.folder"))
        return added

    serve = command("serve")
    serve.add_argument("--port", type=_port, default=DEFAULT_PORT, metavar="N", help=say("serving.help.port"))
    serve.add_argument("--field-port", type=_port_or_none, metavar="N", help=say("serving.help.field_port"))
    serve.add_argument("--host", default=DEFAULT_HOST, metavar="ADDRESS", help=say("serving.help.host"))
    serve.add_argument("--workers", type=_workers, default=0, metavar="N", help=say("serving.help.workers"))
    serve.add_argument("--demo", type=Path, metavar="FOLDER", help=say("demo_township.help"))
    backup = command("backup")
    backup.add_argument("file", type=Path, metavar="FILE", help=say("serving.help.backup_file"))
    restore = command("restore")
    restore.add_argument("file", type=Path, metavar="FILE", help=say("serving.help.restore_file"))
    restore.add_argument("--replace", action="store_true", help=say("serving.help.replace"))
    restore.add_argument("--without-keys", action="store_true", help=say("serving.help.without_keys"))
