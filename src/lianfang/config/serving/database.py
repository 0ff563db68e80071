"""Which database the product uses: the embedded one, or the server that ``DATABASE_URL`` names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from lianfang.config.embedded import EmbeddedPostgres, running_database
from lianfang.config.serving.problems import ServingError

OLDEST_SERVER = 15
_CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Database:
    """Addresses of the database. ``reading_url`` may read every row, for backups."""

    app_url: str
    owner_url: str
    reading_url: str
    embedded: EmbeddedPostgres | None = None


def named_database(environment: Mapping[str, str]) -> Database | None:
    """The server that the environment names; None where it names none.

    Raises ServingError where the two logins are not what they must be.
    """
    app_url, owner_url = environment.get("DATABASE_URL", ""), environment.get("DATABASE_OWNER_URL", "")
    if not app_url:
        return None
    if not owner_url:
        raise ServingError("owner_url_missing")
    with _connected(app_url) as connection:
        if connection.info.server_version < OLDEST_SERVER * 10_000:
            raise ServingError("database_too_old", found=connection.info.server_version // 10_000, oldest=OLDEST_SERVER)
        login, is_strong = connection.execute(
            "SELECT current_user::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchall()[0]
    with _connected(owner_url) as connection:
        owner = connection.execute("SELECT current_user::text").fetchall()[0][0]
    if is_strong or owner == login:
        # Row-level security would not bind such a login.
        raise ServingError("app_login_too_strong", login=login)
    return Database(app_url, owner_url, owner_url)


@contextlib.contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(url, connect_timeout=_CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise ServingError("database_unreachable", detail=str(error).strip()) from error
    with connection:
        yield connection


def start_database(
    folder: Path, environment: Mapping[str, str], *, on_end: Callable[[], None] | None = None
) -> Database:
    """The named server, else the embedded database of ``folder``, started and owned by this process.

    Raises ServingError, EmbeddedError.
    """
    named = named_database(environment)
    if named is not None:
        return named
    embedded = EmbeddedPostgres(folder, on_end=on_end)
    found = embedded.start()
    return Database(found.app_url, found.owner_url, found.root_url, embedded)


@contextlib.contextmanager
def database_for_reading(folder: Path, environment: Mapping[str, str]) -> Iterator[Database]:
    """The database for a while: the named server, else the one that runs in ``folder``, else started for this.

    Raises ServingError, EmbeddedError.
    """
    running = None if environment.get("DATABASE_URL") else running_database(folder)
    if running is not None:
        yield Database(running.app_url, running.owner_url, running.root_url)
        return
    found = start_database(folder, environment)
    try:
        yield found
    finally:
        if found.embedded is not None:
            found.embedded.stop()
