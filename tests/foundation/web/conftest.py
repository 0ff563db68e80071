"""The frame's own tests: the design page under the frame's middleware, whichever settings the run was started with.

They need no database. Alone they may run with DJANGO_SETTINGS_MODULE=tests.foundation.web.settings.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.django_for_tests import set_up

set_up()

import pytest  # noqa: E402
from django.test import Client, RequestFactory, override_settings  # noqa: E402
from django.utils import translation  # noqa: E402

from lianfang.foundation.web import navigation  # noqa: E402
from tests.foundation.web import settings as own  # noqa: E402
from tests.foundation.web.design.apps import ENTRIES, SEARCH  # noqa: E402

TAKEN = (
    "ROOT_URLCONF", "MIDDLEWARE", "TEMPLATES", "SESSION_ENGINE", "SESSION_COOKIE_SECURE", "ALLOWED_HOSTS",
    "UPLOAD_LIMIT", "MESSAGE_STORAGE", "CSRF_FAILURE_VIEW", "TIME_ZONE", "LANGUAGE_CODE", "LOGIN_URL",
)  # fmt: skip


@pytest.fixture(autouse=True)
def frame_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The frame with the design page's navigation only, and no language left over from the test before."""
    monkeypatch.setattr(navigation, "_entries", {entry.key: entry for entry in ENTRIES})
    monkeypatch.setattr(navigation, "_searches", [SEARCH])
    with override_settings(**{name: getattr(own, name) for name in TAKEN}), translation.override("zh-hans"):
        yield


@pytest.fixture
def client() -> Client:
    """A browser that reads Chinese; an error gives its page instead of failing the test."""
    return Client(raise_request_exception=False, headers={"accept-language": "zh-CN"})


@pytest.fixture
def get() -> RequestFactory:
    return RequestFactory()
