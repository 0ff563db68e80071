"""The whole product as an operator runs it: started, hurt, stopped. Every wait is for an event with an end."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lianfang.config.embedded import running_database
from lianfang.config.embedded.leftovers import processes_in
from tests.config.databases import quick_folder

READY = re.compile(r"open (http://\S+/)")


class Product:
    """``lianfang serve`` in a process of its own."""

    def __init__(self, folder: Path, port: int, **environment: str) -> None:
        self.folder, self.port = folder, port
        self.said: list[str] = []
        self._news = threading.Condition()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "LIANFANG"))}
        words = ["serve", "--folder", str(folder), "--port", str(port), "--workers", "1", "--lang", "en"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lianfang", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**clean, "COLUMNS": "500", **environment},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.said.append(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, words: str, *, seconds: float = 120) -> str:
        """Wait until a line with the words has been said; what was said since the last wait counts."""
        with self._news:
            found = self._news.wait_for(lambda: self._take(words) or not self._reader.is_alive(), seconds)
        assert found, "".join(self.said)
        assert isinstance(found, str), "".join(self.said)
        return found

    def _take(self, words: str) -> str:
        for place, line in enumerate(self.said):
            if words in line:
                del self.said[: place + 1]
                return line
        return ""

    def end(self) -> int:
        code = self.process.wait(60)
        self._reader.join(10)
        return code


def until(holds: Callable[[], object], *, seconds: float = 90) -> None:
    """Wait until something holds that no event tells of: another process's state."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def status(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    return 0


def processes_of(folder: Path) -> dict[int, str]:
    """The live processes of a product: its database's, and those that have its folder in their environment."""
    found = dict.fromkeys(processes_in(folder / "postgres"), "postgres") if (folder / "postgres").exists() else {}
    mark = f"LIANFANG_FOLDER={folder}".encode()
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if int(entry.name) and mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def one_of(folder: Path, words: str) -> int:
    """The first process of that name, or whose command line has the words: what is forked from the web server has its
    command line and a name of its own."""
    commands = processes_of(folder)
    named = [pid for pid in commands if name_of(pid) == words]
    return min(named or [pid for pid, command in commands.items() if words in command], default=0)


def name_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def running() -> Iterator[Product]:
    """One product for the tests that leave it running."""
    with quick_folder() as path:
        product = Product(path / "数据 folder", free_port())
        try:
            product.wait_for("Lianfang is running")
            yield product
        finally:
            if product.process.poll() is None:
                product.process.send_signal(signal.SIGTERM)
                product.end()


def test_the_first_start_gives_a_link_for_the_first_administrator_that_opens(running: Product) -> None:
    link = running.wait_for("one-time link").split()[-1]
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request("GET", link.partition(f":{running.port}")[2])
    assert connection.getresponse().status == 200


def test_the_web_server_and_the_worker_do_not_get_the_owners_login(running: Product) -> None:
    for words in ("serving.web", "lianfang-worker", "lianfang-field"):
        environment = Path(f"/proc/{one_of(running.folder, words)}/environ").read_bytes()
        assert b"DATABASE_URL=postgresql://lianfang_app:" in environment
        assert b"DATABASE_OWNER_URL" not in environment
        assert b"lianfang_owner" not in environment


def test_no_password_stands_on_a_command_line(running: Product) -> None:
    database = running_database(running.folder)
    assert database is not None
    password = database.app_url.partition(":")[2].partition(":")[2].partition("@")[0]
    assert [line for line in processes_of(running.folder).values() if password in line] == []


def test_a_second_start_names_the_first_and_leaves_it_alone(running: Product) -> None:
    second = Product(running.folder, free_port())
    assert second.end() == 3
    said = "".join(second.said)
    assert f"process {running.process.pid}" in said
    assert f"http://127.0.0.1:{running.port}/" in said
    assert status(running.port) == 200


def test_a_used_port_is_said_with_a_free_one(running: Product, tmp_path: Path) -> None:
    other = Product(tmp_path / "other", running.port)
    assert other.end() == 3
    assert re.search(rf"Port {running.port} is used by python\S* \(process \d+\)", "".join(other.said))
    assert re.search(r"lianfang serve --port \d+", "".join(other.said))
    assert not (tmp_path / "other" / "postgres").exists()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("serving.web", "web server"),
        ("lianfang-worker", "background worker"),
        ("lianfang-field", "field server"),
    ],
)
def test_a_killed_service_is_started_again(running: Product, words: str, name: str) -> None:
    killed = one_of(running.folder, words)
    os.kill(killed, signal.SIGKILL)
    running.wait_for(f"The {name} ended unexpectedly (-9)")
    until(lambda: one_of(running.folder, words) not in (0, killed))
    until(lambda: status(running.port) == field_status(running.port + 1) == 200)


