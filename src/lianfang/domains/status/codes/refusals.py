"""Why a code is not issued, as texts under ``field_proof.refused``."""

from __future__ import annotations


class CodeRefusedError(Exception):
    """``code``: ``holder_key`` (not a sound Ed25519 key), ``not_here`` (moved away or dead), ``because_needed``,
    ``key_unknown``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
