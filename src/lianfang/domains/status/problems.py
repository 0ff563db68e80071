"""What can be wrong with what somebody asks for."""

from __future__ import annotations


class StatusProblemError(ValueError):
    """``code`` is a text key under ``status.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field
