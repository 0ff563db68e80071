"""What the registry refuses, as codes with words (texts ``registry.problem``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lianfang.domains.registry.models import Household, Person
    from lianfang.foundation.texts import Gap


class RegistryError(Exception):
    """Something that was asked for cannot be registered. Nothing was changed.

    ``code`` is a text key under ``registry.problem``; ``field`` names the input that is wrong, "" the whole.
    """

    def __init__(self, code: str, field: str = "", **gaps: Gap) -> None:
        super().__init__(f"{code} ({field})" if field else code)
        self.code = code
        self.field = field
        self.gaps: Mapping[str, Gap] = gaps


class ChangedMeanwhileError(RegistryError):
    """Somebody else saved the same record since it was opened. ``now`` is the record as it is now."""

    def __init__(self, now: Person | Household) -> None:
        super().__init__("changed_meanwhile")
        self.now = now
