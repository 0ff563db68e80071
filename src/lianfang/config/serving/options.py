"""What the operator chooses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_FOLDER = "lianfang-data"
DEFAULT_PORT = 8000
DEFAULT_HOST = "127.0.0.1"
_MOST_WORKERS_UNASKED = 2


def default_workers() -> int:
    """One web process for each core, two at most: memory is counted."""
    return max(1, min(_MOST_WORKERS_UNASKED, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Options:
    """``folder`` keeps everything that must outlive the process."""

    folder: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    workers: int = 0
    # None is the port after that of the desk, 0 is no field server.
    wanted_field_port: int | None = None

    @property
    def field_port(self) -> int:
        return self.port + 1 if self.wanted_field_port is None else self.wanted_field_port

    @property
    def web_workers(self) -> int:
        return self.workers or default_workers()


def folder_from(environment: Mapping[str, str], given: Path | None) -> Path:
    """The folder that was given, else ``LIANFANG_FOLDER``, else ``lianfang-data`` here."""
    return (given or Path(environment.get("LIANFANG_FOLDER") or DEFAULT_FOLDER)).absolute()
