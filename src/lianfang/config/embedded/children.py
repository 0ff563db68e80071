"""Child processes that die with their parent, whatever kills it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_TRAMPOLINE = Path(__file__).with_name("trampoline.py")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system to run a program as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. ``account`` needs root; None runs it as ourselves.

    ``death_signal`` is what the program gets when this process dies. ``pass_fds`` stay open in it.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGTERM
    pass_fds: tuple[int, ...] = ()
    folder: str | None = None


def _trampoline(program: Program) -> list[str]:
    account = program.account
    order = {
        "argv": list(program.argv),
        "environment": dict(program.environment),
        "uid": account.uid if account else None,
        "gid": account.gid if account else None,
        "death_signal": int(program.death_signal),
        "parent": os.getpid(),
        "folder": program.folder,
    }
    return [sys.executable, "-I", "-S", str(_TRAMPOLINE), json.dumps(order)]


def run_to_end(program: Program, *, timeout: float, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end; its standard output and error are kept. Raises TimeoutExpired after killing it."""
    return subprocess.run(
        _trampoline(program),
        input=stdin,
        capture_output=True,
        pass_fds=program.pass_fds,
        timeout=timeout,
        check=False,
        start_new_session=True,
    )


@dataclass(slots=True)
class Child:
    """One running program in a session of its own, so that Ctrl-C at the terminal reaches only its parent.

    The kernel ties the death signal to the *thread* that started the program, so each child has a thread
    that starts it, waits for it and lives exactly as long.
    """

    program: Program
    on_line: Callable[[bytes], None] | None = None
    on_exit: Callable[[Child], None] | None = None
    exited: threading.Event = field(default_factory=threading.Event, init=False)
    exit_code: int | None = field(default=None, init=False)
    pid: int = field(default=0, init=False)
    _failure: OSError | None = field(default=None, init=False)
    _started: threading.Event = field(default_factory=threading.Event, init=False)
    _reader: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the program. Raises OSError where no process can be made."""
        threading.Thread(target=self._live, name=f"watch {self.program.argv[0]}", daemon=True).start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def _live(self) -> None:
        try:
            process = subprocess.Popen(
                _trampoline(self.program),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.on_line else None,
                stderr=subprocess.STDOUT if self.on_line else None,
                pass_fds=self.program.pass_fds,
                start_new_session=True,
            )
        except OSError as error:
            self._failure = error
            self._started.set()
            return
        self.pid = process.pid
        if process.stdout is not None:
            self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
            self._reader.start()
        self._started.set()
        # Not reaped yet, the group's number cannot be given to others: what the program left behind can be ended.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self._kill_group(process.pid)
        self.exit_code = process.wait()
        self.exited.set()
        if self.on_exit is not None:
            self.on_exit(self)

    def _read(self, stream: IO[bytes]) -> None:
        assert self.on_line is not None
        with stream:
            for line in stream:
                self.on_line(line)

    def drain(self, timeout: float) -> None:
        """Wait until everything that the program said has been read."""
        if self._reader is not None:
            self._reader.join(timeout)

    @property
    def is_alive(self) -> bool:
        return bool(self.pid) and not self.exited.is_set()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program, if it still runs."""
        if self.is_alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                self.exited.wait()

    def stop(self, *, asked: signal.Signals, patience: float) -> bool:
        """Ask the program to end; kill it and its group after ``patience`` seconds. True where it ended by itself."""
        self.send(asked)
        if not self.is_alive or self.exited.wait(patience):
            return True
        self._kill_group(self.pid)
        self.exited.wait()
        return False

    @staticmethod
    def _kill_group(pid: int) -> None:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
