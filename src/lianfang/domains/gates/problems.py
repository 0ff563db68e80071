"""What people are told when something at a gate cannot be done."""

from __future__ import annotations


class GateProblemError(ValueError):
    """``code`` is a text key under ``gates.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field