def test_the_field_server_answers_beside_the_desk(running: Product) -> None:
    until(lambda: field_status(running.port + 1) == 200)
    assert status(running.port) == 200


def field_status(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/field/healthz")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_the_worker_ends_with_the_web_server_that_forked_it(running: Product) -> None:
    worker, web = one_of(running.folder, "lianfang-worker"), one_of(running.folder, "serving.web")
    os.kill(web, signal.SIGKILL)
    running.wait_for("The web server ended unexpectedly (-9)")
    until(lambda: worker not in processes_of(running.folder))
    until(lambda: one_of(running.folder, "lianfang-worker") not in (0, worker))
    until(lambda: status(running.port) == 200)


def test_a_killed_database_is_started_again_and_the_pages_come_back(running: Product) -> None:
    database = running_database(running.folder)
    # The server itself; the lowest number of its processes is another's once the numbers have begun again.
    os.kill(int((running.folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    running.wait_for("The database is back")
    assert running_database(running.folder) == database
    until(lambda: status(running.port) == 200)


def test_a_backup_of_the_running_product_can_be_made(running: Product, tmp_path: Path) -> None:
    words = ["backup", str(tmp_path / "night.backup"), "--folder", str(running.folder)]
    subprocess.run([sys.executable, "-m", "lianfang", *words], check=True, capture_output=True)
    assert (tmp_path / "night.backup").stat().st_size > 10_000


def test_kill_9_leaves_no_process_and_the_next_start_has_everything(running: Product) -> None:
    link = _kill(running)
    until(lambda: processes_of(running.folder) == {})
    running.__init__(running.folder, running.port)  # type: ignore[misc]
    running.wait_for("Lianfang is running")
    assert running.wait_for("one-time link") != link


def _kill(product: Product) -> str:
    assert any("serving.web" in line for line in processes_of(product.folder).values())
    product.process.kill()
    product.end()
    return "".join(product.said)


def test_stopped_it_ends_in_order_and_leaves_no_process(running: Product) -> None:
    assert one_of(running.folder, "lianfang-worker")
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == 0
    assert processes_of(running.folder) == {}
    assert "Stopped; no process is left" in "".join(running.said)
    log = (running.folder / "embedded" / "postgres.log").read_text()
    assert "database system is shut down" in log.splitlines()[-1]


WITH_DATA = """
import os, signal, sys
from pathlib import Path
import psycopg
from lianfang.config.cli.console import Console
from lianfang.config.serving import Options, serve

def load(environment):
    for name in ("DATABASE_OWNER_URL", "DATABASE_URL"):
        with psycopg.connect(environment[name]) as connection:
            print("loading as", connection.execute("SELECT current_user").fetchone()[0], flush=True)

def ready(address):
    print("ready at", address, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

sys.exit(serve(Options(Path(sys.argv[1]), port=int(sys.argv[2]), workers=1), Console("en"),
               before_serving=load, on_ready=ready))
"""


def test_data_is_loaded_before_anybody_is_served(running: Product) -> None:
    assert running.process.poll() is not None
    words = [sys.executable, "-c", WITH_DATA, str(running.folder), str(running.port)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.splitlines()
    assert loaded[:3] == [
        "loading as lianfang_owner",
        "loading as lianfang_app",
        f"ready at http://127.0.0.1:{running.port}/",
    ]
    assert processes_of(running.folder) == {}


def test_a_stop_in_the_middle_of_starting_leaves_no_process(tmp_path: Path) -> None:
    product = Product(tmp_path / "data", free_port())
    product.wait_for("Bringing the tables up to date")
    product.process.send_signal(signal.SIGINT)
    assert product.end() == 0
    assert processes_of(tmp_path / "data") == {}


def test_a_named_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    address = f"postgresql://a:b@/x?host={tmp_path}"
    product = Product(tmp_path / "data", free_port(), DATABASE_URL=address, DATABASE_OWNER_URL=address)
    assert product.end() == 3
    assert "Cannot reach the database" in "".join(product.said)
