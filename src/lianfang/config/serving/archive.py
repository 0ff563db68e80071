"""A backup file: a zip with ``database.dump`` (PostgreSQL's custom format) and ``manifest.json``.

The manifest names what a dump leaves out (the roles, which belong to the whole server) and how to tell that
a restore brought everything back: rows and a checksum of each table, taken from the same snapshot.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from lianfang.config.serving.problems import ServingError

_DUMP, _MANIFEST = "database.dump", "manifest.json"
_FORMAT = 1
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TableState:
    """One table as the backup saw it. ``checksum`` does not depend on the order of rows."""

    schema: str
    name: str
    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the database's objects name. Passwords are not kept."""

    name: str
    can_login: bool
    inherits: bool
    can_create_roles: bool
    settings: list[str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What lies in a backup. ``memberships`` are pairs of (role, member)."""

    made_at: str
    lianfang: str
    server: int
    keys_sha256: str
    dump_sha256: str
    roles: list[Role]
    memberships: list[tuple[str, str]]
    tables: list[TableState]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


class DumpWriter:
    """Takes the dump as it comes and knows its checksum."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self._sum = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self._sum.update(chunk)
        self._member.write(chunk)

    @property
    def sha256(self) -> str:
        return self._sum.hexdigest()


@contextmanager
def open_for_writing(path: Path) -> Iterator[DumpWriter]:
    """A new archive whose dump is written inside the block; ``add_manifest`` follows the block."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive,
        archive.open(_DUMP, "w", force_zip64=True) as member,
    ):
        yield DumpWriter(member)


def add_manifest(path: Path, manifest: Manifest) -> None:
    """Add the manifest to an archive that has its dump."""
    text = json.dumps({"format": _FORMAT, **asdict(manifest)}, ensure_ascii=False, indent=1)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(_MANIFEST, text)


def read_manifest(path: Path) -> Manifest:
    """The manifest of a backup whose dump is whole. Raises ServingError("not_a_backup")."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = json.loads(archive.read(_MANIFEST))
            manifest = _manifest(found)
            with archive.open(_DUMP) as member:
                checksum = hashlib.sha256()
                while chunk := member.read(CHUNK):
                    checksum.update(chunk)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ServingError("not_a_backup", file=str(path), detail=str(error)) from error
    if checksum.hexdigest() != manifest.dump_sha256:
        raise ServingError("not_a_backup", file=str(path), detail="checksum")
    return manifest


def _manifest(found: dict[str, Any]) -> Manifest:
    if found.pop("format") != _FORMAT:
        raise ValueError("format")
    found["roles"] = [Role(**role) for role in found["roles"]]
    found["tables"] = [TableState(**table) for table in found["tables"]]
    found["memberships"] = [(role, member) for role, member in found["memberships"]]
    return Manifest(**found)


@contextmanager
def dump_of(path: Path) -> Iterator[IO[bytes]]:
    """The dump of a backup, to be read once from its beginning."""
    with zipfile.ZipFile(path) as archive, archive.open(_DUMP) as member:
        yield member
