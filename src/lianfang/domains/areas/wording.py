"""Levels, places and criteria in the reader's words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.areas.models import AreaLevel
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.selectors import names_of_places
from lianfang.engine.packs import Pack
from lianfang.engine.packs.facts import AREA_FACTS
from lianfang.engine.packs.guards import Guard
from lianfang.foundation.pack_words import PackWords
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.tones import Tone

_NAMED_WITH = (PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.UNIT)
# That a level's conditions are met is good where it is lowered by them, and bad where it is drawn by them.
TONES: Mapping[str, Mapping[str, Tone]] = {
    "lower": {"met": "good", "not_met": "warn", "unknown": "unknown"},
    "enter": {"met": "bad", "not_met": "quiet", "unknown": "unknown"},
}


@dataclass(frozen=True, slots=True)
class CriterionShown:
    """One comparison of a condition: what is asked, what is known, since when, and what came of it."""

    fact: str
    asked: str
    known: str
    since: datetime | None
    outcome: str
    tone: Tone

    @property
    def briefly(self) -> str:
        """What is asked, and how far it is."""
        return t("areas.word.so_far", asked=self.asked, known=self.known)


def words_of(pack: Pack | None) -> PackWords:
    return PackWords(current_texts(), () if pack is None else (pack,))


def pack_of(pack: str, version: int) -> Pack | None:
    """The pack under which something was decided; None where it is no longer on disk."""
    return packs_on_disk().get((pack, version))


def level_name(one: AreaLevel) -> str:
    """高风险区, as the pack says that it was drawn under; the code itself where that pack is gone."""
    return level_words(one.pack, one.pack_version, one.level)


def level_words(pack: str, version: int, level: str) -> str:
    return words_of(pack_of(pack, version)).word("pack:levels", level) if level else ""


def place_line(place: Place) -> str:
    """东湖社区 江滨花园 1号楼: a place with what it lies in, from the community down."""
    return place_lines([place])[place.pk]


def place_lines(places: Iterable[Place]) -> dict[int, str]:
    """The same for many, in one query."""
    given = list(places)
    above = Place.objects.in_bulk({pk for place in given for pk in place.path})
    names = names_of_places([*above.values(), *given])
    found = {}
    for place in given:
        line = [above[pk] for pk in place.path if pk in above and above[pk].kind in _NAMED_WITH]
        found[place.pk] = " ".join(names[one.pk] for one in line) or names[place.pk]
    return found


def criteria_in_words(pack: Pack | None, rows: Iterable[Mapping[str, Any]]) -> list[CriterionShown]:
    """Comparisons as ``assess`` gave them, or as they were kept with a proposal."""
    words = words_of(pack)
    return [_criterion(words, row) for row in rows if row["position"]]


def _criterion(words: PackWords, row: Mapping[str, Any]) -> CriterionShown:
    since = row["since"]
    if isinstance(since, str):
        since = datetime.fromisoformat(since)
    return CriterionShown(
        fact=words.word("pack_words.fact", row["fact"]),
        asked=words.condition(Guard.model_validate({"fact": row["fact"], **json.loads(row["wanted"])})),
        known=known_words(words, row["fact"], row["value"], row["value_at_most"]),
        since=None if since is None else timezone.make_aware(since),
        outcome=row["outcome"],
        tone=TONES[row["direction"]][row["outcome"]],
    )


def known_words(words: PackWords, fact: str, low: float | None, high: float | None) -> str:
    """What is known of a fact: a value, a span, or that nothing is."""
    spec = AREA_FACTS[fact]
    if low is None:
        return t("web.unknown")
    if spec.type == "boolean":
        return t("areas.word.yes" if low else "areas.word.no") if low == high else t("web.unknown")
    if high is None:
        return t("areas.word.at_least", value=words.span(low, spec.unit or "count"))
    if low != high:
        return t("areas.word.between", low=f"{low:g}", high=words.span(high, spec.unit or "count"))
    return words.span(low, spec.unit or "count")
