"""Who gets which login: migrating takes the owner's, in a process of its own; serving never has it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lianfang.config.embedded.children import Program, run_to_end
from lianfang.config.serving.database import Database
from lianfang.config.serving.problems import ServingError

_PREPARE = (sys.executable, "-P", "-m", "lianfang.config.serving.prepare")
# One heap; blocks from 128 kB on are given back when they are freed.
_THRIFT = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
_LONGEST_SECONDS = 6 * 3600.0
_DETAIL_LINES = 12


def serving_environment(given: Mapping[str, str], database: Database, folder: Path) -> dict[str, str]:
    """What the web server and the worker get: the app login, not the owner's."""
    found = {name: value for name, value in given.items() if name != "DATABASE_OWNER_URL"}
    found["DATABASE_URL"] = database.app_url
    found["LIANFANG_FOLDER"] = str(folder)
    return found


def thrifty(environment: Mapping[str, str]) -> dict[str, str]:
    """With the C library told to give memory back, unless the operator told it otherwise: by itself it keeps a heap for
    each thread, and what a large import took."""
    return {**_THRIFT, **environment}


def owner_environment(given: Mapping[str, str], database: Database, folder: Path) -> dict[str, str]:
    """What migrations and the loading of data get: both logins."""
    return {**serving_environment(given, database, folder), "DATABASE_OWNER_URL": database.owner_url}


def prepare(environment: Mapping[str, str], *, migrate: bool, link: bool) -> str:
    """Bring the tables to this version (``migrate``); give the path of the one-time link for the first
    administrator (``link``), empty where there is one already.

    Raises ServingError("migration_failed"); each migration is whole or not at all.
    """
    words = [*(["migrate"] if migrate else []), *(["first_link"] if link else [])]
    program = Program([*_PREPARE, *words], environment, death_signal=signal.SIGTERM)
    done = run_to_end(program, timeout=_LONGEST_SECONDS)
    if done.returncode != 0:
        raise ServingError("migration_failed", detail=_end_of(done))
    return done.stdout.decode("utf-8").strip()


def _end_of(done: subprocess.CompletedProcess[bytes]) -> str:
    said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
    return os.linesep.join(said[-_DETAIL_LINES:])
