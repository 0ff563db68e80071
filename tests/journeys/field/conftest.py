"""The product, served as an operator runs it on the morning of a round, and phones at its field server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect

from tests.config.databases import quick_folder
from tests.journeys.field.phone import Phone
from tests.journeys.serving import Product
from tests.product.database import migrated_folder
from tests.product.database import test_database as made_database


@dataclass
class Morning:
    """The running product and what the tests must know of its compounds: the large one, which only the whole morning
    touches, and the small one."""

    product: Product
    large: dict[str, Any]
    small: dict[str, Any]

    def invite(self, compound: dict[str, Any] | None = None) -> dict[str, str]:
        """An invitation that nobody used yet."""
        found: dict[str, str] = (compound or self.small)["invites"].pop()
        return found

    def kill_field_server(self) -> int:
        """Without a word to it; the web server starts it again. Gives back the process that was killed."""
        pid = _child_called("lianfang-field", self.product.pid)
        os.kill(pid, signal.SIGKILL)
        return pid


def _child_called(name: str, ancestor: int) -> int:
    found = subprocess.run(["ps", "-eo", "pid,ppid,comm"], check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    rows = [line.split(None, 2) for line in found[1:] if line.strip()]
    parents = {int(pid): int(parent) for pid, parent, _ in rows}

    def is_below(pid: int) -> bool:
        return pid == ancestor or (pid in parents and is_below(parents[pid]))

    return next(int(pid) for pid, _, called in rows if called.strip() == name and is_below(int(pid)))


@pytest.fixture(scope="package")
def morning() -> Iterator[Morning]:
    with ExitStack() as stack:
        folder = stack.enter_context(quick_folder())
        environment = {}
        if os.environ.get("LIANFANG_TEST_SERVER"):
            (folder / "server").mkdir()
            owner_url, app_url = stack.enter_context(made_database(folder / "server"))
            environment = {"DATABASE_OWNER_URL": owner_url, "DATABASE_URL": app_url}
        else:
            subprocess.run(["cp", "-a", migrated_folder(), folder / "product"], check=True)
        told = folder / "told.json"
        product = Product(folder / "product", told, environment, "tests.journeys.field.morning")
        stack.callback(product.stop)
        yield Morning(product, **json.loads(told.read_text("utf-8")))


TakePhone = Callable[..., Phone]


@pytest.fixture
def take_phone(playwright: Playwright, chromium: str, morning: Morning) -> Iterator[TakePhone]:
    """``take_phone(language="en-GB")``: a phone that nobody used before; ``field``: where it finds the app, else at the
    product itself."""
    expect.set_options(timeout=20_000)
    phones: list[Phone] = []
    with ExitStack() as stack:

        def taken(*, profile: Path | None = None, field: str = "", **how: Any) -> Phone:
            where = profile or stack.enter_context(quick_folder()) / "profile"
            phone = Phone(playwright, chromium, field or morning.product.field, where, **how)
            phones.append(phone)
            return phone

        yield taken
        for phone in phones:
            phone.close()
