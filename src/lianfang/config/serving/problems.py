"""Why the product could not be started, saved or brought back. Each code has words at ``serving.problem.<code>``."""

from __future__ import annotations

from lianfang.foundation.texts import Gap

CODES = (
    "address_not_here",
    "already_running",
    "app_login_too_strong",
    "backup_failed",
    "cannot_write_backup",
    "client_without_tls",
    "database_too_old",
    "database_unreachable",
    "demo_not_loaded",
    "keys_differ",
    "keys_missing",
    "migration_failed",
    "newer_backup",
    "no_answer",
    "not_a_backup",
    "not_empty",
    "others_connected",
    "owner_url_missing",
    "port_forbidden",
    "port_in_use",
    "port_in_use_by",
    "restore_failed",
    "stop_before_restore",
    "web_does_not_start",
)


class ServingError(Exception):
    """A reason (one of ``CODES``) and what fills the gaps of its words."""

    def __init__(self, code: str, **gaps: Gap) -> None:
        if code not in CODES:
            raise ValueError(code)
        super().__init__(f"{code} {gaps}" if gaps else code)
        self.code = code
        self.gaps = gaps
