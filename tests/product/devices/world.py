"""Devices of the small world, and a kind of item that only these tests know."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Role
from lianfang.foundation.devices import kinds
from lianfang.foundation.devices.kinds import Applied, Item, ItemRefusedError
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services import Wanted, accept_items, enrol_device, invite_device, read_batch
from tests.product.world import World

KIND = "test.noted"


def enrolled(
    world: World, *, role: Role = Role.SAMPLER, place: str = "east", by: str = "community"
) -> tuple[Device, str]:
    """An enrolled device of the place, and its secret."""
    actor = world.actor(by)
    wanted = Wanted("3号岗", "李娜", role, world.places[place].pk, timezone.now() + timedelta(days=7))
    _, token = invite_device(actor=actor, wanted=wanted)
    done = enrol_device(token=token)
    return done.device, done.secret


def item(
    seq: int, body: dict[str, Any] | None = None, *, kind: str = KIND, at: datetime | None = None
) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "seq": seq,
        "kind": kind,
        "happened_at": (at or timezone.now()).isoformat(),
        "body": {"word": f"item {seq}"} if body is None else body,
    }


def send(
    device: Device, items: list[Any], *, clock: dict[str, Any] | None = None, **given: Any
) -> list[dict[str, Any]]:
    """What the server does with a batch once it knows the device; returns the answers."""
    now = timezone.now()
    body = {"batch": str(uuid.uuid4()), "sent_at": now.isoformat(), "clock": clock or {"offset_ms": 0, "rtt_ms": 40}}
    batch = read_batch(json.dumps(body | given | {"items": items}).encode(), device_id=device.pk, received_at=now)
    return accept_items(device=device, batch=batch)


@dataclass
class Notebook:
    """What the test's kind was applied with; ``refuses`` and ``fails`` are words of bodies."""

    seen: list[Item] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    fails: set[str] = field(default_factory=set)

    @property
    def words(self) -> list[str]:
        return [one.body["word"] for one in self.seen]

    def apply(self, *, actor: Actor, item: Item) -> Applied:
        word = item.body["word"]
        if word in self.fails:
            raise ZeroDivisionError(f"the program fails at it\nand this may be somebody's name: {word}")
        if word in self.refuses:
            raise ItemRefusedError("not_allowed", word=word)
        self.seen.append(item)
        self.actors.append(actor)
        return Applied(refs={"noted": len(self.seen)})


@contextmanager
def notebook(action: Action = Action.TESTING_SAMPLE) -> Iterator[Notebook]:
    """A kind for as long as the block lasts."""
    found = Notebook()
    kinds.applies(KIND, action=action)(found.apply)
    try:
        yield found
    finally:
        kinds._kinds.pop(KIND)
        kinds._many.pop(KIND, None)
