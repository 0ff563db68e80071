"""What the server says on standard error: its end in memory, the whole in a file that does not grow without end."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path

_REMEMBERED_LINES = 200
_LARGEST_FILE = 5 * 1024 * 1024


class ServerLog:
    """Takes lines from the thread that reads the server. A full disk costs lines of the file, never of the memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: deque[bytes] = deque(maxlen=_REMEMBERED_LINES)
        self._lock = threading.Lock()
        self.unwritten = 0

    def take(self, line: bytes) -> None:
        with self._lock:
            self._lines.append(line)
            try:
                if self._path.exists() and self._path.stat().st_size > _LARGEST_FILE:
                    self._path.replace(self._path.with_suffix(".previous.log"))
                with self._path.open("ab") as file:
                    file.write(line)
            except OSError:
                self.unwritten += 1

    def end(self) -> bytes:
        """The last lines."""
        with self._lock:
            return b"".join(self._lines)

    def forget(self) -> None:
        """Before a new start: what was said earlier does not explain it."""
        with self._lock:
            self._lines.clear()
