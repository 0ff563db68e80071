"""A real master with two workers on loopback: a worker dies half-way, and everybody is decided all the same."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lianfang.engine.packs import load_pack
from lianfang.engine.status import StatusEngine
from lianfang.engine.status.contract import DECISIONS, EVIDENCE, REASONS
from tests.engine.backends.spark import SETTINGS, need_spark
from tests.engine.backends.worlds import answered, keep_facts, kept
from tests.engine.status.facts import AS_OF, V9, arrow, plausible, together

LONGEST = 240.0
CLI = "import sys; from lianfang.config.cli import main; sys.exit(main())"
DAEMON = {"SPARK_DAEMON_MEMORY": "192m", "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC"}


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
def daemon(log: Path, environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One process of Spark and its children, gone at the end."""
    import pyspark

    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(program), *words], stdout=written, stderr=written, env=environment, start_new_session=True
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    settings = SETTINGS | {
        "spark.executor.memory": "512m",
        "spark.executor.cores": "1",
        "spark.cores.max": "2",
        "spark.executor.extraJavaOptions": SETTINGS["spark.driver.extraJavaOptions"],
    }
    conf = tmp_path / "conf"
    conf.mkdir()
    lines = "\n".join(f"{name} {value}" for name, value in settings.items())
    (conf / "spark-defaults.conf").write_text(f"{lines}\n", encoding="utf-8")
    return {**os.environ, **DAEMON, "SPARK_CONF_DIR": str(conf), "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_worker_that_is_killed_half_way_costs_no_decision(tmp_path: Path, environment: dict[str, str]) -> None:
    need_spark()
    facts = together([plausible(seed) for seed in range(100)])
    keep_facts(facts, tmp_path / "facts")
    port = free_port()
    master = f"spark://127.0.0.1:{port}"
    worker = (
        "org.apache.spark.deploy.worker.Worker",
        "--host",
        "127.0.0.1",
        "--webui-port",
        "0",
        "-c",
        "1",
        "-m",
        "600m",
    )
    logs = [tmp_path / f"{name}.log" for name in ("master", "first", "second", "run")]
    with daemon(
        logs[0], environment, "org.apache.spark.deploy.master.Master",
        "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0",
    ):  # fmt: skip
        until(
            lambda: "started at" in logs[0].read_text() or "Starting Spark master" in logs[0].read_text(), "the master"
        )
        with (
            daemon(logs[1], environment, *worker, "-d", str(tmp_path / "w1"), master) as first,
            daemon(logs[2], environment, *worker, "-d", str(tmp_path / "w2"), master),
        ):
            until(lambda: logs[0].read_text().count("Registering worker") == 2, "both workers")
            words = ["engine", "run", "--pack", str(V9), "--facts", str(tmp_path / "facts"), "--cluster", master]
            words += ["--as-of", AS_OF.isoformat(), "-o", str(tmp_path / "out")]
            with logs[3].open("wb") as written:
                run = subprocess.Popen(
                    [sys.executable, "-c", CLI, *words], stdout=written, stderr=written, env=environment
                )
            try:
                half_way = tmp_path / "out" / "_stages" / "tube_states" / "_SUCCESS"
                until(lambda: half_way.exists() or run.poll() is not None, "the stages of the tubes")
                assert run.poll() is None, logs[3].read_text()
                stop(first)
                assert run.wait(timeout=LONGEST) == 0, logs[3].read_text()
            finally:
                if run.poll() is None:
                    run.kill()
                    run.wait()
            until(
                lambda: "Removing worker" in logs[0].read_text() or "Removing executor" in logs[0].read_text(),
                "its loss",
            )
    with StatusEngine(load_pack(V9), threads=1) as engine:
        expected = answered(engine.decide(arrow(facts), AS_OF))
    for contract in (DECISIONS, REASONS, EVIDENCE):
        assert kept(tmp_path / "out", contract) == expected[contract.name], contract.name
    assert not (tmp_path / "out" / "_stages").exists()
