"""The field server in this process, on the tests' database, and a telephone's browser at it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.sync_api import Browser, Page, sync_playwright

from lianfang.interfaces.field.server import make_application
from tests.browsers import find_chromium

PIN = "482913"
_CLOCK = """(() => {
  const offset = %d, Real = Date;
  class Shifted extends Real {
    constructor(...given) { if (given.length) super(...given); else super(Real.now() + offset); }
  }
  Shifted.now = () => Real.now() + offset;
  self.Date = Shifted;
})()"""


@contextmanager
def field_server() -> Iterator[str]:
    """Its address, up and running; stopped afterwards."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    before, settings.ALLOWED_HOSTS = settings.ALLOWED_HOSTS, ["127.0.0.1", "localhost"]
    server = Server(make_application(), address="127.0.0.1", port=port, interface=Interfaces.ASGI, websockets=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    _wait_for(port)
    try:
        yield f"http://localhost:{port}/field/"
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(10)
        assert not thread.is_alive()
        settings.ALLOWED_HOSTS = before


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    raise TimeoutError(port)


@contextmanager
def telephone(address: str, token: str, *, language: str = "zh-CN") -> Iterator[Page]:
    """A browser of a telephone's size, enrolled with ``token``; the app is on its disk."""
    with sync_playwright() as started:
        browser: Browser = started.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            context = browser.new_context(viewport={"width": 390, "height": 844}, locale=language, has_touch=True)
            page = context.new_page()
            # The telephone's clock goes with the tests' clock.
            offset = int(timezone.now().timestamp() * 1000 - page.evaluate("Date.now()"))
            context.add_init_script(_CLOCK % offset)
            page.goto(f"{address}#enrol={token}")
            page.locator("input[type=password]").first.fill(PIN)
            page.locator("input[type=password]").nth(1).fill(PIN)
            page.locator("button[type=submit]").click()
            page.locator(".f-tiles").wait_for(timeout=30_000)
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            yield page
        finally:
            browser.close()
