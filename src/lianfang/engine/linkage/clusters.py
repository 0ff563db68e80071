"""Pairs → people: taking the sure pairs, strongest first, and nothing that contradicts.

A record that could be either of two people is neither: the odds of a pair are taken against those of every
other person the record could be instead (at most one of them is right), so two equal candidates leave
each below one half however alike they look.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from lianfang.engine.linkage.contract import Settings

_NOT_WORTH_A_LOOK = 0.05
# Of the people of a round, so many are swabbed, or written down, twice; single retests included.
_SWABBED_TWICE = 0.01
# Two rows of the roster that look alike are worth a look even where the swabs speak for two people.
_STILL_LISTED = 0.5


@dataclass(frozen=True, slots=True)
class Edge:
    """A pair of bases with the pair of profiles that speaks loudest for it; ``of_roster``: the roster names both."""

    a: int
    b: int
    odds: float
    how: str
    l: int  # noqa: E741
    r: int
    of_roster: bool = False


@dataclass(slots=True)
class Traits:
    """What a cluster is known to be. ``documents`` are whole numbers by type."""

    documents: dict[str, set[str]] = field(default_factory=dict)
    rostered: bool = False
    swabbed: bool = False
    sexes: set[str] = field(default_factory=set)
    births: set[date] = field(default_factory=set)

    def contradicts(self, other: Traits) -> bool:
        """Two different whole documents of one type are two people."""
        if not self.documents or not other.documents:
            return False
        return any(
            kind in other.documents and not (numbers & other.documents[kind])
            for kind, numbers in self.documents.items()
        )

    def differs_in_person(self, other: Traits) -> bool:
        """Sex or day of birth speaks against one person, though less surely than a document."""
        return any(
            mine and others and not (mine & others)
            for mine, others in ((self.sexes, other.sexes), (self.births, other.births))
        )

    def absorb(self, other: Traits) -> None:
        for kind, numbers in other.documents.items():
            self.documents[kind] = self.documents.get(kind, set()) | numbers
        self.rostered = self.rostered or other.rostered
        self.swabbed = self.swabbed or other.swabbed
        self.sexes = self.sexes | other.sexes
        self.births = self.births | other.births


@dataclass(frozen=True, slots=True)
class Taken:
    """A pair that joined two clusters, or that was left for a person, with its probability."""

    edge: Edge
    probability: float


@dataclass(slots=True)
class Clusters:
    """Bases grown into people. Results depend on the content of the pairs only, not on their order."""

    traits: Mapping[int, Traits]
    settings: Settings
    forbidden: frozenset[tuple[int, int]] = frozenset()
    parent: dict[int, int] = field(default_factory=dict)
    known: dict[int, Traits] = field(default_factory=dict)
    near: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    on_roster: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    barred: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    taken: list[Taken] = field(default_factory=list)

    def find(self, base: int) -> int:
        root = base
        while (above := self.parent.get(root, root)) != root:
            root = above
        while (above := self.parent.get(base, base)) != root:
            self.parent[base], base = root, above
        return root

    def join_decided(self, pairs: Iterable[tuple[int, int]]) -> None:
        """What a person decided goes first and may contradict everything."""
        for a, b in self.forbidden:
            self.barred[self.find(a)].add(self.find(b))
            self.barred[self.find(b)].add(self.find(a))
        for a, b in sorted(pairs):
            if self.find(a) != self.find(b):
                self._union(self.find(a), self.find(b))

    def settle(self, edges: list[Edge]) -> list[Taken]:
        """Take what is sure of ``edges``; return the rest that is worth a person's look, best first."""
        ordered = sorted(edges, key=lambda edge: (-edge.odds, edge.a, edge.b))
        for edge in ordered:
            _remember(self.near, self.find(edge.a), self.find(edge.b), edge.odds)
            if edge.of_roster:
                _remember(self.on_roster, self.find(edge.a), self.find(edge.b), edge.odds)
        first = {
            (edge.a, edge.b): self.probability(self.find(edge.a), self.find(edge.b), edge.odds) for edge in ordered
        }
        sure = [edge for edge in ordered if _probability(edge.odds) >= self.settings.sure_at]
        while sure:
            waiting = [edge for edge in sure if not self._take(edge)]
            if len(waiting) == len(sure):
                break
            sure = [edge for edge in waiting if self.find(edge.a) != self.find(edge.b)]
        return self._unsure([(edge, first[edge.a, edge.b]) for edge in ordered])

    def _take(self, edge: Edge) -> bool:
        a, b = self.find(edge.a), self.find(edge.b)
        if a == b:
            return True
        probability = self.probability(a, b, edge.odds)
        if probability < self.settings.sure_at or not self._may_join(a, b):
            return False
        self.taken.append(Taken(edge, probability))
        self._union(a, b)
        return True

    def _may_join(self, a: int, b: int) -> bool:
        return b not in self.barred[a] and not self._of(a).contradicts(self._of(b))

    def _of(self, root: int) -> Traits:
        return self.known.get(root) or self.traits.get(root) or Traits()

    def probability(self, a: int, b: int, odds: float) -> float:
        """That clusters ``a`` and ``b`` are one, given whom else each of them could be.

        Two entries of the roster are one only by what speaks for the two entries themselves, not because a
        third record could be either of them.
        """
        if self._of(a).rostered and self._of(b).rostered:
            odds = self._odds_on_roster(a, b)
        else:
            odds = max(odds, self.near[a].get(b, 0.0))
        rivals = max(self._rivals(a, b), self._rivals(b, a))
        return odds / (1.0 + odds + rivals)

    def _odds_on_roster(self, a: int, b: int) -> float:
        odds = max(self.on_roster[a].get(b, 0.0), min(self.near[a].get(b, 0.0), _STILL_LISTED))
        one, other = self._of(a), self._of(b)
        if one.differs_in_person(other):
            return min(odds, _STILL_LISTED)
        if one.swabbed and other.swabbed:
            return max(odds * _SWABBED_TWICE, min(odds, _STILL_LISTED))
        return odds

    def _rivals(self, one: int, other: int) -> float:
        return math.fsum(
            odds * self._share(one, rival, other)
            for rival, odds in self.near[one].items()
            if rival != other and self._may_join(one, rival) and self._exclude(rival, other)
        )

    def _share(self, one: int, rival: int, other: int) -> float:
        """What ``rival`` counts for as the person of a swab: little who has one already, where ``other`` has none."""
        taken = self._of(one).swabbed and self._of(rival).swabbed and not self._of(other).swabbed
        return _SWABBED_TWICE if taken else 1.0

    def _exclude(self, a: int, b: int) -> bool:
        """Two people for sure, or two entries of the roster that were not found to be the same."""
        return not self._may_join(a, b) or (self._of(a).rostered and self._of(b).rostered)

    def _union(self, a: int, b: int) -> None:
        root, gone = min(a, b), max(a, b)
        traits = Traits()
        traits.absorb(self._of(root))
        traits.absorb(self._of(gone))
        self.known[root] = traits
        self.parent[gone] = root
        for weights in (self.near, self.on_roster):
            for other, odds in weights.pop(gone, {}).items():
                weights[other].pop(gone, None)
                _remember(weights, root, other, odds)
        for other in self.barred.pop(gone, set()):
            self.barred[other].discard(gone)
            self.barred[other].add(root)
            self.barred[root].add(other)

    def _unsure(self, ordered: list[tuple[Edge, float]]) -> list[Taken]:
        """What is left, per pair of people once; ``ordered`` has each pair's probability before any was taken,
        so that who is surely somebody else is not offered again."""
        seen: set[tuple[int, int]] = set()
        listed: dict[int, int] = defaultdict(int)
        unsure = []
        for edge, first in ordered:
            a, b = self.find(edge.a), self.find(edge.b)
            pair = (min(a, b), max(a, b))
            if a == b or pair in seen or not self._may_join(a, b):
                continue
            if not edge.of_roster and b in self.on_roster[a]:
                continue  # the roster's own rows show the pair better
            probability = min(first, self.probability(a, b, edge.odds))
            if _probability(edge.odds) < self.settings.unsure_from or probability < _NOT_WORTH_A_LOOK:
                continue
            seen.add(pair)
            if max(listed[a], listed[b]) < self.settings.listed_per_person:
                listed[a] += 1
                listed[b] += 1
                unsure.append(Taken(edge, probability))
        return unsure


def _remember(weights: dict[int, dict[int, float]], a: int, b: int, odds: float) -> None:
    if a != b and odds > weights[a].get(b, 0.0):
        weights[a][b] = weights[b][a] = odds


def _probability(odds: float) -> float:
    return odds / (1.0 + odds)
