"""Processes forked beside the web server: started again when they die, and given the time to end in order."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

from lianfang.config.serving.forked import Forked


def _ends_at_leisure(told: Path) -> None:
    """As a worker does: the first signal asks it to finish what it is at; a second one would end it on the spot."""

    def finish(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        told.write_text("asked")
        time.sleep(0.3)
        told.write_text("finished")
        os._exit(0)

    signal.signal(signal.SIGTERM, finish)
    told.write_text("begun")
    while True:
        # Not pause(): a signal just before it would be waited for in vain.
        time.sleep(0.01)


def _wait_for(told: Path, words: str) -> None:
    end = time.monotonic() + 30
    while not (told.exists() and told.read_text() == words):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_process_that_is_asked_twice_still_finishes_what_it_is_at(tmp_path: Path) -> None:
    told = tmp_path / "told"
    process = Forked("lianfang-test", partial(_ends_at_leisure, told))
    process.start()
    _wait_for(told, "begun")
    process.ask_to_end()
    _wait_for(told, "asked")
    process.stop()
    assert told.read_text() == "finished"


def test_a_process_that_was_killed_is_told_of_and_started_again(tmp_path: Path) -> None:
    told, ends = tmp_path / "told", list[int]()
    is_told = threading.Event()

    def note(code: int, pause: float) -> None:
        ends.append(code)
        is_told.set()

    process = Forked("lianfang-test", partial(_ends_at_leisure, told), longest_pause=0.01, on_end=note)
    process.start()
    _wait_for(told, "begun")
    told.unlink()
    os.kill(process.pid, signal.SIGKILL)
    assert is_told.wait(30)
    _wait_for(told, "begun")
    process.stop()
    assert ends == [-signal.SIGKILL]
