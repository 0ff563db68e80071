"""What a device may bring, carry and ask, told by the domains: this layer knows none of it itself.

Three registries, filled when a domain starts (``AppConfig.ready`` imports the module that registers)::

    @applies("sample.taken", action=Action.TESTING_SAMPLE)
    def apply_sample(*, actor: Actor, item: Item) -> Applied: ...

    @package("sampling", roles={Role.SAMPLER})
    def build(*, actor: Actor, device: Device, moment: datetime) -> dict: ...

    @answers("gate.check", action=Action.GATE_CHECK)
    def answer(*, questions: Sequence[Question], moment: datetime) -> Sequence[dict]: ...

An item is applied inside ``acting_as(actor)``, where the actor is the device's (``services.device_actor``), in a
savepoint of its own: what raises has no effect. ``ItemRefusedError`` puts the item into the review list; any other
exception leaves it waiting with the failure kept, and it is tried again. Items of one device are applied one after the
other, in the order of ``seq``. An item is applied again after a crash only if its effect was rolled back with its
answer: effect and answer are one transaction. Only the inbox catches what a kind raises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Role

if TYPE_CHECKING:
    from lianfang.foundation.devices.models import Device


class ItemRefusedError(Exception):
    """The item cannot be accepted as it is. ``code`` is a whole text key (``field_sampling.refused.tube_voided``) or
    one under ``devices.refused``; ``gaps`` fill it. Somebody at the desk settles it."""

    def __init__(self, code: str, /, **gaps: str | int | float) -> None:
        super().__init__(code)
        self.code = code
        self.gaps = gaps


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a device recorded.

    ``happened_at`` is the device's time put right by its measured clock offset; where that cannot be believed (in the
    future, before the device was enrolled, an offset that does not fit the moment of sending) ``clock_is_doubtful``.
    """

    id: UUID
    kind: str
    seq: int
    happened_at: datetime
    received_at: datetime
    clock_is_doubtful: bool
    body: Mapping[str, Any]
    device_id: UUID
    device_name: str
    holder: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of an item: ``warnings`` are text keys as in ItemRefusedError, ``refs`` ids that the device may use
    from now on (``{"sample": 17}``); JSON."""

    warnings: tuple[str, ...] = ()
    refs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What a device asks and somebody waits for. ``actor`` is the device's."""

    actor: Actor
    device: Device
    body: Mapping[str, Any]


Apply = Callable[..., Applied]
ApplyMany = Callable[..., Sequence[Applied | ItemRefusedError]]
Build = Callable[..., Mapping[str, Any]]
Answer = Callable[..., Sequence[Mapping[str, Any]]]


@dataclass(slots=True)
class Kind:
    """A kind of item: any one of ``actions`` permits it; ``apply_many`` is a faster door to the same effect, of several
    kinds perhaps."""

    name: str
    actions: tuple[Action, ...]
    apply: Apply
    apply_many: ApplyMany | None = None

    def is_permitted(self, actor: Actor) -> bool:
        return any(actor.may(action) for action in self.actions)


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    roles: frozenset[Role]
    build: Build


@dataclass(frozen=True, slots=True)
class Asked:
    name: str
    action: Action
    answer: Answer


Show = Callable[..., Sequence[tuple[str, str, str]]]

_kinds: dict[str, Kind] = {}
_shows: dict[str, Show] = {}
_many: dict[str, ApplyMany] = {}
_packages: dict[str, Package] = {}
_asked: dict[str, Asked] = {}


def applies(name: str, *, action: Action | Collection[Action]) -> Callable[[Apply], Apply]:
    """Register ``def apply(*, actor, item) -> Applied`` for a kind; permitted to who may do any of ``action``."""

    def decorate(apply: Apply) -> Apply:
        actions = (action,) if isinstance(action, Action) else tuple(action)
        _kinds[name] = Kind(name, actions, apply, _many.get(name))
        return apply

    return decorate


def applies_many(*names: str) -> Callable[[ApplyMany], ApplyMany]:
    """Register ``def apply(*, actor, items) -> Sequence[Applied | ItemRefusedError]``: one answer per item, in order.

    For kinds that ``applies`` has too: several items of one device in a row, of any of ``names``, each permitted, in
    one savepoint. The answers are those that the items would get one after the other. What it raises undoes them all,
    and they are applied one by one.
    """

    def decorate(apply: ApplyMany) -> ApplyMany:
        for name in names:
            _many[name] = apply
            if name in _kinds:
                _kinds[name].apply_many = apply
        return apply

    return decorate


def package(name: str, *, roles: Collection[Role]) -> Callable[[Build], Build]:
    """Register ``def build(*, actor, device, moment) -> dict``: what devices of ``roles`` carry, as JSON.

    Called inside ``acting_as(actor)``. ``made_at`` is added by the caller and is no part of what the ETag tells apart.
    """

    def decorate(build: Build) -> Build:
        _packages[name] = Package(name, frozenset(roles), build)
        return build

    return decorate


def answers(name: str, *, action: Action) -> Callable[[Answer], Answer]:
    """Register ``def answer(*, questions, moment) -> Sequence[dict]``: one JSON answer per question, in their order.

    Called inside ``acting_as(system_actor("field"))`` with whatever many devices asked at about the same moment, each
    permitted: what an answer may show follows from ``question.actor``. One that raises fails all of them.
    """

    def decorate(answer: Answer) -> Answer:
        _asked[name] = Asked(name, action, answer)
        return answer

    return decorate


def shows(name: str) -> Callable[[Show], Show]:
    """Register ``def show(*, actor, body) -> [(text key of the label, words, address or ""), …]``: how the review list
    says whom and what an item is about, instead of bare ids. Called inside the reader's ``acting_as``."""

    def decorate(show: Show) -> Show:
        _shows[name] = show
        return show

    return decorate


def show_of(name: str) -> Show | None:
    return _shows.get(name)


def kind_of(name: str) -> Kind | None:
    return _kinds.get(name)


def package_of(name: str) -> Package | None:
    return _packages.get(name)


def packages_for(role: Role) -> tuple[Package, ...]:
    """What devices of a role carry, in the order of names."""
    return tuple(_packages[name] for name in sorted(_packages) if role in _packages[name].roles)


def asked_of(name: str) -> Asked | None:
    return _asked.get(name)


def kind_names() -> tuple[str, ...]:
    return tuple(sorted(_kinds))
