"""Servers that outlived their owner, or that somebody started by hand."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from lianfang.config.embedded.locks import FileLock
from lianfang.config.embedded.places import Places
from lianfang.config.embedded.problems import EmbeddedError

_ENDS_BY_ITSELF_SECONDS = 20.0
_KILLED_SECONDS = 5.0


def processes_in(folder: Path) -> list[int]:
    """Live processes that work in ``folder``, as every process of a PostgreSQL server does in its cluster's.

    A zombie works nowhere, and a process that got a dead server's id works elsewhere.
    """
    whole = str(folder.resolve())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # Processes end while we look, and those of others hide where they work.
            with contextlib.suppress(OSError):
                if str((entry / "cwd").readlink()) == whole:
                    found.append(int(entry.name))
    return sorted(found)


def take_over(places: Places) -> FileLock:
    """Wait for what is left of an earlier server, end it where it does not end, and hold the server's lock.

    An owner that was killed takes its server with it, but a server needs a moment to write what it has.
    Raises EmbeddedError("leftover_server" | "foreign_server").
    """
    lock = FileLock(places.server_lock)
    if not lock.take(patience=_ENDS_BY_ITSELF_SECONDS):
        for pid in processes_in(places.cluster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not lock.take(patience=_KILLED_SECONDS):
            raise EmbeddedError("leftover_server", folder=str(places.folder))
    foreign = processes_in(places.cluster) if places.cluster.exists() else []
    if foreign:
        lock.close()
        raise EmbeddedError("foreign_server", folder=str(places.cluster), pids=", ".join(map(str, foreign)))
    # Whoever held the id in it is not a server of this folder.
    (places.cluster / "postmaster.pid").unlink(missing_ok=True)
    return lock
