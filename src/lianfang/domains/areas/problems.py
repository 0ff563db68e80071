"""What people are told when a change cannot be made."""

from __future__ import annotations


class AreaProblemError(ValueError):
    """``code`` is a text key under ``areas.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field
