"""Who acts: given to every service, never taken from thin air (rule 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from lianfang.foundation.access.roles import MAY, Action, Level, Role


class NotAllowedError(Exception):
    """The actor may not do this. ``code`` is a text key under ``access.refused``."""

    def __init__(self, action: str, code: str = "role") -> None:
        super().__init__(f"{action}: {code}")
        self.action = action
        self.code = code


@dataclass(frozen=True, slots=True)
class Actor:
    """One person, or a named part of the system, at one posting.

    ``scope_ids`` are ids of places of ``level`` (of households for residents); ``purpose`` is why personal
    data is opened, a key under ``access.purpose``; ``device_id`` is the device of the field that it acts through.
    """

    name: str
    role: Role
    level: Level
    scope_ids: tuple[int, ...] = ()
    account_id: int | None = None
    posting_id: int | None = None
    place_id: int | None = None
    place_label: str = ""
    purpose: str = "duty"
    request_id: str = ""
    device_id: UUID | None = None

    def may(self, action: Action) -> bool:
        return action in MAY[self.role]

    def authorise(self, action: Action) -> None:
        """Raise NotAllowedError unless the role may do ``action``."""
        if not self.may(action):
            raise NotAllowedError(action)

    def for_purpose(self, purpose: str) -> Actor:
        return replace(self, purpose=purpose)


def system_actor(name: str) -> Actor:
    """A part of the system that acts by itself, such as ``import`` or ``status``; sees every place."""
    return Actor(name=f"system:{name}", role=Role.SYSTEM, level=Level.SYSTEM)
