"""What residents' services refuse, as codes with words (texts ``residents.problem``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lianfang.foundation.texts import Gap


class ResidentProblemError(ValueError):
    """Nothing was changed. ``code`` is a text key under ``residents.problem``; ``field`` the input that is wrong."""

    def __init__(self, code: str, field: str = "", **gaps: Gap) -> None:
        super().__init__(f"{code} ({field})" if field else code)
        self.code = code
        self.field = field
        self.gaps: Mapping[str, Gap] = gaps
