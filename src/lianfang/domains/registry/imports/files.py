"""Files given to an import, as they lie on the disk: encrypted, each under a key that only its row holds."""

from __future__ import annotations

import hashlib
import os
import pickle
import secrets
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from lianfang.domains.registry.models import ImportFile
from lianfang.engine.intake.contract import FileReading
from lianfang.foundation.privacy.numbers import seal, unseal

_NONCE = 12
_LABEL = b"lianfang import file"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def folder() -> Path:
    """Where the files lie; only this system's user may look into it."""
    path = Path(settings.UPLOADS) / "imports"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def store(content: bytes) -> tuple[str, bytes]:
    """Write the content encrypted; its name in the folder and its sealed key."""
    key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE)
    name = secrets.token_hex(16)
    path = folder() / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(nonce + AESGCM(key).encrypt(nonce, content, _LABEL))
    sealed = seal(key.hex())
    assert sealed is not None
    return name, sealed


def content_of(file: ImportFile) -> bytes:
    """The file as it was given. Raises FileNotFoundError once the import is closed."""
    if not file.stored_as:
        raise FileNotFoundError(file.name)
    raw = (folder() / file.stored_as).read_bytes()
    return AESGCM(_key(file)).decrypt(raw[:_NONCE], raw[_NONCE:], _LABEL)


def keep_reading(file: ImportFile, under: str, reading: FileReading) -> None:
    """Keep what was understood of the file beside it, encrypted alike: later steps need not read it again.

    ``under`` names what it was read with; a reading under another name is not found again.
    """
    clear = zlib.compress(pickle.dumps(reading, pickle.HIGHEST_PROTOCOL), 1)
    _seal_into(_reading_path(file), _key(file), clear, under)


def kept_reading(file: ImportFile, under: str) -> FileReading | None:
    """What ``keep_reading`` kept under this name; None where nothing was."""
    clear = _unseal_from(_reading_path(file), _key(file), under)
    if clear is None:
        return None
    reading = pickle.loads(zlib.decompress(clear))
    assert isinstance(reading, FileReading)
    return reading


def keep_plan(file: ImportFile, under: str, plan: object) -> None:
    """Keep what is to be written beside the import's first file, encrypted alike, until it is written."""
    # Not compressed: it is read once, minutes later.
    _seal_into(_plan_path(file), _key(file), pickle.dumps(plan, pickle.HIGHEST_PROTOCOL), under)


def kept_plan(file: ImportFile, under: str) -> object | None:
    """What ``keep_plan`` kept under this name; None where nothing was, or under another name."""
    clear = _unseal_from(_plan_path(file), _key(file), under)
    return None if clear is None else pickle.loads(clear)


def _seal_into(path: Path, key: bytes, clear: bytes, under: str) -> None:
    nonce = os.urandom(_NONCE)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(nonce)
        out.write(AESGCM(key).encrypt(nonce, clear, under.encode()))
    fresh.replace(path)


def _unseal_from(path: Path, key: bytes, under: str) -> bytes | None:
    if not path.is_file():
        return None
    raw = path.read_bytes()
    try:
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], under.encode())
    except InvalidTag:
        # Made of something else meanwhile, or not written by us: it is made anew.
        return None


def _reading_path(file: ImportFile) -> Path:
    return folder() / f"{file.stored_as}.reading"


def _plan_path(file: ImportFile) -> Path:
    return folder() / f"{file.stored_as}.plan"


def _key(file: ImportFile) -> bytes:
    key = unseal(file.key_sealed)
    assert key is not None
    return bytes.fromhex(key)


@contextmanager
def opened(files: list[ImportFile]) -> Iterator[list[Path]]:
    """The files in clear under their own names, for as long as the block runs; each in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="lianfang-import-") as place:
        paths = []
        for number, file in enumerate(files):
            path = Path(place, str(number), PurePath(file.name).name or "file")
            path.parent.mkdir(mode=0o700)
            path.write_bytes(content_of(file))
            paths.append(path)
        yield paths


def remove(files: Iterable[ImportFile]) -> None:
    """Remove the files for good once the transaction stands: without their keys what a disk may keep of them is
    noise. Their names and digests stay."""
    given = [file for file in files if file.stored_as]
    names = [file.stored_as for file in given]
    for file in given:
        file.stored_as, file.key_sealed = "", None
    ImportFile.objects.bulk_update(given, ["stored_as", "key_sealed"])
    transaction.on_commit(lambda: _unlink(names))


def _unlink(names: Sequence[str]) -> None:
    place = folder()
    for name in names:
        for path in place.glob(f"{name}*"):
            path.unlink(missing_ok=True)


def remove_orphans(older_than_seconds: float) -> int:
    """Remove what lies in the folder and no import speaks of: left by a process that was killed. Returns how many
    files. Call it as the system: whatever the actor does not see would be taken for an orphan."""
    spoken_of = set(ImportFile.objects.exclude(stored_as="").values_list("stored_as", flat=True))
    until = time.time() - older_than_seconds
    orphans = [
        path
        for path in folder().iterdir()
        if path.name.partition(".")[0] not in spoken_of and path.stat().st_mtime < until
    ]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)
