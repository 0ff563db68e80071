"""Makes the cluster (PostgreSQL's word for one data folder) and the logins in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from lianfang.config.embedded.accounts import can_enter, own_all
from lianfang.config.embedded.children import Account, Program, run_to_end
from lianfang.config.embedded.disk import START_MIB, free_mib, says_disk_full
from lianfang.config.embedded.logins import APP_LOGIN, DATABASE, OWNER_LOGIN, ROOT_LOGIN
from lianfang.config.embedded.places import Places
from lianfang.config.embedded.problems import DiskFullError, EmbeddedError
from lianfang.config.embedded.programs import MAJOR, Programs

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
_SET_UP_SECONDS = 180
_DETAIL_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Reached:
    """A cluster's folder as its server sees it, with the file handle that keeps the view open (-1: none)."""

    path: str
    handle: int

    @property
    def handles(self) -> tuple[int, ...]:
        return (self.handle,) if self.handle >= 0 else ()


@contextlib.contextmanager
def reach(cluster: Path, account: Account | None) -> Iterator[Reached]:
    """The path by which the account reaches the cluster's folder, for programs started meanwhile.

    Where a folder above is closed to the account (a checkout under /root), the path leads through a handle that
    is opened here and inherited by the server; no permission outside the cluster's folder is changed.
    """
    if can_enter(account, cluster):
        yield Reached(str(cluster), -1)
        return
    handle = os.open(cluster, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Reached(f"/proc/self/fd/{handle}", handle)
    finally:
        os.close(handle)


def check_version(cluster: Path) -> None:
    """Raises EmbeddedError where the cluster was made by another major version of PostgreSQL."""
    found = (cluster / "PG_VERSION").read_text("ascii").strip()
    if found != str(MAJOR):
        is_older = found.isdigit() and int(found) < MAJOR
        raise EmbeddedError("data_too_old" if is_older else "data_too_new", found=found, major=MAJOR)


def make_cluster(places: Places, programs: Programs, account: Account | None) -> None:
    """Make a new cluster beside its place and put it there when it is whole.

    Text sorts by code point (the built-in locale C.UTF-8): the same on every machine, and no update of the
    operating system can break an index. Lists that people read sort by columns of their own (pinyin).
    Raises DiskFullError, EmbeddedError("cannot_set_up").
    """
    shutil.rmtree(places.unfinished, ignore_errors=True)
    places.unfinished.mkdir(mode=0o700)
    if account is not None:
        own_all(places.unfinished, account)
    with reach(places.unfinished, account) as reached:
        argv = [programs.path("initdb"), "-D", reached.path, "-U", ROOT_LOGIN, "-E", "UTF8", "--no-locale"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=reject", "--no-instructions"]
        argv += ["--data-checksums", "--wal-segsize=16"]
        _run(Program(argv, ENVIRONMENT, account, pass_fds=reached.handles, folder="/"), places)
    places.unfinished.rename(places.cluster)


def set_root_password(places: Places, programs: Programs, account: Account | None, password: str) -> None:
    """Set the superuser's password in a cluster that does not run; whoever owns its files may.

    Raises DiskFullError, EmbeddedError("cannot_set_up").
    """
    statement = f"ALTER ROLE {ROOT_LOGIN} PASSWORD '{password}'\n".encode("ascii")
    with reach(places.cluster, account) as reached:
        argv = [programs.path("postgres"), "--single", "-D", reached.path, "-c", "password_encryption=scram-sha-256"]
        argv += ["-c", "log_min_messages=fatal", "template1"]
        _run(Program(argv, ENVIRONMENT, account, pass_fds=reached.handles, folder="/"), places, stdin=statement)


def _run(program: Program, places: Places, *, stdin: bytes = b"") -> None:
    try:
        done = run_to_end(program, timeout=_SET_UP_SECONDS, stdin=stdin)
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError("start_took_too_long", seconds=_SET_UP_SECONDS) from error
    said = done.stdout + done.stderr
    if done.returncode == 0 and b"ERROR:" not in said:
        return
    if says_disk_full(said):
        raise DiskFullError(folder=str(places.folder), free_mib=free_mib(places.folder), needed_mib=START_MIB)
    raise EmbeddedError("cannot_set_up", detail=last_words(said))


def last_words(said: bytes) -> str:
    """The end of what a program said, short enough for a message."""
    return said.decode("utf-8", "replace").strip()[-_DETAIL_CHARACTERS:]


def ensure_logins(root_url: str, passwords: dict[str, str], *, set_passwords: bool) -> None:
    """The two logins and the database exist as they must. Does nothing twice. Raises psycopg.Error."""
    with psycopg.connect(root_url, dbname="postgres", autocommit=True) as connection:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        for login, rights in (
            # CREATEDB: the test suite makes its databases with this login.
            (OWNER_LOGIN, "LOGIN NOSUPERUSER CREATEROLE CREATEDB INHERIT"),
            (APP_LOGIN, "LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOINHERIT"),
        ):
            if login in known and not set_passwords:
                continue
            verb = "ALTER" if login in known else "CREATE"
            statement = sql.SQL("{} ROLE {} {} PASSWORD {}").format(
                sql.SQL(verb), sql.Identifier(login), sql.SQL(rights), sql.Literal(passwords[login])
            )
            connection.execute(statement)
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            database = sql.Identifier(DATABASE)
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(database, sql.Identifier(OWNER_LOGIN))
            )
        for right in (
            "REVOKE ALL ON DATABASE lianfang FROM PUBLIC",
            "GRANT CONNECT, TEMPORARY ON DATABASE lianfang TO lianfang_app",
            "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
        ):
            connection.execute(right)
