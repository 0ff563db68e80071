"""The logins of the embedded database and their passwords."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

DATABASE = "lianfang"
ROOT_LOGIN = "postgres"
OWNER_LOGIN = "lianfang_owner"
APP_LOGIN = "lianfang_app"
LOGINS = (ROOT_LOGIN, OWNER_LOGIN, APP_LOGIN)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the database answers. ``owner_url`` owns the tables and migrates; ``app_url`` owns nothing, so
    row-level security binds it; ``root_url`` (the superuser) is for backup alone."""

    owner_url: str
    app_url: str
    root_url: str = field(repr=False)


def addresses(passwords: dict[str, str], socket_folder: Path) -> Addresses:
    """The addresses over the socket in ``socket_folder``."""

    def url(login: str, database: str = DATABASE) -> str:
        host = quote(str(socket_folder), safe="/")
        return f"postgresql://{login}:{quote(passwords[login], safe='')}@/{database}?host={host}"

    return Addresses(url(OWNER_LOGIN), url(APP_LOGIN), url(ROOT_LOGIN))


def load_passwords(path: Path) -> dict[str, str] | None:
    """The passwords in ``path``; None where there is no such file or it was cut off."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(login), str) for login in LOGINS):
        return None
    return {login: found[login] for login in LOGINS}


def new_passwords() -> dict[str, str]:
    """A random password for each login."""
    return {login: secrets.token_urlsafe(24) for login in LOGINS}


def save_passwords(path: Path, passwords: dict[str, str]) -> None:
    """Write the passwords in one step, readable by us alone."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(passwords, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
