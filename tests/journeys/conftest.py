"""One product, one browser and one night for all journeys; they live today, by the machine's clock.

All of it ends with the last journey: Playwright keeps a loop in this thread, beside which Django refuses to work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright

from lianfang.demo.generate import write_demo
from tests.browsers import find_chromium
from tests.config.databases import quick_folder
from tests.journeys.night import Night
from tests.journeys.serving import ROOT, Product
from tests.journeys.watching import Watch
from tests.product.database import migrated_folder
from tests.product.database import test_database as made_database

PEOPLE = 1700
HERE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def fixed_day() -> None:
    """Instead of the other tests' fixed day: the product runs in processes of its own, by the real clock."""


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture(scope="package")
def as_of() -> datetime:
    """When the demo's night ends: now, where the township lies."""
    return datetime.now(HERE).replace(second=0, microsecond=0, tzinfo=None)


@pytest.fixture(scope="package")
def demo(folder: Path, as_of: datetime) -> Path:
    write_demo(folder / "demo", people=PEOPLE, as_of=as_of)
    return folder / "demo"


@pytest.fixture(scope="package")
def product(folder: Path, demo: Path) -> Iterator[Product]:
    """Served with its worker, on its embedded PostgreSQL or on the server of LIANFANG_TEST_SERVER.

    The tables are there already: that a first start makes them is what ``tests/config/serving`` looks at.
    """
    with ExitStack() as stack:
        environment = {}
        if os.environ.get("LIANFANG_TEST_SERVER"):
            (folder / "server").mkdir()
            owner_url, app_url = stack.enter_context(made_database(folder / "server"))
            environment = {"DATABASE_OWNER_URL": owner_url, "DATABASE_URL": app_url}
        else:
            subprocess.run(["cp", "-a", migrated_folder(), folder / "product"], check=True)
        running = Product(folder / "product", demo, environment)
        stack.callback(running.stop)
        yield running


@pytest.fixture(scope="package")
def answer(demo: Path, as_of: datetime) -> dict[str, Any]:
    """What ``lianfang reconcile --json`` says of the same files."""
    words = [sys.executable, "-m", "lianfang", "reconcile", "--quiet", "--late-after", "7"]
    for kind, name in (("roster", "rosters"), ("samples", "samples"), ("results", "results"), ("exempt", "exempt")):
        words += [f"--{kind}", *map(str, sorted((demo / name).iterdir()))]
    words += [
        "--as-of",
        f"{as_of:%Y-%m-%dT%H:%M}",
        "-o",
        str(demo / "report.xlsx"),
        "--json",
        str(demo / "answer.json"),
    ]
    # 1 says that something in the files needs a look, which the planted mistakes do.
    assert subprocess.run(words, cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode in (0, 1)
    found: dict[str, Any] = json.loads((demo / "answer.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """One loop for all browsers: a second one beside it is refused."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def chromium() -> str:
    """Where the browser is; what needs it is skipped where there is none."""
    return find_chromium("pdftotext")


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    # Two cores carry the product, its database, the browser and the other tests: an answer may take its time.
    expect.set_options(timeout=30_000)
    started = playwright.chromium.launch(
        executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--lang=zh-CN"]
    )
    yield started
    started.close()


Visit = Callable[..., tuple[BrowserContext, Watch]]


@pytest.fixture(scope="package")
def visit(browser: Browser, product: Product) -> Iterator[Visit]:
    """``visit(width=390, language="en")``: a fresh browser, and the watch over what it meets."""
    contexts: list[BrowserContext] = []

    def begun(*, width: int = 1440, language: str = "zh-CN", theme: str = "light") -> tuple[BrowserContext, Watch]:
        context = browser.new_context(
            base_url=product.address,
            viewport={"width": width, "height": 900 if width > 600 else 844},
            locale=language,
            timezone_id=str(HERE),
            color_scheme=theme,  # type: ignore[arg-type]
            has_touch=width <= 600,
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context, Watch(context)

    yield begun
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def night(visit: Visit, demo: Path, answer: dict[str, Any], as_of: datetime) -> Night:
    """The Chinese journey, chapter by chapter: each is walked once, by whoever needs it first."""
    context, watch = visit()
    return Night(page=context.new_page(), watch=watch, demo=demo, answer=answer, as_of=as_of)
