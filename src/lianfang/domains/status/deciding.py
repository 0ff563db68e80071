"""The engine over rows of the product: which pack decides about whom, and what it says. Nothing is written here."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.utils import timezone

from lianfang.domains.policy.selectors import Standing, standing_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.status.engine_adapter import Texts, among, facts_of, texts_of
from lianfang.engine.backends import Translations
from lianfang.engine.packs import Pack
from lianfang.engine.status import Decisions, StatusEngine, StatusFacts

# county, township, community
Home = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """What one pack says of ``people``, by home; ``decisions`` is None where no pack is in force."""

    standing: Standing | None
    people: Mapping[Home, Sequence[int]]
    decisions: Decisions | None
    moment: datetime
    """As of when: what was known later decides nothing of it."""
    texts: Texts | None = None
    """The decisions as columns of text, where they were made ready beside the work with the database."""

    @property
    def pack(self) -> Pack | None:
        return None if self.standing is None else self.standing.pack

    @property
    def kinds(self) -> dict[str, str]:
        """Rule id → kind; those of packs before it with their pack's id and a colon, as decisions name them."""
        if self.standing is None:
            return {}
        before: dict[str, str] = {
            f"{one.id}:{rule.id}": rule.kind for one in self.standing.superseded for rule in one.rules
        }
        before.update((rule.id, rule.kind) for rule in self.standing.pack.rules)
        return before


def decided_by_pack(ids: Sequence[int], moment: datetime, *, considers: bool = False) -> Iterator[Decided]:
    """One ``Decided`` per pack in force: people of one pack are decided in one go. The caller acts as the system.

    ``considers``: with every rule that was considered, for one person or a few.
    """
    for standing, inside in _by_pack(ids, moment):
        if standing is None:
            yield Decided(None, inside, None, moment)
        else:
            everybody = [person for people in inside.values() for person in people]
            yield Decided(standing, inside, decide_by(standing, everybody, moment, considers=considers), moment)


def decided_ahead(chunks: Iterable[tuple[Sequence[int], datetime]]) -> Iterator[Decided]:
    """``decided_by_pack`` of one chunk after the other, each as of its own instant; the next is being decided while
    the caller writes this one, and while its successor is being read. The caller's thread alone speaks with the
    database."""
    ahead: deque[Future[Decided]] = deque()
    with ThreadPoolExecutor(max_workers=1) as decider:
        for ids, moment in chunks:
            for standing, inside in _by_pack(ids, moment):
                if standing is None:
                    yield Decided(None, inside, None, moment)
                    continue
                facts = facts_of([person for people in inside.values() for person in people])
                ahead.append(decider.submit(_decided, standing, inside, facts, moment))
                if len(ahead) > 1:
                    yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _decided(standing: Standing, inside: Mapping[Home, Sequence[int]], facts: StatusFacts, moment: datetime) -> Decided:
    decisions = engine_of(standing).decide(facts, _local(moment))
    return Decided(standing, inside, decisions, moment, texts_of(decisions))


def _by_pack(ids: Sequence[int], moment: datetime) -> Iterator[tuple[Standing | None, dict[Home, list[int]]]]:
    """The people of each pack in force, by home; of None, those in whose place none is."""
    rows = (
        Person.objects.filter(pk__in=among(ids))
        .order_by()
        .values_list("county_id", "township_id", "community_id")
        .annotate(people=ArrayAgg("pk"))
    )
    homes: dict[Home, list[int]] = {row[:3]: row[3] for row in rows}
    local = _local(moment)
    standing_now = standing_by_community({home[2] for home in homes}, moment)
    # Rules whose own dates are over, and that nothing has followed, decide about nobody.
    found = {
        place: None if one is None or not one.pack.is_in_force(local) else one for place, one in standing_now.items()
    }
    known: dict[tuple[str, ...], Standing] = {}
    groups: dict[tuple[str, ...], dict[Home, list[int]]] = {}
    for home, people in homes.items():
        standing = found[home[2]]
        if standing is not None:
            known[standing.key] = standing
        groups.setdefault(() if standing is None else standing.key, {})[home] = people
    for key, inside in groups.items():
        yield known.get(key), inside


def decide_by(standing: Standing, person_ids: Sequence[int], moment: datetime, *, considers: bool = False) -> Decisions:
    """What the pack says of these people with what was known at ``moment``."""
    return engine_of(standing).decide(facts_of(person_ids), _local(moment), considers=considers)


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0)


_MOST_OPEN = 4
_open: OrderedDict[tuple[str, ...], StatusEngine] = OrderedDict()
_opening = Lock()


def engine_of(standing: Standing) -> StatusEngine:
    """One open engine per pack with those before it, as their files are, and process."""
    with _opening:
        engine = _open.pop(standing.key, None) or StatusEngine(
            standing.pack, superseded=standing.superseded, translations=Translations(settings.TRANSLATIONS)
        )
        _open[standing.key] = engine
        while len(_open) > _MOST_OPEN:
            # Not closed: another thread may be deciding with it. It goes when nobody holds it any more.
            _open.popitem(last=False)
        return engine
