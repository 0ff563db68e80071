"""Who owns a folder. The kernel drops these locks at a process's death, however it dies: a zombie holds none,
and a process id that was given to another program means nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class FileLock:
    """An exclusive lock on a file, held until ``release`` or the death of every process that has it open."""

    path: Path
    _handle: int = -1

    def take(self, *, patience: float = 0.0) -> bool:
        """Take the lock, waiting up to ``patience`` seconds; False where another holds it."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(handle)
                    return False
                time.sleep(0.02)
            else:
                self._handle = handle
                return True

    @property
    def is_held(self) -> bool:
        """This object holds the lock."""
        return self._handle >= 0

    @property
    def handle(self) -> int:
        """The open file, to be passed on to a child that then holds the lock too."""
        return self._handle

    def sign(self, text: str) -> None:
        """Leave a line for whoever is refused. A full disk does not stop the holder: the lock holds without it."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, text.encode(), 0)

    def signature(self) -> str:
        """What the holder left."""
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return ""

    def close(self) -> None:
        """Close our handle; children that were given it keep the lock."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def release(self) -> None:
        """Give the lock up for everybody."""
        if self._handle >= 0:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            self.close()
