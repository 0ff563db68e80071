"""What the operator sets from outside: folders, databases, secrets. Read once, at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings that a deployment gives.

    ``database_url`` is the login that the pages use: it owns nothing, so row-level security binds it.
    ``owner_url`` is the login that owns the tables; only migrations, backup and restore use it.
    """

    folder: Path
    database_url: str
    owner_url: str
    secrets_file: Path
    hosts: tuple[str, ...]
    is_behind_tls: bool
    time_zone: str
    # Where telephones find the field app; from the request where it is empty.
    field_address: str = ""
    field_port: int = 0
    # Where residents' phones find this server; printed on their slips. From the request where it is empty.
    phone_address: str = ""


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read LIANFANG_* and DATABASE_* variables; ``docs/guides/deploy.md`` describes each."""
    given = os.environ if variables is None else variables
    folder = Path(given.get("LIANFANG_FOLDER") or "lianfang-data").absolute()
    return Environment(
        folder=folder,
        database_url=given.get("DATABASE_URL", ""),
        owner_url=given.get("DATABASE_OWNER_URL", ""),
        secrets_file=Path(given.get("LIANFANG_SECRETS") or folder / "secrets.toml"),
        hosts=tuple(name for name in given.get("LIANFANG_HOSTS", "127.0.0.1,localhost").split(",") if name),
        is_behind_tls=given.get("LIANFANG_TLS", "") == "1",
        time_zone=given.get("LIANFANG_TIME_ZONE") or "Asia/Shanghai",
        field_address=given.get("LIANFANG_FIELD_ADDRESS", "").rstrip("/"),
        field_port=int(given.get("LIANFANG_FIELD_PORT") or 0),
        phone_address=given.get("LIANFANG_PHONE_ADDRESS", "").rstrip("/"),
    )


def django_database(url: str) -> dict[str, object]:
    """Django's description of ``postgresql://user:password@host:port/name?host=/socket/folder``.

    Raises ValueError for another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"a database address starts with postgresql://, this one with {parts.scheme or 'nothing'}")
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": asked.get("host") or unquote(parts.hostname or ""),
        "PORT": str(parts.port or asked.get("port") or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # Server-side binding breaks pghistory's context (architecture.md, "history").
        "OPTIONS": {"server_side_binding": False},
    }
