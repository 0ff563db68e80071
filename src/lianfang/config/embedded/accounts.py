"""As whom the database runs, and what that user can reach. PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from lianfang.config.embedded.children import Account
from lianfang.config.embedded.problems import EmbeddedError

PREFERRED_USERS = ("lianfang", "nobody")


def server_account(owner_of_data: int | None) -> Account | None:
    """The account for the server; None where it runs as ourselves because we are not root.

    As root: whoever owns the data already, else the user ``lianfang``, else ``nobody``. No user is made.
    Raises EmbeddedError("account_refused") where there is none of them.
    """
    if os.geteuid() != 0:
        return None
    if owner_of_data:
        return Account(owner_of_data, _group_of(owner_of_data))
    for name in PREFERRED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError("account_refused", users=", ".join(PREFERRED_USERS))


def _group_of(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid


def can_enter(account: Account | None, folder: Path) -> bool:
    """The account may walk down to ``folder`` and into it.

    Read from the permission bits alone: where an access list grants more, the answer is a harmless False.
    """
    if account is None:
        return True
    whole = folder.resolve()
    return all(_may_search(account, each.stat()) for each in (*reversed(whole.parents), whole))


def _may_search(account: Account, found: os.stat_result) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def own_all(folder: Path, account: Account) -> None:
    """Give ``folder`` and everything in it to the account; links are not followed."""
    os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(above, name), account.uid, account.gid, follow_symlinks=False)
