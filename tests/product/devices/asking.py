"""The field server's application, asked without a socket, in the test's own transaction."""

from __future__ import annotations

import asyncio
import gzip
import json
import queue
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lianfang.interfaces.field.server import make_application
from lianfang.interfaces.field.threads import Threads


@dataclass(frozen=True)
class Told:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(
            gzip.decompress(self.content) if self.headers.get("content-encoding") == "gzip" else self.content
        )


class Asking:
    """One application. Its threads are this one, so that it sees what the test wrote."""

    def __init__(self, patch: Callable[..., None]) -> None:
        self.work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

        async def run_in_the_test(_: Threads, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

            def work() -> None:
                try:
                    found = function(*args, **kwargs)
                except Exception as error:  # noqa: BLE001 - raised where it was asked for
                    loop.call_soon_threadsafe(done.set_exception, error)
                else:
                    loop.call_soon_threadsafe(done.set_result, found)

            self.work.put(work)
            return await done

        patch(Threads, "run", run_in_the_test)
        self.application = make_application()

    def __call__(
        self, method: str, path: str, body: Any = None, *, by: str = "", raw: bytes | None = None,
        cut_at: int | None = None, **headers: str,
    ) -> Told:  # fmt: skip
        """``by`` is what a device says of itself; ``raw`` is sent as it is; ``cut_at`` ends the connection there."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        given = {"host": "127.0.0.1", "content-length": str(len(content)), **headers}
        if by:
            given["authorization"] = by
        part = content if cut_at is None else content[:cut_at]
        with ThreadPoolExecutor(1) as other:
            asked = other.submit(asyncio.run, self._ask(method, path, part, given, cut_at is not None))
            asked.add_done_callback(lambda _: self.work.put(None))
            # The loop runs beside us; what it wants of the database is done here, in the test's transaction.
            while (work := self.work.get(timeout=20)) is not None:
                work()
        return asked.result()

    async def _ask(self, method: str, path: str, content: bytes, headers: Mapping[str, str], is_cut: bool) -> Told:
        parts: list[dict[str, Any]] = [{"type": "http.request", "body": content, "more_body": is_cut}]
        if is_cut:
            parts.append({"type": "http.disconnect"})
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5),
            "root_path": "",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return parts.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        try:
            await self.application(scope, receive, send)
        except ZeroDivisionError:
            # Starlette raises again what it answered with 500, for the server's log.
            assert sent[0]["status"] == 500
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Told(sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]))
