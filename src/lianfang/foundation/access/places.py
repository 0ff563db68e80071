"""What access needs to know of places, told by the domain that keeps them: this layer knows none itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lianfang.foundation.access.roles import Level, Role


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """A place that a posting may be at: ``label`` names it from the township down."""

    id: int
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class PostingScope:
    """What row-level security compares for a posting at a place."""

    level: Level
    scope_ids: tuple[int, ...]
    label: str


@dataclass(frozen=True, slots=True)
class PlaceKeys:
    """The places of each level that a place lies in, or is."""

    county_id: int | None
    township_id: int | None
    community_id: int | None
    building_id: int | None


class PlaceDirectory(Protocol):
    """Implemented by the registry."""

    def search(self, text: str, *, inside: int | None, limit: int) -> Sequence[PlaceChoice]:
        """Places whose name or code fits, inside the place ``inside``."""

    def scope_of(self, role: Role, place_id: int) -> PostingScope:
        """The scope of a posting; raises UnsuitablePlaceError where the role cannot serve at such a place."""

    def is_inside(self, role: Role, place_id: int, above: int) -> bool:
        """Whether a posting's place (a household for residents) lies in, or is, the place ``above``."""

    def keys_of(self, place_id: int) -> PlaceKeys:
        """Where the place lies; raises UnsuitablePlaceError where there is none."""


class UnsuitablePlaceError(ValueError):
    """The place is no such place, or of a kind that the role does not serve at."""


_directory: list[PlaceDirectory] = []


def register_directory(directory: PlaceDirectory) -> None:
    _directory[:] = [directory]


def directory() -> PlaceDirectory:
    """The directory; raises LookupError where no domain registered one."""
    if not _directory:
        raise LookupError("no domain registered a directory of places")
    return _directory[0]
