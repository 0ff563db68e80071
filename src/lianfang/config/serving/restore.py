"""``lianfang restore``: brings a backup back, in one transaction that is checked before it counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from lianfang import __version__
from lianfang.config.serving.archive import CHUNK, Manifest, dump_of
from lianfang.config.serving.backup import keys_sha256, write_backup
from lianfang.config.serving.clients import client_environment, client_program
from lianfang.config.serving.contents import ROW_TEXT_SETTINGS, state_query, states_of, tables_of
from lianfang.config.serving.database import Database
from lianfang.config.serving.problems import ServingError

_DETAIL_CHARACTERS = 600
# Written by version 17 and later for every server; older servers do not know it.
_UNKNOWN_TO_OLDER = b"SET transaction_timeout = 0;\n"
_HEADER_LINES = 60


def check_backup(manifest: Manifest, keys: Path, *, without_keys: bool) -> None:
    """Raises ServingError where this version or these keys cannot use the backup."""
    if _numbers(manifest.lianfang) > _numbers(__version__):
        raise ServingError("newer_backup", found=manifest.lianfang, ours=__version__)
    if manifest.keys_sha256 and not without_keys:
        present = keys_sha256(keys)
        if not present:
            raise ServingError("keys_missing", file=str(keys))
        if present != manifest.keys_sha256:
            raise ServingError("keys_differ", file=str(keys))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def restore(
    database: Database, path: Path, manifest: Manifest, *, replace: bool, keep_in: Path, keys: Path
) -> Path | None:
    """Bring the backup into the database; where that was not empty, returns the file that keeps what it held.

    Everything happens in one transaction, ended only when rows and checksums of every table are those of the
    backup: on any failure the database is as it was. Roles that are missing are created.
    Raises ServingError.
    """
    try:
        kept = _make_room(database, replace=replace, keep_in=keep_in, keys=keys)
        with psycopg.connect(database.owner_url) as connection:
            before = _roles_sql(manifest, connection) + (_emptying_sql(connection) if kept else [])
            checks = _checking_sql(manifest, connection)
    except psycopg.Error as error:
        raise ServingError("restore_failed", detail=str(error).strip()) from error
    _play(database.owner_url, path, before, checks)
    return kept


def _make_room(database: Database, *, replace: bool, keep_in: Path, keys: Path) -> Path | None:
    with psycopg.connect(database.owner_url) as connection:
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            # What others are is hidden from a login without rights over them.
            "AND usename IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'"
        ).fetchall()[0][0]
        tables = tables_of(connection)
    if others:
        raise ServingError("others_connected", count=others)
    if not tables:
        return None
    if not replace:
        with psycopg.connect(database.reading_url) as connection:
            states = states_of(connection)
        raise ServingError("not_empty", tables=len(states), rows=f"{sum(state.rows for state in states):,}")
    keep_in.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = _unused(keep_in, f"before-restore-{datetime.now():%Y%m%d-%H%M%S}")
    write_backup(database, kept, keys=keys)
    return kept


def _unused(folder: Path, stem: str) -> Path:
    """A name that no file has, among them the backup that is being restored."""
    names = (f"{stem}{'' if number == 1 else f'-{number}'}.backup" for number in count(1))
    return next(folder / name for name in names if not (folder / name).exists())


def _roles_sql(manifest: Manifest, connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Create what is missing. Logins come without a password: it is not in the backup."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    grants = connection.execute("SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members").fetchall()
    found: list[sql.Composed] = []
    for role in manifest.roles:
        if role.name in known:
            continue
        rights = ["LOGIN" if role.can_login else "NOLOGIN", "INHERIT" if role.inherits else "NOINHERIT"]
        found.append(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role.name), sql.SQL(" ".join(rights))))
        for setting in role.settings:
            name, _, value = setting.partition("=")
            found.append(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(
                    sql.Identifier(role.name), sql.Identifier(name), sql.Literal(value)
                )
            )
    for granted, member in manifest.memberships:
        if (granted, member) not in grants:
            found.append(sql.SQL("GRANT {} TO {}").format(sql.Identifier(granted), sql.Identifier(member)))
    return [statement.as_string(connection) for statement in found]


def _emptying_sql(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    schemas = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
    ).fetchall()
    found = [
        sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(str(name))).as_string(connection) for (name,) in schemas
    ]
    return [*found, "CREATE SCHEMA public AUTHORIZATION pg_database_owner", "GRANT USAGE ON SCHEMA public TO PUBLIC"]


def _checking_sql(manifest: Manifest, connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    found = [*ROW_TEXT_SETTINGS]
    for table in manifest.tables:
        query = state_query(table.schema, table.name).as_string(connection)
        expected = sql.Literal(f"({table.rows},{table.checksum})").as_string(connection)
        told = sql.Literal(f"lianfang: {table.schema}.{table.name} differs from the backup").as_string(connection)
        found.append(
            f"DO $check$ BEGIN IF (SELECT s::text FROM ({query}) s) IS DISTINCT FROM {expected} "
            f"THEN RAISE EXCEPTION USING MESSAGE = {told}; END IF; END $check$"
        )
    return found


def _play(url: str, path: Path, before: list[str], checks: list[str]) -> None:
    """Turn the dump into SQL and let psql play it between ``before`` and ``checks``, in one transaction."""
    environment = {**client_environment(url, os.environ), "PGOPTIONS": "-c client_min_messages=warning"}
    to_sql = [client_program("pg_restore", url), "--file=-"]
    to_server = [client_program("psql", url), "-X", "-q", "--no-password", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    with (
        tempfile.TemporaryFile() as said,
        dump_of(path) as dump,
        subprocess.Popen(
            to_server, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment
        ) as server,
        subprocess.Popen(to_sql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=environment) as reader,
    ):
        assert server.stdin is not None
        assert reader.stdin is not None
        assert reader.stdout is not None
        feeding = threading.Thread(target=_feed, args=(dump, reader.stdin))
        feeding.start()
        try:
            for chunk in _script(before, reader.stdout):
                server.stdin.write(chunk)
            if reader.wait() == 0:
                for statement in checks:
                    server.stdin.write(f"{statement};\n".encode())
                # Only now psql sees the end of its input and ends the transaction.
                server.stdin.close()
                server.wait()
        except BrokenPipeError:
            # psql has stopped at an error; it says which.
            server.wait()
        finally:
            if server.poll() is None:
                # Without its client the server rolls back.
                server.kill()
            reader.kill()
            feeding.join()
        if server.wait() != 0 or reader.wait() != 0:
            said.seek(0)
            detail = said.read().decode("utf-8", "replace").strip()
            raise ServingError("restore_failed", detail=detail[:_DETAIL_CHARACTERS])


def _script(before: list[str], dumped: IO[bytes]) -> Iterator[bytes]:
    for statement in before:
        yield f"{statement};\n".encode()
    for _ in range(_HEADER_LINES):
        line = dumped.readline()
        if line == _UNKNOWN_TO_OLDER:
            break
        yield line
    while chunk := dumped.read(CHUNK):
        yield chunk


def _feed(dump: IO[bytes], into: IO[bytes]) -> None:
    try:
        with into:
            shutil.copyfileobj(dump, into, CHUNK)
    except BrokenPipeError:
        # The reader ended early; its exit code and words tell why.
        return
