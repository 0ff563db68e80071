"""What stands between a phone and the field server: a proxy that an operator updates, and that may be half updated."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from lianfang.interfaces.field.files import PATH
from lianfang.interfaces.field.precache import listed, worker_with

_PASSED_ON = ("Authorization", "Content-Type", "Content-Encoding")
_KEPT = ("Content-Type", "Content-Security-Policy", "Service-Worker-Allowed", "Cache-Control")


class Between:
    """``address`` is where the phone finds the app. ``sent`` collects the ids of items that were brought and taken."""

    def __init__(self, field: str) -> None:
        self.origin = field.removesuffix(PATH)
        self.files: dict[str, bytes] = {}
        self.is_api_closed = False
        self.sent: list[str] = []
        self.address = ""

    def release(self, changed: Mapping[str, bytes]) -> None:
        """Serve another version of the app: these files, and the worker that lists them."""
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in changed.items()}
        self.files = {**changed, "sw.js": worker_with({**listed(), **digests}).encode()}

    def fetched(self, name: str) -> bytes:
        """A file of the app as the product serves it."""
        with urllib.request.urlopen(f"{self.origin}{PATH}{name}", timeout=20) as answer:
            found: bytes = answer.read()
        return found

    def noted(self, path: str, answer: bytes) -> None:
        if path.endswith("/items"):
            told: Any = json.loads(answer)
            self.sent += [one["id"] for one in told["answers"]]


@contextmanager
def between(field: str) -> Iterator[Between]:
    """A proxy of this field server, as long as it is needed."""
    known = Between(field)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = urlsplit(self.path).path.removeprefix(PATH)
            if name in known.files:
                kind = "text/javascript" if name.endswith(".js") else "application/octet-stream"
                self._answer(200, known.files[name], {"Content-Type": kind, "Cache-Control": "no-cache"})
            else:
                self._pass_on(None)

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers["Content-Length"] or 0)))

        def _pass_on(self, body: bytes | None) -> None:
            if known.is_api_closed and self.path.startswith(f"{PATH}api/"):
                self._answer(503, b'{"code": "busy"}', {"Content-Type": "application/json"})
                return
            headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
            request = urllib.request.Request(known.origin + self.path, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    content, status, given = answer.read(), answer.status, answer.headers
            except urllib.error.HTTPError as refused:
                content, status, given = refused.read(), refused.code, refused.headers
            if status == 200:
                known.noted(self.path, content)
            self._answer(status, content, {name: given[name] for name in (*_KEPT, "ETag") if given[name]})

        def _answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """What is asked for is nobody's concern here."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        known.address = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join(10)
