"""The access table: every URL × every actor (architecture.md, rule 18)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from lianfang.foundation.access.roles import MAY, Action, Role
from tests.product.access.urls import Url, every_url
from tests.product.world import World

Browse = Callable[..., Client]
TABLE = tomllib.loads((Path(__file__).parent / "table.toml").read_text("utf-8"))
ROLES = [str(role) for role in Role if role is not Role.SYSTEM]
URLS = {url.name: url for url in every_url()}
NOBODY_HAS = 999_999_999
# Refused further in, by the service: a table of divisions reaches beyond the places of these.
NARROWER = {"registry:divisions": {"community", "township"}}


def test_the_table_names_every_url_and_no_other() -> None:
    assert sorted(TABLE) == sorted(URLS)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_what_the_view_allows_is_what_the_table_says(name: str) -> None:
    access = URLS[name].access
    assert access is not None, f"{name}: the view says nothing of who may open it"
    if access == "public":
        assert TABLE[name] == "public"
    elif access == ():
        assert TABLE[name] == "signed in"
    else:
        assert TABLE[name] == [role for role in ROLES if MAY[Role(role)] & {Action(one) for one in access}]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_who_may_not_open_a_page_is_refused_and_who_may_is_not(world: World, browse: Browse, name: str) -> None:
    path = path_of(URLS[name])
    anonymous = browse().get(path)
    if TABLE[name] == "public":
        assert anonymous.status_code not in (401, 403, 500), path
        return
    assert anonymous.status_code == 302 and anonymous.headers["Location"].startswith("/sign-in/"), path
    for role in ROLES:
        status = browse(role).get(path).status_code
        if role in NARROWER.get(name, ()):
            assert status == 403, f"{path} as {role}: {status}"
        elif TABLE[name] == "signed in" or role in TABLE[name]:
            assert status in (200, 204, 302, 400, 404, 405), f"{path} as {role}: {status}"
        else:
            assert status in (403, 405), f"{path} as {role}: {status}"


def path_of(url: Url) -> str:
    """An address of the page for something that does not exist."""
    stand_ins = {
        "IntConverter": NOBODY_HAS,
        "SlugConverter": "nothing",
        "StringConverter": "nothing",
        "UUIDConverter": str(UUID(int=0)),
    }
    return reverse(url.name, kwargs={part: stand_ins[kind] for part, kind in url.converters})
