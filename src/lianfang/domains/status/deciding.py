"""The engine over rows of the product: which pack decides about whom, and what it says. Nothing is written here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.contrib.postgres.aggregates import ArrayAgg
from django.utils import timezone

from lianfang.domains.policy.selectors import packs_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.status.engine_adapter import among, facts_of
from lianfang.engine.packs import Pack
from lianfang.engine.status import Decisions, StatusEngine

# county, township, community
Home = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """What one pack says of ``people``, by home; ``decisions`` is None where no pack is in force."""

    pack: Pack | None
    people: Mapping[Home, Sequence[int]]
    decisions: Decisions | None

    @property
    def kinds(self) -> dict[str, str]:
        """Rule id → kind."""
        return {} if self.pack is None else {rule.id: rule.kind for rule in self.pack.rules}


def decided_by_pack(ids: Sequence[int], moment: datetime, *, considers: bool = False) -> Iterator[Decided]:
    """One ``Decided`` per pack in force: people of one pack are decided in one go. The caller acts as the system.

    ``considers``: with every rule that was considered, for one person or a few.
    """
    rows = (
        Person.objects.filter(pk__in=among(ids))
        .order_by()
        .values_list("county_id", "township_id", "community_id")
        .annotate(people=ArrayAgg("pk"))
    )
    homes: dict[Home, list[int]] = {row[:3]: row[3] for row in rows}
    packs = packs_by_community({home[2] for home in homes}, moment)
    known: dict[str, Pack] = {}
    groups: dict[str, dict[Home, list[int]]] = {}
    for home, people in homes.items():
        pack = packs[home[2]]
        if pack is not None:
            known[pack.digest] = pack
        groups.setdefault("" if pack is None else pack.digest, {})[home] = people
    for digest, inside in groups.items():
        if not digest:
            yield Decided(None, inside, None)
        else:
            everybody = [person for people in inside.values() for person in people]
            yield Decided(known[digest], inside, decide_by(known[digest], everybody, moment, considers=considers))


def decide_by(pack: Pack, person_ids: Sequence[int], moment: datetime, *, considers: bool = False) -> Decisions:
    """What the pack says of these people with what was known at ``moment``."""
    local = timezone.localtime(moment).replace(tzinfo=None, microsecond=0)
    return engine_of(pack).decide(facts_of(person_ids), local, considers=considers)


_MOST_OPEN = 4
_open: OrderedDict[str, StatusEngine] = OrderedDict()
_opening = Lock()


def engine_of(pack: Pack) -> StatusEngine:
    """One open engine per pack, as its files are, and process."""
    with _opening:
        engine = _open.pop(pack.digest, None) or StatusEngine(pack)
        _open[pack.digest] = engine
        while len(_open) > _MOST_OPEN:
            # Not closed: another thread may be deciding with it. It goes when nobody holds it any more.
            _open.popitem(last=False)
        return engine
