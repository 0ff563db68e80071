"""The keys of one installation: made at the first start, kept in one file that only its owner can read."""

from __future__ import annotations

import os
import secrets
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

_KEYS = ("django", "encryption", "index")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Hexadecimal keys: ``django`` signs sessions; ``encryption`` (32 bytes) wraps the data keys;
    ``index`` (32 bytes) keys the blind indexes and pseudonyms."""

    django: str
    encryption: str
    index: str


def load_secrets(path: Path) -> Secrets:
    """The keys in ``path``; writes new ones where there is no such file.

    Raises PermissionError where others may read the file, ValueError where a key is missing: losing
    or swapping keys silently would make every encrypted number unreadable.
    """
    if not path.exists():
        _write_new(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(f"{path}: others may read the keys; run chmod 600 on it")
    found = tomllib.loads(path.read_text("utf-8"))
    absent = [name for name in _KEYS if not isinstance(found.get(name), str) or len(found[name]) < 64]
    if absent:
        raise ValueError(f"{path}: {', '.join(absent)} is missing or too short; restore the file from its backup")
    return Secrets(**{name: found[name] for name in _KEYS})


def _write_new(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["# Keys of this Lianfang. Without them no identity number or phone can be read again: keep a copy apart."]
    lines += [f'{name} = "{secrets.token_hex(32)}"' for name in _KEYS]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # Two processes may start at once: the first name wins, both then read the same keys.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
