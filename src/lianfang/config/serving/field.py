"""What the field server's process does; it is forked from the web server."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

NAME = "lianfang-field"
# Thousands of devices send again at once when it is back; half a minute of them is worse than another try.
LONGEST_PAUSE = 2.0
BACKLOG = 1024
_STOP_SECONDS = 10.0
_LETS_GO_SECONDS = 0.0005


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
