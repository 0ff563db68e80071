"""A telephone in somebody's hand: what it records, and what comes of that when it is applied."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Applied, Item, ItemRefusedError, kind_of
from lianfang.foundation.devices.services.applying import apply_item
from tests.product.world import World


@dataclass
class Phone:
    """One device with the rights of ``login`` of the small world."""

    world: World
    holder: str = "李四"
    login: str = "sampler"
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    seq: int = 0

    @property
    def actor(self) -> Actor:
        told = self.world.actor(self.login)
        return replace(told, name=f"{self.holder}(手机)", account_id=None, posting_id=None, device_id=self.id)

    def item(self, kind: str, body: dict[str, Any], at: datetime | None = None, *, doubtful: bool = False) -> Item:
        self.seq += 1
        now = timezone.now()
        at = at or now - timedelta(minutes=1)
        return Item(uuid.uuid4(), kind, self.seq, at, now, doubtful, body, self.id, "手机", self.holder)

    def apply(self, item: Item) -> Applied | ItemRefusedError:
        kind = kind_of(item.kind)
        assert kind is not None and kind.is_permitted(self.actor)
        with acting_as(self.actor) as actor:
            return apply_item(actor, kind, item)

    def apply_many(self, items: Iterable[Item]) -> list[Applied | ItemRefusedError]:
        items = list(items)
        kind = kind_of(items[0].kind)
        assert kind is not None and kind.apply_many is not None
        with acting_as(self.actor) as actor:
            return list(kind.apply_many(actor=actor, items=items))

    def do(self, kind: str, at: datetime | None = None, **body: Any) -> Applied:
        """Record and apply; the test fails where it is refused."""
        came = self.apply(self.item(kind, body, at))
        assert isinstance(came, Applied), (came.code, came.gaps)
        return came

    def refused(self, kind: str, at: datetime | None = None, **body: Any) -> str:
        """Record and apply what is refused: the last part of its code."""
        came = self.apply(self.item(kind, body, at))
        assert isinstance(came, ItemRefusedError), came
        return came.code.rpartition(".")[2]


def short(came: Applied) -> list[str]:
    """The warnings without the table that they stand in."""
    return [name.rpartition(".")[2] for name in came.warnings]
