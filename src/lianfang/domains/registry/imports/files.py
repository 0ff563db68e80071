"""Files given to an import, as they lie on the disk: encrypted, each under a key that only its row holds."""

from __future__ import annotations

import hashlib
import os
import pickle
import secrets
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

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
    raw = zlib.compress(pickle.dumps(reading, pickle.HIGHEST_PROTOCOL), 1)
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(_key(file)).encrypt(nonce, raw, under.encode())
    path = _reading_path(file)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(sealed)
    fresh.replace(path)


def kept_reading(file: ImportFile, under: str) -> FileReading | None:
    """What ``keep_reading`` kept under this name; None where nothing was."""
    path = _reading_path(file)
    if not path.is_file():
        return None
    raw = path.read_bytes()
    try:
        clear = AESGCM(_key(file)).decrypt(raw[:_NONCE], raw[_NONCE:], under.encode())
    except InvalidTag:
        # Read with other meanings of columns, or not written by us: the file itself is there.
        return None
    reading = pickle.loads(zlib.decompress(clear))
    assert isinstance(reading, FileReading)
    return reading


def _reading_path(file: ImportFile) -> Path:
    return folder() / f"{file.stored_as}.reading"


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


def remove(files: list[ImportFile]) -> None:
    """Remove the files for good: without their keys what a disk may keep of them is noise."""
    for file in files:
        if file.stored_as:
            (folder() / file.stored_as).unlink(missing_ok=True)
            _reading_path(file).unlink(missing_ok=True)
        file.stored_as, file.key_sealed = "", None
        file.save(update_fields=["stored_as", "key_sealed"])
