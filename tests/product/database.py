"""The database of the product's tests: made once per set of migrations, then copied.

By default the embedded PostgreSQL, as a user has it. ``LIANFANG_TEST_SERVER`` names another server by the address of a
superuser (``tools/postgres15.sh`` starts Debian's and prints one).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
# Held on a server while its template is made.
MAKING = 20220902
# Journeys have a product of their own beside that of another package.
_numbers = count(1)
MADE_FROM = (
    "src/lianfang/*/*/migrations/*.py",
    "src/lianfang/foundation/access/*.py",
    "src/lianfang/config/embedded/*.py",
)


def fingerprint() -> str:
    digest = hashlib.sha256()
    for pattern in MADE_FROM:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def migrate(owner_url: str, app_url: str, folder: Path) -> None:
    """Run the migrations as the owner, as a deployment does."""
    given = {"DATABASE_URL": app_url, "DATABASE_OWNER_URL": owner_url, "LIANFANG_FOLDER": str(folder)}
    subprocess.run(
        [
            sys.executable,
            "-m",
            "lianfang.config.manage",
            "migrate",
            "--database",
            "owner",
            "--verbosity",
            "0",
            "--skip-checks",
        ],
        env={**os.environ, **given},
        check=True,
        cwd=ROOT,
    )


@contextmanager
def test_database(folder: Path) -> Iterator[tuple[str, str]]:
    """(owner's address, pages' address) of a fresh database with all tables; gone afterwards."""
    server = os.environ.get("LIANFANG_TEST_SERVER")
    if server:
        with _on_server(server, folder) as urls:
            yield urls
    else:
        with _embedded(folder) as urls:
            yield urls


def migrated_folder() -> Path:
    """A product's folder whose embedded database has all tables and no rows; to be copied, never to be used."""
    from lianfang.config.embedded import EmbeddedPostgres

    kept = ROOT / ".pytest_cache" / "lianfang-database" / fingerprint()
    kept.parent.mkdir(parents=True, exist_ok=True)
    # Several processes run the tests at once; one of them makes what all copy.
    with (kept.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            draft = kept.with_name(f"{kept.name}.{os.getpid()}")
            draft.mkdir()
            with EmbeddedPostgres(draft / "data") as addresses:
                migrate(addresses.owner_url, addresses.app_url, draft / "settings")
            draft.rename(kept)
    return kept / "data"


@contextmanager
def _embedded(folder: Path) -> Iterator[tuple[str, str]]:
    from lianfang.config.embedded import EmbeddedPostgres

    data = folder / "data"
    subprocess.run(["cp", "-a", str(migrated_folder()), str(data)], check=True)
    with EmbeddedPostgres(data) as addresses:
        yield addresses.owner_url, addresses.app_url


@contextmanager
def _on_server(server: str, folder: Path) -> Iterator[tuple[str, str]]:
    template, name = f"lianfang_template_{fingerprint()}", f"lianfang_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MAKING])
        _make_logins(connection)
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            draft = f"{template}_{os.getpid()}"
            connection.execute(f"CREATE DATABASE {draft} OWNER lianfang_owner")
            migrate(_url(server, draft, "lianfang_owner"), _url(server, draft, "lianfang_app"), folder / "settings")
            connection.execute(f"ALTER DATABASE {draft} RENAME TO {template}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER lianfang_owner")
        connection.execute("SELECT pg_advisory_unlock(%s)", [MAKING])
        try:
            yield _url(server, name, "lianfang_owner"), _url(server, name, "lianfang_app")
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _make_logins(connection: psycopg.Connection) -> None:
    for login, rights in (("lianfang_owner", "CREATEROLE"), ("lianfang_app", "NOINHERIT")):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login]).fetchone():
            connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'test' {rights}")


def _url(server: str, database: str, login: str) -> str:
    parts = urlsplit(server)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{login}:test@{host}", f"/{database}", parts.query, ""))
