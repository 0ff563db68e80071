"""Room on the disk, before the start and in the server's own words."""

from __future__ import annotations

import os
from pathlib import Path

from lianfang.config.embedded.problems import DiskFullError

MEBIBYTE = 1024 * 1024
# A new cluster takes 40 MiB and its first log segments 32; the rest is room to work in.
NEW_CLUSTER_MIB = 200
START_MIB = 64

_SAYS_FULL = (b"No space left on device", b"Disk quota exceeded")


def free_mib(folder: Path) -> int:
    """What a user other than root may still write in the folder's file system."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize // MEBIBYTE


def require_room(folder: Path, *, is_new: bool) -> None:
    """Raises DiskFullError where there is too little room to start."""
    needed = NEW_CLUSTER_MIB if is_new else START_MIB
    free = free_mib(folder)
    if free < needed:
        raise DiskFullError(folder=str(folder), free_mib=free, needed_mib=needed)


def says_disk_full(log: bytes) -> bool:
    """PostgreSQL's or initdb's words say that a disk or a quota is full."""
    return any(words in log for words in _SAYS_FULL)
