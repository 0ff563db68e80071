"""Drafts and registered people → who is one person, and what contradicts what (``engine.linkage``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from lianfang.domains.registry.imports.drafts import Draft
from lianfang.domains.registry.imports.registered import Known
from lianfang.domains.registry.services.facts import PersonFacts
from lianfang.engine.linkage import RECORDS, link_people

_WHO = ("name", "id_type", "id_number", "id_is_valid", "phone", "sex", "birth_on")


@dataclass(slots=True)
class Clash:
    """What ``engine.linkage`` found: ``says`` is (record, field, value). A record below the number of drafts is
    a draft, one from there on is a registered person."""

    key: str
    kind: str
    says: list[tuple[int, str, str]] = field(default_factory=list)
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Linked:
    """``person_keys`` runs over the drafts, then the registered people."""

    person_keys: list[str]
    clashes: list[Clash]


def link(drafts: Sequence[Draft], known: Sequence[Known]) -> Linked:
    """Link the usable drafts with one another and with the registered people."""
    usable = [one for one in drafts if not one.refused]
    records = [_of_draft(one) for one in usable]
    records += [_of_known(one, len(drafts) + at) for at, one in enumerate(known)]
    columns = {
        name: pa.array([one.get(name) for one in records], RECORDS.schema.field(name).type)
        for name in RECORDS.schema.names
    }
    del records
    linkage = link_people(pa.table(columns, schema=RECORDS.schema))
    keys = [""] * (len(drafts) + len(known))
    members = linkage.members
    for record, key in zip(members["record_id"].to_pylist(), members["person_key"].to_pylist(), strict=True):
        keys[record] = key
    return Linked(keys, [*_conflicts(linkage.conflicts), *_pairs(linkage.unsure)])


def _of_draft(draft: Draft) -> dict[str, Any]:
    record = _record(draft.facts, draft.number)
    record |= _place(draft.spot, draft.room)
    record["id_mask"], record["phone_mask"] = draft.masks.get("id"), draft.masks.get("phone")
    record["address"] = draft.address or None
    return record


def _of_known(known: Known, number: int) -> dict[str, Any]:
    return {**_record(known.facts, number), **_place(known.spot, known.room)}


def _record(facts: PersonFacts, number: int) -> dict[str, Any]:
    said = {name: getattr(facts, name) for name in _WHO}
    return {
        "record_id": number,
        "role": "roster",
        **{name: None if value == "" else value for name, value in said.items()},
    }


def _place(spot: Any, room: str) -> dict[str, Any]:
    return {
        "community": str(spot.community_id),
        "compound": spot.compound or None,
        "building": spot.building or None,
        "unit": spot.unit or None,
        "room": room or None,
    }


def _conflicts(table: pa.Table) -> list[Clash]:
    found: dict[str, Clash] = {}
    for row in table.to_pylist():
        clash = found.setdefault(row["conflict_key"], Clash(row["conflict_key"], row["kind"]))
        clash.says.append((row["record_id"], row["field"], row["value"] or ""))
    return list(found.values())


def _pairs(table: pa.Table) -> list[Clash]:
    clashes = []
    for row in table.to_pylist():
        differs = ",".join(row["differs"] or ())
        clashes.append(
            Clash(
                row["pair_key"], "pair", [(row["record_a"], differs, ""), (row["record_b"], differs, "")], row["score"]
            )
        )
    return clashes


class Groups:
    """Union-find over records."""

    def __init__(self, keys: Sequence[str]) -> None:
        first: dict[str, int] = {}
        self._parent = [first.setdefault(key, at) if key else at for at, key in enumerate(keys)]

    def root(self, at: int) -> int:
        while self._parent[at] != at:
            self._parent[at] = at = self._parent[self._parent[at]]
        return at

    def join(self, a: int, b: int) -> None:
        a, b = sorted((self.root(a), self.root(b)))
        self._parent[b] = a

    def members(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for at in range(len(self._parent)):
            found[self.root(at)].append(at)
        return list(found.values())
