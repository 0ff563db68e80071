"""What a clerk may decide about rows that contradict each other, and what is suggested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lianfang.domains.registry.imports.linking import Clash

SAME, DIFFERENT, KEEP, TAKE, DROP, SKIP = "same", "different", "keep", "take", "drop", "skip"

CHOICES: Mapping[str, tuple[str, ...]] = {
    # One person? (unsure pairs)
    "pair": (SAME, DIFFERENT, SKIP),
    # One document, two names: one person under the first name, under the last, or two people.
    "identity_names": (KEEP, TAKE, DIFFERENT, SKIP),
    # Two numbers a digit apart.
    "identity_digit": (SAME, DIFFERENT, SKIP),
    # A number that fails its check: kept as written, or left out.
    "identity_check": (KEEP, DROP, SKIP),
    "phone_shared": (KEEP, DROP, SKIP),
    "several_rooms": (KEEP, TAKE, SKIP),
    "moved": (TAKE, KEEP, SKIP),
    "room_identities": (DIFFERENT, SAME, SKIP),
    "repeated_rows": (SAME, DIFFERENT, SKIP),
    "class_differs": (TAKE, KEEP, SKIP),
}
"""Kind → choices, in the order of the keys 1 2 3 …"""

KINDS = tuple(CHOICES)
_PROBABLY_SAME = 0.9


@dataclass(slots=True)
class Conflict:
    """``rows`` are numbers of drafts; ``says`` is (draft or None, person or None, field, value)."""

    key: str
    kind: str
    rows: list[int]
    person_ids: list[int] = field(default_factory=list)
    says: list[tuple[int | None, int | None, str, str]] = field(default_factory=list)
    suggestion: str = ""
    choice: str = ""

    @property
    def decision(self) -> str:
        """What counts: the choice, or while it is open what is suggested."""
        return self.choice or self.suggestion

    def row_values(self) -> dict[int, str]:
        return {row: value for row, _, _, value in self.says if row is not None}


def conflicts_of(
    clashes: Sequence[Clash],
    drafts: int,
    person_ids: Sequence[int],
    person_keys: Sequence[str],
    choices: Mapping[str, str],
) -> list[Conflict]:
    """The contradictions of ``engine.linkage`` in which a row of the files takes part."""
    found = []
    for clash in clashes:
        conflict = _conflict(clash, drafts, person_ids, person_keys)
        if conflict is not None:
            chosen = choices.get(conflict.key, "")
            conflict.choice = chosen if chosen in CHOICES[conflict.kind] else ""
            found.append(conflict)
    return found


def _conflict(clash: Clash, drafts: int, person_ids: Sequence[int], person_keys: Sequence[str]) -> Conflict | None:
    rows = sorted({record for record, _, _ in clash.says if record < drafts})
    if not rows:
        return None
    kind = _kind(clash)
    says: list[tuple[int | None, int | None, str, str]] = [
        (record, None, name, value) if record < drafts else (None, person_ids[record - drafts], name, value)
        for record, name, value in clash.says
    ]
    if kind == "several_rooms":
        # Against what is registered it is a move, which planning finds by itself.
        says = [one for one in says if one[0] is not None]
        if len({value for *_, value in says}) < 2:
            return None
    people = sorted({person for _, person, _, _ in says if person is not None})
    is_one = len({person_keys[record] for record, _, _ in clash.says}) == 1
    return Conflict(clash.key, kind, rows, people, says, _suggestion(kind, clash.score, is_one))


def _kind(clash: Clash) -> str:
    """A number that fails its check beside no other is a kind of its own: there is nobody to tell apart."""
    if clash.kind == "identity_digit" and len({value for _, _, value in clash.says}) == 1:
        return "identity_check"
    return clash.kind


def _suggestion(kind: str, score: float, is_one: bool) -> str:
    if kind == "pair":
        return SAME if score >= _PROBABLY_SAME else DIFFERENT
    if kind in ("identity_digit", "repeated_rows"):
        return SAME if is_one else DIFFERENT
    if kind == "identity_names":
        return KEEP if is_one else DIFFERENT
    return CHOICES[kind][0]
