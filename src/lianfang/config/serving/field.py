"""The field server's process, forked from the web server: it shares with it what is loaded.

A process of its own with Django in it would take seventy megabytes more (docs/decisions/0027). It is started again
when it dies, and dies with the web server.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from lianfang.config.serving.services import BackOff

log = logging.getLogger(__name__)
_SET_DEATH_SIGNAL = 1
_STOP_SECONDS = 10.0
_SET_NAME = 15
# Thousands of devices send again at once when it is back; half a minute of them is worse than another try.
_LONGEST_PAUSE = 2.0
BACKLOG = 1024
_LETS_GO_SECONDS = 0.0005


@dataclass(slots=True)
class FieldServer:
    """Keeps one process serving on ``host:port`` until ``stop``. ``run`` is what the process does."""

    host: str
    port: int
    run: Callable[[str, int], None]
    # Of the process at work; 0 while there is none.
    pid: int = 0
    _is_stopping: threading.Event = field(default_factory=threading.Event)
    _back_off: BackOff = field(default_factory=BackOff)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        # The kernel ties the death signal to the thread that forks: it lives as long as its child.
        self._thread = threading.Thread(target=self._keep_running, name="field", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the process to end, wait, kill what does not end."""
        self._is_stopping.set()
        if self._thread is None:
            return
        self._send(signal.SIGTERM)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            self._send(signal.SIGKILL)
            self._thread.join(_STOP_SECONDS)

    def _send(self, number: signal.Signals) -> None:
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _keep_running(self) -> None:
        while not self._is_stopping.is_set():
            self._back_off.note_start()
            self.pid = self._fork()
            # Until it is reaped its number is nobody else's.
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            ended, self.pid = self.pid, 0
            _, status = os.waitpid(ended, 0)
            if self._is_stopping.is_set():
                return
            pause = min(_LONGEST_PAUSE, self._back_off.pause())
            log.error("the field server ended (%d); it starts again in %g s", os.waitstatus_to_exitcode(status), pause)
            self._is_stopping.wait(pause)

    def _fork(self) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        # From here on nothing returns into the web server's code.
        code = 1
        try:
            _follow(parent)
            self.run(self.host, self.port)
            code = 0
        except BaseException:
            log.exception("the field server failed")
        finally:
            sys.stderr.flush()
            os._exit(code)
        raise AssertionError


def _follow(parent: int) -> None:
    """End with the web server, and take signals as a process of its own."""
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
    libc.prctl(_SET_NAME, b"lianfang-field")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if os.getppid() != parent:
        os._exit(0)


def serve_field(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; called in the forked process, with Django loaded."""
    from lianfang.interfaces.field.server import make_application

    # The loop that reads and answers waits for each thread at work; and the thousand small things of a batch live until
    # it is kept, so that looking through them meanwhile finds nothing.
    sys.setswitchinterval(_LETS_GO_SECONDS)
    gc.set_threshold(50_000, 20, 50)
    asyncio.run(_serve(Server(
        make_application(),
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        backlog=BACKLOG,
        websockets=False,
        log_level=LogLevels.error,
    )))  # fmt: skip


async def _serve(server: Server) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.stop()  # type: ignore[no-untyped-call]
        loop.call_later(_STOP_SECONDS, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve()
