from __future__ import annotations

import gzip
import re

import pytest
from django.test import Client
from django.urls import get_resolver

PAGES = [
    "/design/", "/design/building/", "/design/tests/", "/design/people/3/", "/design/reports/", "/design/status/",
    "/design/confirm/", "/design/form/", "/design/job/", "/design/sign/", "/design/fails/refused/",
    "/design/fails/missing/", "/design/fails/database/", "/design/fails/crash/",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_a_script_or_a_style_of_its_own(client: Client, page: str) -> None:
    text = client.get(page).content.decode()
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", text) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_asks_anything_of_another_host(client: Client, page: str) -> None:
    text = client.get(page).content.decode()
    assert re.findall(r'(?:src|href|action|hx-get|hx-post)="(?:https?:)?//[^"]*"', text) == []


@pytest.mark.parametrize("page", [*PAGES, "/healthz", "/nowhere/"])
def test_every_answer_forbids_foreign_scripts_frames_and_caches(client: Client, page: str) -> None:
    headers = client.get(page).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "microphone=()" in headers["Permissions-Policy"]
    assert "HX-Request" in headers["Vary"]
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-ID"])


def test_static_files_may_be_kept(client: Client) -> None:
    headers = client.get("/static/lianfang/css/tokens.css").headers
    assert "max-age" in headers["Cache-Control"]


@pytest.mark.parametrize("name", ["tabler.min.css", "htmx.min.js", "echarts.common.min.js", "icons.svg"])
def test_large_files_travel_packed(client: Client, name: str) -> None:
    plain = client.get(f"/static/lianfang/vendor/{name}")
    packed = client.get(f"/static/lianfang/vendor/{name}", headers={"accept-encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    content = b"".join(packed)  # type: ignore[call-overload]
    assert gzip.decompress(content) == b"".join(plain)  # type: ignore[call-overload]
    assert len(content) < 250_000


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_of_the_sprite_on_a_page_exists(client: Client, page: str) -> None:
    used = set(re.findall(r'icons\.svg\?v=[0-9a-f]+#([^"]+)"', client.get(page).content.decode()))
    sprite = b"".join(client.get("/static/lianfang/vendor/icons.svg")).decode()  # type: ignore[arg-type]
    assert used <= set(re.findall(r'<symbol id="([^"]+)"', sprite))


def test_every_view_of_the_frame_says_who_may_open_it() -> None:
    views = [pattern.callback for pattern in get_resolver("lianfang.foundation.web.urls").url_patterns]
    assert len(views) >= 3
    assert [view for view in views if not hasattr(view, "lianfang_access")] == []


def test_a_body_larger_than_the_limit_is_refused_before_it_is_read(client: Client) -> None:
    answer = client.generic(
        "POST",
        "/design/form/",
        b"x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(500 * 1024 * 1024),
    )
    assert answer.status_code == 413
    assert "5 MB" in answer.content.decode()
    assert "文件没有接收" in answer.content.decode()


def test_the_health_page_says_whether_the_database_answers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    from lianfang.foundation.web import views

    class Away:
        def cursor(self) -> None:
            raise OperationalError("connection refused to user=secret host=10.0.0.1")

    class Cursor:
        def __enter__(self) -> Cursor:
            return self

        def __exit__(self, *_: object) -> None: ...

        def execute(self, _: str) -> None: ...

        def fetchone(self) -> tuple[int]:
            return (1,)

    class Here:
        def cursor(self) -> Cursor:
            return Cursor()

    monkeypatch.setattr(views, "connection", Away())
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "database: OperationalError"
    assert "secret" not in answer.content.decode()
    assert answer.headers["Retry-After"] == "10"
    monkeypatch.setattr(views, "connection", Here())
    assert client.get("/healthz").json()["status"] == "ok"
