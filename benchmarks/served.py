"""The product as it is served, for benchmarks: started, filled, signed in to over HTTP, measured, stopped.

    with served(people=10_000) as product:
        clerk = product.sign_in("shequ")
        clerk.get("people/")
        clerk.post("people/export/", {"format": "csv"})
        product.memory()

``lianfang serve`` runs as its operator runs it: embedded PostgreSQL, web server and worker, without what only
developers install. Its folder lies under ``out/served`` and is removed at the end; its port is free on loopback.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.processes import AS_INSTALLED, ProcessFailedError, processor_seconds_of, proportional_memory_of, tree
from benchmarks.report import OUT
from lianfang.config.embedded import running_database

PASSWORD = "benchmark-of-lianfang"
_ROOT = Path(__file__).resolve().parents[1]
_HEALTHY_SECONDS, _STOP_SECONDS, _GONE_SECONDS = 120.0, 60.0, 5.0
_SET_DEATH_SIGNAL = 1
_OPERATORS = ("DATABASE_URL", "DATABASE_OWNER_URL", "LIANFANG_SECRETS", "LIANFANG_HOSTS", "LIANFANG_TLS")


class Browser(requests.Session):
    """A signed-in session; paths are below the product's address. Every answer of 400 and above raises HTTPError."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        answer = super().request(method, f"{self._address}{url.removeprefix('/')}", *arguments, **options)
        answer.raise_for_status()
        return answer

    def post(self, url: str, data: Any = None, json: Any = None, **options: Any) -> requests.Response:  # type: ignore[override]
        """Post with the token that forms carry; ``files`` as of ``requests``. Redirects are followed."""
        headers = {"X-CSRFToken": self.cookies["lianfang_csrf"], **options.pop("headers", {})}
        return super().post(url, data, json, headers=headers, **options)


@dataclass(frozen=True, slots=True)
class Product:
    """``pid`` is the supervisor's. ``environment`` is that of the web server and the worker, and reaches the database
    as the app and as its owner."""

    address: str
    folder: Path
    pid: int
    environment: Mapping[str, str]

    def sign_in(self, login: str, password: str = PASSWORD) -> Browser:
        """A session of an account of ``served_world``. Raises RuntimeError where it is refused."""
        browser = Browser(self.address)
        browser.get("sign-in/")
        browser.post("sign-in/", {"login": login, "password": password})
        if "lianfang_session" not in browser.cookies:
            raise RuntimeError(f"{login} could not sign in")
        return browser

    def python(self, module: str, *words: str) -> str:
        """Run a module of ours beside the product, with its databases; returns what it wrote. It must set Django up."""
        return _run([sys.executable, "-m", module, *words], self.environment)

    def pids(self) -> list[int]:
        return tree(self.pid)

    def memory(self) -> int:
        """Bytes of all processes, shared pages counted once (PSS)."""
        return sum(proportional_memory_of(self.pids()).values())

    def processor_seconds(self) -> float:
        """What all processes have taken so far."""
        return processor_seconds_of(self.pids())


@contextlib.contextmanager
def served(people: int = 0, *, places_for: int = 0, workers: int = 0, as_installed: bool = True) -> Iterator[Product]:
    """The product with the places and accounts of ``served_world`` and so many invented people in them.

    ``places_for``: communities for so many people, where that is more. ``workers`` are web processes, 0 for as many
    as the product takes itself. Raises ProcessFailedError where it cannot be started or filled, or leaves a process
    behind.
    """
    kept = OUT / "served"
    kept.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=kept))
    # The database's own user passes through.
    folder.chmod(0o711)
    environment = {name: value for name, value in os.environ.items() if name not in _OPERATORS}
    environment |= {"LIANFANG_FOLDER": str(folder)} | ({"PYTHONPATH": str(AS_INSTALLED)} if as_installed else {})
    port = _free_port()
    command = [sys.executable, "-m", "lianfang", "serve", "--folder", str(folder), "--port", str(port)]
    command += ["--workers", str(workers)] if workers else []
    try:
        with (folder / "serve.log").open("wb") as said:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=_ROOT,
                preexec_fn=_die_with_parent,
            )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}/"
            _await_health(process, address, folder)
            database = running_database(folder)
            assert database is not None
            environment |= {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
            product = Product(address, folder, process.pid, environment)
            product.python("benchmarks.served_world", str(people), str(places_for), PASSWORD)
            yield product
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)


def _await_health(process: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    until = time.monotonic() + _HEALTHY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{address}healthz", timeout=10).ok:
                return
        time.sleep(0.1)
    said = (folder / "serve.log").read_text("utf-8", "replace")
    raise ProcessFailedError(f"the product does not answer: {said[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    pids = tree(process.pid)
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    until = time.monotonic() + _GONE_SECONDS
    while (left := [pid for pid in pids if _runs(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    if left:
        raise ProcessFailedError(f"the product left processes behind: {left}")


def _runs(pid: int) -> bool:
    """An orphan that ended and was not yet waited for is no process that runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Developers' modules may be imported: only the product runs as it is installed."""
    given = {**environment, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(command, env=given, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProcessFailedError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout
