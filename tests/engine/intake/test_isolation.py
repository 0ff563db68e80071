"""Reading in processes of their own: what one file does, the others do not feel."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

_PROGRAM = textwrap.dedent(
    """
    import ctypes, os, signal, sys
    from lianfang.engine.intake.files import run_isolated

    def work(kind):
        if kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "crash":
            ctypes.string_at(0)
        if kind == "greedy":
            return len(bytearray(4 << 30))
        if kind == "raises":
            raise ValueError("no such luck")
        if kind == "waits":
            alive = open(sys.argv[2], "wb", buffering=0)
            alive.write(b"here")
            signal.pause()
        return kind * 100_000

    if __name__ == "__main__":
        done = []
        # A shell that starts its jobs in the background has them ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        kinds = sys.argv[1].split(",")
        results = run_isolated(
            work, [(kind,) for kind in kinds], workers=2, memory_bytes=1 << 30,
            on_done=lambda place, result: done.append(place),
        )
        assert sorted(done) == list(range(len(kinds)))
        for result in results:
            print(len(result) if isinstance(result, str) else (result.code, result.params.get("detail")))
    """
)


_STARTED_EARLY = textwrap.dedent(
    """
    import sys
    from lianfang.engine.intake.isolation import Workers

    if __name__ == "__main__":
        with Workers(sys.argv[1], workers=3, memory_bytes=1 << 30) as workers:
            print([one if isinstance(one, str) else one.code for one in workers.run([("a/b",), (1,)])])
    """
)


def _program(folder: Path) -> Path:
    path = folder / "isolated_program.py"
    path.write_text(_PROGRAM)
    return path


def test_a_death_costs_one_file_and_results_come_in_order(tmp_path):
    kinds = "a,killed,bb,crash,greedy,raises,ccc"
    answer = subprocess.run(
        [sys.executable, str(_program(tmp_path)), kinds], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.splitlines() == [
        "100000",
        "('out_of_memory', None)",
        "200000",
        "('reader_died', 'exit -11')",
        "('out_of_memory', None)",
        "('reader_died', 'ValueError: no such luck')",
        "300000",
    ]
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("function", "results"),
    [
        ("posixpath:basename", "['b', 'reader_died']"),
        ("posixpath:nothing_of_the_kind", "['reader_died', 'reader_died']"),
    ],
)
def test_processes_may_wait_for_calls_of_a_function_given_by_name(tmp_path, function, results):
    program = tmp_path / "started_early.py"
    program.write_text(_STARTED_EARLY)
    answer = subprocess.run(
        [sys.executable, str(program), function], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.strip() == results
    assert answer.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a killed parent")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_its_parent(tmp_path, how):
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    alive = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    program = subprocess.Popen([sys.executable, str(_program(tmp_path)), "waits", str(pipe)], stderr=subprocess.DEVNULL)
    try:
        assert select.select([alive], [], [], 60)[0]
        assert os.read(alive, 4) == b"here"
        program.send_signal(how)
        program.wait(timeout=60)
        # The pipe ends when the last process that held it is gone.
        assert select.select([alive], [], [], 60)[0]
        assert os.read(alive, 4) == b""
    finally:
        program.kill()
        program.wait()
        os.close(alive)
