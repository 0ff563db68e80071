"""Why the embedded database could not be started. Each code has words at ``serving.problem.<code>``."""

from __future__ import annotations

from lianfang.foundation.texts import Gap

CODES = (
    "account_refused",
    "cannot_set_up",
    "data_too_new",
    "data_too_old",
    "died_at_start",
    "disk_full",
    "folder_in_use",
    "folder_not_ours",
    "folder_refused",
    "foreign_server",
    "leftover_server",
    "needs_linux",
    "no_place_for_socket",
    "programs_missing",
    "start_took_too_long",
)


class EmbeddedError(Exception):
    """A reason (one of ``CODES``) and what fills the gaps of its words."""

    def __init__(self, code: str, **gaps: Gap) -> None:
        if code not in CODES:
            raise ValueError(code)
        super().__init__(f"{code} {gaps}" if gaps else code)
        self.code = code
        self.gaps = gaps


class FolderInUseError(EmbeddedError):
    """Another live process owns the folder; ``gaps["pid"]`` is its id, 0 where it is unknown."""

    def __init__(self, *, folder: str, pid: int) -> None:
        super().__init__("folder_in_use", folder=folder, pid=pid)


class DiskFullError(EmbeddedError):
    """Too little room on the disk of the folder; nothing that was there is lost."""

    def __init__(self, *, folder: str, free_mib: int, needed_mib: int) -> None:
        super().__init__("disk_full", folder=folder, free=free_mib, needed=needed_mib)
