"""Ids that are nowhere, and any line at the desk. Every form with bad values: ``tests/product/crawl``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from lianfang.domains.lab_testing.urls import urlpatterns
from tests.product.lab_testing.night import Night

Browse = Callable[..., Client]
NASTY = (
    "",
    "x",
    "-1",
    "0",
    "99999999999999999999",
    "9" * 400,
    "1;DROP",
    "\x01\x02",
    "漏" * 3000,
    "%s{0}{name}",
    "😀",
    "１２",
    "a\x00b",
)
NAMES = [pattern.name for pattern in urlpatterns if ".results." not in pattern.callback.__module__]


@pytest.fixture
def tube(night: Night) -> int:
    tube = night.open_tube()
    night.swab(tube, "陈建国")
    return int(tube.pk)


@pytest.mark.parametrize("name", NAMES)
def test_ids_that_no_database_holds_are_not_found(night: Night, browse: Browse, name: str) -> None:
    pattern = next(one for one in urlpatterns if one.name == name)
    parts = pattern.pattern.converters
    if not parts:
        pytest.skip("an address without ids")
    path = reverse(f"lab_testing:{name}", kwargs=dict.fromkeys(parts, 10**30))
    client = browse("community")
    assert client.get(path).status_code in (404, 405)
    assert client.post(path).status_code in (302, 404, 405)


@pytest.mark.parametrize("line", NASTY)
def test_a_desk_bears_any_line(night: Night, tube: int, browse: Browse, line: str) -> None:
    path = reverse("lab_testing:desk", args=[night.round.pk])
    for given in ({"line": line, "tube": tube}, {"line": "+", "kind": "confirm", "text": line, "tube": tube},
                  {"line": "1", "kind": "candidates", "people": line, "tube": tube},
                  {"line": "1", "kind": "candidates", "people": "9999999999", "tube": tube}):  # fmt: skip
        answer = browse("sampler").post(path, given)
        assert answer.status_code == (400 if any("\0" in str(one) for one in given.values()) else 200)
