"""Which facts about persons the rules ask for: only those are asked of people, and only those are kept.

What a guard before a rule, a release or a group that must be tested compares (``engine.packs.facts``). Exemptions from
a round are not among them: no rule of a status reads them.
"""

from __future__ import annotations

from collections.abc import Iterable

from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.engine.packs import Pack
from lianfang.engine.packs.facts import PERSON_FACTS, FactSpec

# In the order in which a form asks for them.
_ORDER = {name: place for place, name in enumerate(PERSON_FACTS)}


def facts_asked_by(packs: Iterable[Pack]) -> tuple[str, ...]:
    """The declared facts that these packs ask for at any time."""
    found = {fact for pack in packs for fact in _asked_by(pack)}
    return tuple(sorted(found, key=_ORDER.__getitem__))


def facts_asked_here() -> tuple[str, ...]:
    """Those of every pack that is, was, or is proposed to be in force anywhere in this installation."""
    named = set(PackActivation.objects.filter(withdrawn_at=None).order_by().values_list("pack", "version"))
    return facts_asked_by(pack for key, pack in packs_on_disk().items() if key in named)


def stored_as(fact: str) -> str:
    """Under which name the fact is stored: what happened, where the rules ask how long ago it was."""
    return PERSON_FACTS[fact].elapsed_since or fact


def spec_of(stored: str) -> FactSpec | None:
    """What a stored fact is; None for a name of nothing that is declared."""
    return next((spec for name, spec in PERSON_FACTS.items() if stored_as(name) == stored), None)


def is_event(fact: str) -> bool:
    """Whether the fact is something that happened at an instant."""
    return PERSON_FACTS[fact].elapsed_since is not None


_asked: dict[str, frozenset[str]] = {}


def _asked_by(pack: Pack) -> frozenset[str]:
    if pack.digest not in _asked:
        guards = [rule.when for rule in pack.rules]
        guards += [one.release.when for one in pack.categories.values() if one.release is not None]
        guards += [one.who for one in (pack.testing.groups if pack.testing else ()) if one.obligation == "must"]
        compared = (one for guard in guards if guard is not None for one in guard.comparisons())
        _asked[pack.digest] = frozenset(str(one.fact) for one in compared)
    return _asked[pack.digest]
