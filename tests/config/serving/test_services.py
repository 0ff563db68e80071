from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

import lianfang
from lianfang.config.embedded.children import Child, Program
from lianfang.config.serving.problems import CODES, ServingError
from lianfang.config.serving.services import LONGEST_PAUSE, STEADY_SECONDS, BackOff
from lianfang.foundation.texts import LANGUAGES, texts


def test_what_keeps_dying_is_started_ever_more_slowly() -> None:
    back_off = BackOff()
    pauses = []
    for _ in range(9):
        back_off.note_start()
        pauses.append(back_off.pause())
    assert pauses[:5] == [0.5, 1, 2, 4, 8]
    assert pauses[-1] == LONGEST_PAUSE


def test_what_ran_steadily_is_started_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    back_off = BackOff()
    for _ in range(5):
        back_off.note_start()
        back_off.pause()
    started = back_off.started_at
    monkeypatch.setattr("lianfang.config.serving.services.time.monotonic", lambda: started + STEADY_SECONDS)
    assert back_off.pause() == 0.5


def python(code: str) -> Program:
    return Program([sys.executable, "-c", code], {"PATH": "/usr/bin:/bin"})


def test_a_child_that_does_not_end_when_asked_is_killed() -> None:
    ready: list[bytes] = []
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = Child(python(code), on_line=ready.append)
    child.start()
    while not ready:
        assert not child.exited.wait(0.01)
    assert child.stop(asked=signal.SIGTERM, patience=0.1) is False
    assert child.exit_code == -signal.SIGKILL


def test_what_a_child_started_ends_with_it() -> None:
    said: list[bytes] = []
    code = "import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    child = Child(python(code), on_line=said.append)
    child.start()
    while not said:
        assert not child.exited.wait(0.01)
    child.send(signal.SIGKILL)
    assert child.exited.wait(10)
    # The grandchild held the pipe: its end is the end of what is said.
    child.drain(10)
    assert child._reader is not None
    assert not child._reader.is_alive()


def test_a_program_that_is_not_there_ends_with_a_reason() -> None:
    said: list[bytes] = []
    child = Child(Program(["/no/such/program"], {}), on_line=said.append)
    child.start()
    assert child.exited.wait(10)
    child.drain(10)
    assert child.exit_code == 126
    assert b"No such file" in b"".join(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str) -> None:
    known = texts(language)
    assert [code for code in CODES if f"serving.problem.{code}" not in known] == []


def test_a_reason_without_words_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="strange"):
        ServingError("strange")


def test_every_reason_that_is_given_is_a_known_one() -> None:
    source = Path(lianfang.__file__).parent
    given = {
        code
        for file in source.rglob("*.py")
        for code in re.findall(r'ServingError\(\s*"(\w+)"', file.read_text("utf-8"))
    }
    assert given and given <= set(CODES), given - set(CODES)
