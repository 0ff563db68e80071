"""The product's tests: a real PostgreSQL, the pages' own login, row-level security on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.django_for_tests import set_up

_FOLDER = set_up()

import pytest  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.handlers.base import BaseHandler  # noqa: E402
from django.core.signals import setting_changed  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402

from lianfang.config.environment import django_database  # noqa: E402
from lianfang.foundation.access.actor import system_actor  # noqa: E402
from lianfang.foundation.access.scope import acting_as  # noqa: E402
from lianfang.foundation.privacy.numbers import forget_keys  # noqa: E402
from tests.product.database import test_database as made_database  # noqa: E402
from tests.product.lab_testing.night import Night, open_night  # noqa: E402
from tests.product.standing import LAYERS, Standing  # noqa: E402
from tests.product.world import World, make_world, sign_in  # noqa: E402

_STANDING = Standing()
_MADE: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


@pytest.fixture(scope="session")
def product_database() -> Iterator[None]:
    """One server for the session; both of Django's aliases point at it."""
    with made_database(_FOLDER) as (owner_url, app_url):
        for alias, url in (("owner", owner_url), ("default", app_url)):
            connections.databases[alias].update(django_database(url))
            if hasattr(connections._connections, alias):
                delattr(connections._connections, alias)
        setup_test_environment()
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        yield
        _STANDING.end()
        teardown_test_environment()
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def one_chain_of_middleware() -> Iterator[None]:
    """Clients share the middleware, as the requests of a served product do, until a setting changes.

    By itself Django makes it anew for each client, of which the tests have thousands, and looks through every folder of
    static files each time.
    """
    load, made = BaseHandler.load_middleware, {}

    def load_once(handler: BaseHandler, is_async: bool = False) -> None:
        if is_async not in made:
            load(handler, is_async)
            made[is_async] = {name: value for name, value in vars(handler).items() if "_middleware" in name}
        vars(handler).update(made[is_async])

    def forget(**changed: object) -> None:
        made.clear()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BaseHandler, "load_middleware", load_once)
        setting_changed.connect(forget)
        yield
        setting_changed.disconnect(forget)


@pytest.fixture(autouse=True)
def product(request: pytest.FixtureRequest, product_database: None) -> Iterator[None]:
    """Every test leaves nothing behind: rolled back, or, where it is marked ``committed``, emptied as the owner."""
    cache.clear()
    forget_keys()
    if request.node.get_closest_marker("committed"):
        _STANDING.end()
        yield
        _empty_tables()
        return
    layers = LAYERS | getattr(request.module, "STANDING", {})
    wanted = [(name, make) for name, make in layers.items() if name in request.fixturenames]
    request.node.stash[_MADE] = _STANDING.begin(request.node.path, wanted)
    # What making it has left in memory is not there when it stands already.
    cache.clear()
    forget_keys()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _empty_tables() -> None:
    connections["default"].close()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
        )
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} RESTART IDENTITY CASCADE")


@pytest.fixture
def system() -> Iterator[object]:
    """The test runs as the system, which sees every place."""
    with acting_as(system_actor("test")) as actor:
        yield actor


@pytest.fixture
def made(request: pytest.FixtureRequest, product: None) -> dict[str, Any]:
    """The layers that stand for this test, which no other test sees changed; none for a test that commits."""
    return request.node.stash.get(_MADE, {})


@pytest.fixture
def world(made: dict[str, Any]) -> World:
    """A county with a township of two communities, a few buildings and people, and one account per role."""
    found: World = made["world"] if made else make_world()
    return found


@pytest.fixture
def night_of_all(world: World, made: dict[str, Any]) -> Night:
    """A round of the whole township, open for an hour: ten people, all missing."""
    return made["night_of_all"] if made else open_night(world)


@pytest.fixture
def browse(world: World) -> Callable[..., Client]:
    """``browse("community")`` is a client signed in as that account of the world; ``browse()`` is nobody."""

    def signed_in(login: str | None = None, language: str = "zh-hans") -> Client:
        client = Client(headers={"accept-language": language}, raise_request_exception=False)
        if login is not None:
            sign_in(client, world.accounts[login])
        return client

    return signed_in
