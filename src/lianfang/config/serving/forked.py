"""Processes forked from the web server: they share with it what is loaded.

A process of its own with Django in it takes seventy megabytes more (docs/decisions/0027). What is forked is started
again when it dies, and dies with the web server.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from lianfang.config.serving.services import LONGEST_PAUSE, BackOff

log = logging.getLogger(__name__)
_SET_DEATH_SIGNAL = 1
_SET_NAME = 15

OnEnd = Callable[[int, float], None]


def _log(code: int, pause: float) -> None:
    log.error("a forked process ended (%d); it starts again in %g s", code, pause)


def die_with(parent: int) -> None:
    """Have the kernel send us SIGTERM when ``parent``, who forked us, dies; end at once where it has died already."""
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:
        # The signal will never come.
        os._exit(0)


@dataclass(slots=True)
class Forked:
    """Keeps one process doing ``run`` until ``stop``. Its name, at most 15 bytes, is what the process is called.

    ``patience``: seconds from asking it to end to killing it. ``on_end`` is told, from another thread, the exit code of
    a process that ended unasked and the seconds until the next starts, at most ``longest_pause``.
    """

    name: str
    run: Callable[[], None]
    patience: float = 10.0
    longest_pause: float = LONGEST_PAUSE
    on_end: OnEnd = _log
    # Of the process at work; 0 while there is none.
    pid: int = 0
    _is_stopping: threading.Event = field(default_factory=threading.Event)
    # Who asks while a process is being made waits until it has a number to be asked by.
    _is_forking: threading.Lock = field(default_factory=threading.Lock)
    _back_off: BackOff = field(default_factory=BackOff)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        # The kernel ties the death signal to the thread that forks: it lives as long as its child.
        self._thread = threading.Thread(target=self._keep_running, name=self.name, daemon=True)
        self._thread.start()

    def ask_to_end(self) -> None:
        """Ask the process to end and start none again; ``stop`` waits for it. Asked again, it is not told again: a
        second signal ends many programs at once, with what they were at."""
        with self._is_forking:
            if not self._is_stopping.is_set():
                self._is_stopping.set()
                self._send(signal.SIGTERM)

    def stop(self) -> None:
        """Ask the process to end, wait, kill what does not end."""
        self.ask_to_end()
        if self._thread is None:
            return
        self._thread.join(self.patience)
        if self._thread.is_alive():
            self._send(signal.SIGKILL)
            self._thread.join(self.patience)

    def _send(self, number: signal.Signals) -> None:
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _keep_running(self) -> None:
        while True:
            self._back_off.note_start()
            with self._is_forking:
                if self._is_stopping.is_set():
                    return
                self.pid = self._fork()
            # Until it is reaped its number is nobody else's.
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            ended, self.pid = self.pid, 0
            _, status = os.waitpid(ended, 0)
            if self._is_stopping.is_set():
                return
            pause = min(self.longest_pause, self._back_off.pause())
            self.on_end(os.waitstatus_to_exitcode(status), pause)
            self._is_stopping.wait(pause)

    def _fork(self) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        # From here on nothing returns into the web server's code.
        code = 1
        try:
            self._follow(parent)
            self.run()
            code = 0
        except BaseException:
            log.exception("%s failed", self.name)
        finally:
            sys.stderr.flush()
            os._exit(code)
        raise AssertionError

    def _follow(self, parent: int) -> None:
        """End with the web server, and take signals as a process of its own."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_SET_NAME, self.name.encode())
        die_with(parent)
