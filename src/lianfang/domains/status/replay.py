"""What a change of rules would change for whom: both packs asked about the same stored facts at the same instant.

Nothing is written but the result. It says what the rules would do to what is known now, not what will happen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.utils import timezone

from lianfang.domains.policy.selectors import Standing
from lianfang.domains.registry.models import Person
from lianfang.domains.status.deciding import decide_by
from lianfang.domains.status.gating import SEVERITY
from lianfang.engine.status import delta
from lianfang.engine.status.contract import DECISIONS

CHUNK = 20_000
MOST_EXAMPLES = 30
# That only the name of the pack is another changes nothing for anybody.
_TOLD = ("appeared", "gone", "status", "reason", "end", "emergency")
RulesOf = Callable[[int], Standing | None]
"""Community → the rules that would be in force there."""


@dataclass(slots=True)
class Replayed:
    """``counts``: (community, from, to, rule before, rule) → people; ``examples`` the worst first."""

    as_of: datetime
    people: int = 0
    changed: int = 0
    worsened: int = 0
    improved: int = 0
    counts: Counter[tuple[int, str, str, str, str]] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    before_packs: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """As it is kept beside a proposal."""
        names = ("community_id", "from", "to", "before_rule", "rule")
        rows = sorted(
            self.counts.items(), key=lambda one: (one[0][1] == one[0][2], -SEVERITY[one[0][2]], -one[1], one[0])
        )
        return {
            "people": self.people, "changed": self.changed, "worsened": self.worsened, "improved": self.improved,
            "counts": [{**dict(zip(names, key, strict=True)), "people": count} for key, count in rows],
            "examples": self.examples, "before_packs": sorted(self.before_packs),
        }  # fmt: skip


def replay(person_ids: Iterable[int], old: RulesOf, new: RulesOf, at: datetime) -> Replayed:
    """Decide about these people by both packs; who has no pack on a side reads unknown there. The caller acts as the
    system."""
    found = Replayed(at)
    ids = sorted(set(person_ids))
    for start in range(0, len(ids), CHUNK):
        homes = dict(Person.objects.filter(pk__in=ids[start : start + CHUNK]).values_list("pk", "community_id"))
        groups: dict[tuple[tuple[str, ...], ...], tuple[Standing | None, Standing | None, list[int]]] = {}
        for person, community in homes.items():
            before, after = old(community), new(community)
            key = (before.key if before else (), after.key if after else ())
            groups.setdefault(key, (before, after, []))[2].append(person)
        for before, after, people in groups.values():
            _compare(found, before, after, people, homes)
    found.examples.sort(key=lambda one: (-SEVERITY[one["to"]], SEVERITY[one["from"]], one["person_id"]))
    del found.examples[MOST_EXAMPLES:]
    return found


def _compare(
    found: Replayed, before: Standing | None, after: Standing | None, people: list[int], homes: Mapping[int, int]
) -> None:
    found.people += len(people)
    if before is not None:
        found.before_packs.add(f"{before.pack.id} {before.pack.version}")
    if before is not None and after is not None and before.key == after.key:
        return
    rows = delta(_decided(before, people, found.as_of), _decided(after, people, found.as_of)).to_pylist()
    for row in rows:
        was, now = row["previous_status"] or "unknown", row["status"] or "unknown"
        if row["change"] not in _TOLD or (was == now and row["change"] in ("appeared", "gone")):
            continue
        found.changed += 1
        is_worse = SEVERITY[now] > SEVERITY[was] or (was == now and now in ("yellow", "red") and _is_longer(row))
        if now == "unknown" and after is not None and not after.pack.gives_colours:
            is_worse = False
        found.worsened += is_worse
        found.improved += SEVERITY[now] < SEVERITY[was]
        community = homes[row["person_id"]]
        found.counts[community, was, now, row["previous_rule_id"] or "", row["rule_id"] or ""] += 1
        if is_worse and len(found.examples) < 50 * MOST_EXAMPLES:
            until = row["until"]
            found.examples.append(
                {
                    "person_id": row["person_id"], "from": was, "to": now, "rule": row["rule_id"] or "",
                    "before_rule": row["previous_rule_id"] or "",
                    "until": None if until is None else timezone.make_aware(until).isoformat(),
                }
            )  # fmt: skip


def _is_longer(row: Mapping[str, Any]) -> bool:
    before, after = row["previous_until"], row["until"]
    return before is not None and (after is None or after > before)


def _decided(standing: Standing | None, people: list[int], at: datetime) -> pa.Table:
    local = timezone.localtime(at).replace(tzinfo=None)
    if standing is None or not standing.pack.is_in_force(local):
        return DECISIONS.empty()
    return decide_by(standing, people, at).decisions
