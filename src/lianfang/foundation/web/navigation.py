"""The side navigation: each app says what it adds; each reader sees what the role may open.

An app registers in ``AppConfig.ready``::

    navigation.register(
        Entry("registry.navigation.buildings", "registry:buildings", "building", Action.REGISTRY_VIEW, 20, "b")
    )
"""

from __future__ import annotations

from dataclasses import dataclass

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import MAY, Action, Role
from lianfang.foundation.web.addresses import path_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation.

    ``key`` is the text of its label, ``icon`` a name in the sprite, ``order`` sorts (each hundred is a group),
    ``letter`` opens it after ``g``. Without ``action`` whoever is signed in sees it; with several, whoever may do one
    of them. ``also`` names further pages that belong to the line; ``thumb`` sorts the bottom bar of a phone, instead
    of ``order``.
    """

    key: str
    url_name: str
    icon: str
    action: Action | tuple[Action, ...] | None
    order: int
    letter: str = ""
    also: tuple[str, ...] = ()
    thumb: int | None = None

    @property
    def url(self) -> str:
        return path_of(self.url_name)

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses below which the reader is on this line."""
        return (self.url, *(path_of(name) for name in self.also))

    @property
    def actions(self) -> frozenset[Action]:
        """One of these lets a role see the line; empty: everybody does."""
        if self.action is None:
            return frozenset()
        return frozenset(self.action if isinstance(self.action, tuple) else (self.action,))


@dataclass(frozen=True, slots=True)
class Search:
    """Where the search box of the top bar leads: a page that takes ``q``."""

    url_name: str
    action: Action
    placeholder_key: str

    @property
    def url(self) -> str:
        return path_of(self.url_name)


_entries: dict[str, Entry] = {}
_searches: list[Search] = []


def register(entry: Entry) -> None:
    """Add a line; the same line again changes nothing.

    Raises ValueError where another line has its key, or where somebody would see another line with its letter.
    """
    before = _entries.get(entry.key)
    if before is not None and before != entry:
        raise ValueError(f"the navigation has another {entry.key!r} already")
    for other in _entries.values():
        if entry.letter and other.letter == entry.letter and other.key != entry.key and _meet(entry, other):
            raise ValueError(f"the letter {entry.letter!r} opens {other.key!r} already")
    _entries[entry.key] = entry


def _meet(one: Entry, other: Entry) -> bool:
    """Whether any person's role shows both lines."""
    return any(
        all(not entry.actions or entry.actions & may for entry in (one, other))
        for role, may in MAY.items()
        if role is not Role.SYSTEM
    )


def register_search(search: Search) -> None:
    """Name the page that searches; raises ValueError where another was named."""
    if _searches and _searches[0] != search:
        raise ValueError(f"{_searches[0].url_name} searches already")
    _searches[:] = [search]


def entries_for(actor: Actor | None) -> list[Entry]:
    """The lines that ``actor`` may open, in order."""
    if actor is None:
        return []
    mine = [entry for entry in _entries.values() if not entry.actions or any(map(actor.may, entry.actions))]
    return sorted(mine, key=lambda entry: (entry.order, entry.key))


def search_for(actor: Actor | None) -> Search | None:
    """The search page, where ``actor`` may search."""
    if actor is None or not _searches or not actor.may(_searches[0].action):
        return None
    return _searches[0]
