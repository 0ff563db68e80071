"""The web server, and what is forked from it: the web processes, the worker and the field server."""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.template import engines
from django.urls import get_resolver
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from lianfang.config.cli.console import language_from
from lianfang.config.serving.forked import Forked, OnEnd, die_with
from lianfang.foundation.texts import LANGUAGES, texts

# Each thread holds one database session; the embedded database takes 60.
THREADS = 8
# A page asks the database some fifteen times, and each answer waits until the thread at work lets go. With Python's own
# 5 ms that adds up to more than the page itself takes, whenever two pages meet in one process.
_LETS_GO_SECONDS = 0.0005
_STOP_SECONDS = 10
_MAIN = "LIANFANG_WEB_MAIN"


def load_application() -> Callable[..., Any]:
    """In each web process: end when the web server is killed; Django is loaded already."""
    die_with(int(os.environ[_MAIN]))
    sys.setswitchinterval(_LETS_GO_SECONDS)
    return _application()


def _application() -> Callable[..., Any]:
    # Loaded in ``main`` and not with this module, so that an error in it is an error of this program.
    from lianfang.config.wsgi import application

    loaded: Callable[..., Any] = application
    return loaded


def _load_what_every_page_needs() -> None:
    """Addresses, texts, templates and rules, so that no reader waits for them and no process has its own.

    Raises PackError where a pack is faulty: a fault in the rules must not start quietly.
    """
    _ = get_resolver().url_patterns
    for language in LANGUAGES:
        texts(language)
    for engine in engines.all():
        folders = {Path(folder) for folder in engine.template_dirs}
        for file in sorted(file for folder in folders for file in folder.glob("**/*.html")):
            folder = next(one for one in folders if file.is_relative_to(one))
            engine.get_template(file.relative_to(folder).as_posix())
    importlib.import_module("lianfang.domains.policy.packs").packs_on_disk()


def main() -> None:
    """Serve until told to end; ``sys.argv`` has host, port, web processes and the field server's port, 0 for none."""
    host, port, workers, field_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    os.environ[_MAIN] = str(os.getpid())
    # Before anything is forked: the processes share what is loaded now, and what is frozen stays shared.
    _application()
    _load_what_every_page_needs()
    beside = _beside(host, field_port)
    gc.collect()
    gc.freeze()
    # What loading took and gave back would otherwise lie between the pages that are shared.
    ctypes.CDLL(None).malloc_trim(0)
    for process in beside:
        process.start()
    try:
        _serve(host, port, workers)
    finally:
        for process in beside:
            process.ask_to_end()
        for process in beside:
            process.stop()


def _beside(host: str, field_port: int) -> list[Forked]:
    """What runs beside the web processes, with its modules loaded."""
    worker = importlib.import_module("lianfang.config.serving.worker")
    beside = [Forked(worker.NAME, worker.work, patience=worker.JOBS_ARE_KILLED, on_end=_telling("worker"))]
    if field_port:
        field = importlib.import_module("lianfang.config.serving.field")
        importlib.import_module("lianfang.interfaces.field.server")
        serve = partial(field.serve_field, host, field_port)
        beside.append(Forked(field.NAME, serve, longest_pause=field.LONGEST_PAUSE, on_end=_telling("field")))
    return beside


def _telling(name: str) -> OnEnd:
    """Say on standard error that a process ended, in the language in which the product was started."""

    def tell(code: int, pause: float) -> None:
        say = texts(language_from(os.environ))
        ended = say("serving.ended", name=say(f"serving.service.{name}"), code=str(code), pause=f"{pause:g}")
        sys.stderr.write(ended + "\n")
        sys.stderr.flush()

    return tell


def _serve(host: str, port: int, workers: int) -> None:
    Server(
        "lianfang.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        log_level=LogLevels.error,
    ).serve(target_loader=load_application, wrap_loader=False)
