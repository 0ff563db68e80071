"""A real master with two workers on loopback: a worker dies half-way, and everybody is decided all the same."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lianfang.config.cli import main
from lianfang.engine.packs import load_pack
from lianfang.engine.status import StatusEngine
from lianfang.engine.status.contract import DECISIONS, EVIDENCE, REASONS
from tests.engine.backends.worlds import answered, keep_facts, kept
from tests.engine.status.facts import AS_OF, V9, arrow, plausible, together

LONGEST = 240.0
WORKER = ("org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "-c", "1", "-m", "600m")


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + LONGEST
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def daemon(programs: Path, log: Path, environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One process of Spark and its children, gone at the end."""
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(programs / "spark-class"), *words],
            stdout=written,
            stderr=written,
            env=environment,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_worker_that_is_killed_half_way_costs_no_decision(
    tmp_path: Path, environment: dict[str, str], programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = together([plausible(seed) for seed in range(100)])
    keep_facts(facts, tmp_path / "facts")
    port = free_port()
    master = f"spark://127.0.0.1:{port}"
    logs = [tmp_path / f"{name}.log" for name in ("master", "first", "second")]
    with daemon(
        programs, logs[0], environment, "org.apache.spark.deploy.master.Master",
        "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0",
    ):  # fmt: skip
        until(
            lambda: "started at" in logs[0].read_text() or "Starting Spark master" in logs[0].read_text(), "the master"
        )
        with (
            daemon(programs, logs[1], environment, *WORKER, "-d", str(tmp_path / "w1"), master) as first,
            daemon(programs, logs[2], environment, *WORKER, "-d", str(tmp_path / "w2"), master),
        ):
            until(lambda: logs[0].read_text().count("Registering worker") == 2, "both workers")
            half_way = tmp_path / "out" / "_stages" / "tube_states" / "_SUCCESS"
            killed: list[bool] = []

            def kill() -> None:
                until(lambda: half_way.exists() or bool(killed), "the stages of the tubes")
                if not killed:
                    stop(first)
                    killed.append(True)

            killer = threading.Thread(target=kill)
            killer.start()
            words = ["engine", "run", "--pack", str(V9), "--facts", str(tmp_path / "facts"), "--cluster", master]
            try:
                code = main([*words, "--as-of", AS_OF.isoformat(), "-o", str(tmp_path / "out")])
            finally:
                was_killed = bool(killed)
                killed.append(False)
                killer.join()
            assert code == 0, capsys.readouterr()
            assert was_killed
            until(
                lambda: "Removing worker" in logs[0].read_text() or "Removing executor" in logs[0].read_text(),
                "its loss",
            )
    with StatusEngine(load_pack(V9), threads=1) as engine:
        expected = answered(engine.decide(arrow(facts), AS_OF))
    for contract in (DECISIONS, REASONS, EVIDENCE):
        assert kept(tmp_path / "out", contract) == expected[contract.name], contract.name
    assert not (tmp_path / "out" / "_stages").exists()
