"""``lianfang backup``: the whole database in one file."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from lianfang import __version__
from lianfang.config.cli.outputs import CannotWriteError, write_whole
from lianfang.config.serving.archive import CHUNK, DumpWriter, Manifest, add_manifest, open_for_writing
from lianfang.config.serving.clients import client_environment, client_program
from lianfang.config.serving.contents import roles_of, states_of
from lianfang.config.serving.database import Database
from lianfang.config.serving.problems import ServingError

_DETAIL_CHARACTERS = 400


def keys_file(folder: Path, environment: Mapping[str, str]) -> Path:
    """The file with the keys of this installation. It is never part of a backup: a stolen backup then tells no
    identity number and no phone."""
    return Path(environment.get("LIANFANG_SECRETS") or folder / "secrets.toml")


def keys_sha256(path: Path) -> str:
    """Tells one key file from another without telling keys; empty where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def write_backup(database: Database, path: Path, *, keys: Path) -> tuple[Manifest, Path | None]:
    """Write a backup of one instant; people may go on working. Returns what it holds and where an earlier file
    of that name was kept.

    The file appears whole or not at all, readable by us alone. Raises ServingError.
    """
    made: list[Manifest] = []

    def write(unfinished: Path) -> None:
        made.append(_write(database, unfinished, keys))

    try:
        previous = write_whole(path, write, keep_previous=True)
    except CannotWriteError as error:
        raise ServingError("cannot_write_backup", file=str(path), detail=error.detail) from error
    except psycopg.Error as error:
        raise ServingError("backup_failed", detail=str(error).strip()) from error
    return made[0], previous


def _write(database: Database, path: Path, keys: Path) -> Manifest:
    with psycopg.connect(database.reading_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
        with open_for_writing(path) as writer:
            _dump(database.reading_url, snapshot, writer)
        roles, memberships = roles_of(connection)
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            lianfang=__version__,
            server=connection.info.server_version,
            keys_sha256=keys_sha256(keys),
            dump_sha256=writer.sha256,
            roles=roles,
            memberships=memberships,
            tables=states_of(connection),
        )
    add_manifest(path, manifest)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return manifest


def _dump(url: str, snapshot: str, writer: DumpWriter) -> None:
    argv = [client_program("pg_dump", url), "--format=custom", f"--snapshot={snapshot}", "--no-password"]
    # To a file: a pipe that nobody reads would stop the program.
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=said, env=client_environment(url, os.environ)
        ) as dump:
            assert dump.stdout is not None
            try:
                while chunk := dump.stdout.read(CHUNK):
                    writer.write(chunk)
            except BaseException:
                dump.kill()
                raise
        if dump.returncode != 0:
            said.seek(0)
            detail = said.read().decode("utf-8", "replace").strip()[-_DETAIL_CHARACTERS:]
            raise ServingError("backup_failed", detail=detail)
