"""The product as an operator runs it, in a process of its own: ``lianfang serve`` with something loaded first, as
``--demo`` loads its township.

``python -m tests.journeys.serving FOLDER PORT FILE MODULE``: here only what stands in MODULE, which is run with FILE.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from lianfang.config.cli.console import Console
from lianfang.config.serving import Options, serve

ROOT = Path(__file__).resolve().parents[2]
SAYS_READY = "journeys may begin at"


class Product:
    """The running product. ``address`` is where a browser finds it, ``field`` where it finds the field app, ``said``
    what it told its operator."""

    def __init__(
        self, folder: Path, demo: Path, environment: Mapping[str, str], loads: str = "tests.journeys.first_day"
    ) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "LIANFANG"))}
        self.said: list[str] = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.serving", str(folder), str(_free_ports()), str(demo), loads],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env={**clean, **environment, "COLUMNS": "500"},
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.address = self.wait_for(SAYS_READY).split()[-1].rstrip("/")
        host, _, port = self.address.rpartition(":")
        self.field = f"{host}:{int(port) + 1}/field/"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self.said.append(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, words: str, *, seconds: float = 180) -> str:
        """The line with the words, when it has been said."""
        with self._news:
            self._news.wait_for(lambda: self._line(words) or not self._reader.is_alive(), seconds)
            assert self._line(words), "".join(self.said)
            return self._line(words)

    def _line(self, words: str) -> str:
        return next((line for line in self.said if words in line), "")

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(60)
        finally:
            self._process.kill()
            self._reader.join(10)


def _free_ports() -> int:
    """A port that is free, and the one after it, where the field server listens."""
    while True:
        with socket.socket() as desk, socket.socket() as field:
            desk.bind(("127.0.0.1", 0))
            port = int(desk.getsockname()[1])
            try:
                field.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def main() -> int:
    folder, port, demo, loads = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]

    def first_day(environment: Mapping[str, str]) -> None:
        subprocess.run([sys.executable, "-m", loads, demo], env=dict(environment), check=True)

    def ready(address: str) -> None:
        sys.stdout.write(f"{SAYS_READY} {address}\n")
        sys.stdout.flush()

    return serve(Options(folder, port=port, workers=1), Console("en"), before_serving=first_day, on_ready=ready)


if __name__ == "__main__":
    sys.exit(main())
