"""How higher domains colour the rooms of a building: tested, missing, positive, status. The registry imports none.

A domain registers in ``AppConfig.ready``::

    marks.register("missing", missing_marks, order=30)

and its provider answers for one building, and a round where one was chosen, with a mark for each household it knows of.
Households without a mark are drawn quiet. The words of a mode stand under ``registry.marks.<mode>`` in the texts of the
domain that owns it: ``title`` of the tab.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lianfang.domains.registry.models import Place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.tones import Tone


@dataclass(frozen=True, slots=True)
class Mark:
    """The colour of one room. ``words`` says it aloud; ``note`` are the few characters shown in the cell ("1/3");
    ``icon`` a name of the sprite; ``text`` what the legend calls all marks of this tone."""

    tone: Tone
    words: str
    note: str = ""
    icon: str = ""
    text: str = ""


Provider = Callable[[Actor, Place, int | None], Mapping[int, Mark]]


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to colour a building. ``text_key`` is the tab's word."""

    name: str
    provider: Provider
    order: int
    text_key: str
    action: Action


_modes: dict[str, Mode] = {}


def register(
    mode: str, provider: Provider, *, order: int = 100, text_key: str = "", action: Action = Action.REGISTRY_VIEW
) -> None:
    """Add a mode ``?show=<mode>``; the same again changes nothing. Shown to roles that may do ``action``.

    Raises ValueError where another provider has the name.
    """
    made = Mode(mode, provider, order, text_key or f"registry.marks.{mode}", action)
    if _modes.get(mode, made) != made:
        raise ValueError(f"the mode {mode!r} has a provider already")
    _modes[mode] = made


def modes_for(actor: Actor) -> list[Mode]:
    """The modes that ``actor`` may see, in order."""
    return sorted(
        (mode for mode in _modes.values() if actor.may(mode.action)), key=lambda mode: (mode.order, mode.name)
    )
