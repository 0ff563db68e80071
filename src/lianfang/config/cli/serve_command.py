"""``lianfang serve``: runs the product until it is stopped."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from lianfang.config.cli.console import Console
from lianfang.config.serving import Options, ServingError, serve
from lianfang.config.serving.options import folder_from


def run_serve(arguments: argparse.Namespace, console: Console) -> int:
    """Start the database, bring its tables up to date, serve; 0 when stopped, 3 where it cannot start."""
    options = Options(
        folder=folder_from(os.environ, arguments.folder),
        host=arguments.host,
        port=arguments.port,
        workers=arguments.workers,
        wanted_field_port=arguments.field_port,
    )
    load = None if arguments.demo is None else _load_demo(arguments.demo, console)
    return serve(options, console, before_serving=load)


def _load_demo(files: Path, console: Console) -> Callable[[Mapping[str, str]], None]:
    def load(environment: Mapping[str, str]) -> None:
        # A process of its own: what loading 60,000 people takes in memory is given back before anybody is served.
        words = [sys.executable, "-P", "-m", "lianfang.config.demo_township", str(files.absolute()), console.language]
        ended = subprocess.run(words, env=dict(environment), check=False)
        if ended.returncode:
            raise ServingError("demo_not_loaded", folder=str(files))

    return load
