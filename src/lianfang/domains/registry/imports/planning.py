"""What an import would change: drafts, registered people and decisions → one plan per person. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from lianfang.domains.registry.imports.conflicts import (
    CHOICES,
    DIFFERENT,
    DROP,
    KEEP,
    SAME,
    SKIP,
    TAKE,
    Conflict,
    conflicts_of,
)
from lianfang.domains.registry.imports.drafts import Draft, place_text
from lianfang.domains.registry.imports.linking import Groups, Linked
from lianfang.domains.registry.imports.registered import Known
from lianfang.domains.registry.models import LivingState
from lianfang.domains.registry.services.bulk import Spot
from lianfang.domains.registry.services.facts import PersonFacts
from lianfang.domains.registry.words import ordered_needs
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone

ADD, UPDATE, SAME_AS, REPEAT, SKIPPED, REFUSED = "add", "update", "same", "repeat", "skip", "refused"
_FILLED = (
    "sex",
    "birth_on",
    "phone",
    "relation_to_head",
    "class_kind",
    "key_person_kind",
    "occupation",
    "employer",
)

Saying = tuple[int | None, int | None, str, str]


@dataclass(slots=True)
class Plan:
    """One person of the files: facts and place as they would be registered. ``changes``: field → [before, after]."""

    leader: int
    members: list[int]
    known: Known | None
    action: str
    facts: PersonFacts
    spot: Spot
    room: str
    floor: int | None = None
    tenancy: str = ""
    moves: bool = False
    returns: bool = False
    changes: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Planned:
    """``skipped``: drafts that are left out, and why (decided, died). ``fingerprint`` is equal where
    the same would be changed."""

    plans: list[Plan]
    conflicts: list[Conflict]
    skipped: dict[int, str]
    fingerprint: str


def plan(drafts: Sequence[Draft], known: Sequence[Known], linked: Linked, choices: Mapping[str, str]) -> Planned:
    """``choices``: conflict key → what was decided; open conflicts count as suggested."""
    person_ids = [one.person_id for one in known]
    conflicts = conflicts_of(linked.clashes, len(drafts), person_ids, linked.person_keys, choices)
    _name_rooms(drafts, conflicts)
    drafts = _without_dropped(drafts, conflicts)
    skipped = dict.fromkeys((row for one in conflicts if one.decision == SKIP for row in one.rows), "decided")
    clusters = _clusters(drafts, known, linked.person_keys, conflicts, skipped)
    preferences = _Preferences(conflicts, choices)
    plans: list[Plan] = []
    for members, person in clusters:
        made = _planned([drafts[at] for at in members], person, preferences)
        if made is None:
            is_dead = person is not None and person.state == LivingState.DIED
            skipped |= dict.fromkeys(members, "died" if is_dead else "decided")
        else:
            plans.append(made)
    plans.sort(key=lambda one: one.leader)
    _one_number_one_person(plans, known)
    conflicts += preferences.found
    conflicts = _still_open(conflicts, plans)
    return Planned(plans, conflicts, skipped, _fingerprint(plans, skipped))


def _name_rooms(drafts: Sequence[Draft], conflicts: Iterable[Conflict]) -> None:
    """Several rooms as people read them, the row that says most first: its room is the one that is kept."""
    for one in conflicts:
        if one.kind == "several_rooms":
            rows = sorted((drafts[row] for row in one.rows), key=lambda draft: draft.standing)
            one.says = [(draft.number, None, "place", place_text(draft.spot, draft.room)) for draft in rows]


def _without_dropped(drafts: Sequence[Draft], conflicts: Iterable[Conflict]) -> list[Draft]:
    """The drafts without the numbers that were decided to be wrong."""
    changed = list(drafts)
    for one in conflicts:
        if one.decision == DROP:
            emptied = (
                {"phone": ""} if one.kind == "phone_shared" else {"id_number": "", "id_type": "", "id_is_valid": None}
            )
            for row in one.rows:
                draft = changed[row]
                changed[row] = replace(
                    draft,
                    facts=replace(draft.facts, **emptied),
                    problems=[*draft.problems, "phone_left_out" if one.kind == "phone_shared" else "id_left_out"],
                )
    return changed


def _clusters(
    drafts: Sequence[Draft],
    known: Sequence[Known],
    person_keys: Sequence[str],
    conflicts: Iterable[Conflict],
    skipped: Mapping[int, str],
) -> list[tuple[list[int], Known | None]]:
    """Rows of one person, with the registered person they are, if any."""
    keys = list(person_keys)
    for one in conflicts:
        if one.decision == DIFFERENT and one.kind != "pair":
            _tell_apart(keys, one)
    groups = Groups(keys)
    at_known = {one.person_id: len(drafts) + at for at, one in enumerate(known)}
    for one in conflicts:
        if one.kind in ("pair", "identity_digit", "identity_names", "room_identities", "repeated_rows") and (
            one.decision in (SAME, KEEP, TAKE)
        ):
            involved = [*one.rows, *(at_known[pk] for pk in one.person_ids)]
            for other in involved[1:]:
                groups.join(involved[0], other)
    clusters: list[tuple[list[int], Known | None]] = []
    for members in groups.members():
        rows = [at for at in members if at < len(drafts) and not drafts[at].refused and at not in skipped]
        people = [known[at - len(drafts)] for at in members if at >= len(drafts)]
        if rows:
            clusters += _by_person(rows, people, drafts)
    return clusters


def _tell_apart(keys: list[str], conflict: Conflict) -> None:
    """Each value that the rows say becomes a person of its own; rows that only repeat each other are all their own."""
    values = conflict.row_values()
    registered = {value for row, _, _, value in conflict.says if row is None}
    first = min(registered, default=values[conflict.rows[0]])
    for place, row in enumerate(conflict.rows):
        if conflict.kind == "repeated_rows":
            suffix = str(place) if place else ""
        else:
            suffix = "" if values[row] == first else values[row]
        if suffix:
            keys[row] = f"{keys[row]}|{conflict.key}|{suffix}"


def _by_person(
    rows: list[int], people: Sequence[Known], drafts: Sequence[Draft]
) -> list[tuple[list[int], Known | None]]:
    """Registered people stay who they are: each row goes to the one it is most like."""
    if len(people) <= 1:
        return [(rows, people[0] if people else None)]
    parts: dict[int, list[int]] = {}
    for row in rows:
        likeness = [_likeness(drafts[row], one) for one in people]
        parts.setdefault(likeness.index(max(likeness)), []).append(row)
    return [(part, people[at]) for at, part in sorted(parts.items())]


def _likeness(draft: Draft, known: Known) -> int:
    facts, other = draft.facts, known.facts
    return (
        16 * bool(facts.id_number and facts.id_number == other.id_number)
        + 4 * (facts.name == other.name)
        + 2 * bool(facts.phone and facts.phone == other.phone)
        + 2 * (draft.room == known.room and draft.spot == known.spot)
        + (known.state in (LivingState.LIVING, LivingState.AWAY))
    )


class _Preferences:
    """Which value wins where rows of one person, or the registered one, differ; finds what must be asked about it."""

    def __init__(self, conflicts: Iterable[Conflict], choices: Mapping[str, str]) -> None:
        self._choices = choices
        self.found: list[Conflict] = []
        self._takes: dict[str, set[int]] = {"name": set(), "place": set()}
        for one in conflicts:
            if one.decision == TAKE and one.kind in ("identity_names", "several_rooms"):
                self._takes["name" if one.kind == "identity_names" else "place"].update(one.rows)

    def takes_other(self, what: str, rows: Iterable[int]) -> bool:
        """Whether the other value was decided for: the last name, or a place that is not the fullest row's."""
        return not self._takes[what].isdisjoint(rows)

    def ask(self, kind: str, rows: list[int], known: Known | None, says: list[Saying], suggestion: str) -> str:
        """The decision about ``kind`` here. The question is the same one when the files are read again."""
        content = f"{kind}|{known.person_id if known else rows[0]}|" + "|".join(value for *_, value in says)
        key = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()[:16]
        chosen = self._choices.get(key, "")
        conflict = Conflict(
            key,
            kind,
            rows,
            [known.person_id] if known else [],
            says,
            suggestion,
            chosen if chosen in CHOICES[kind] else "",
        )
        self.found.append(conflict)
        return conflict.decision


def _planned(rows: Sequence[Draft], known: Known | None, preferences: _Preferences) -> Plan | None:
    """The plan of one person; None where a decision leaves the rows out."""
    numbers = [one.number for one in rows]
    lead = max(
        rows, key=lambda one: (one.facts.id_is_valid is True, bool(one.facts.id_number), bool(one.room), -one.number)
    )
    facts = _merged([lead, *(one for one in rows if one is not lead)])
    if preferences.takes_other("name", numbers):
        facts = replace(facts, name=rows[-1].facts.name)
    classes = {one.facts.class_kind: one.number for one in rows if one.facts.class_kind}
    if len(classes) > 1:
        says: list[Saying] = [(row, None, "class_kind", value) for value, row in classes.items()]
        decision = preferences.ask("class_differs", numbers, None, says, KEEP)
        if decision == SKIP:
            return None
        facts = replace(facts, class_kind=list(classes)[-1 if decision == TAKE else 0])
    home = _home(rows, is_other=preferences.takes_other("place", numbers))
    made = Plan(
        lead.number,
        numbers,
        known,
        ADD,
        facts,
        home.spot,
        home.room,
        home.floor,
        home.tenancy,
        problems=list(dict.fromkeys(problem for one in rows for problem in one.problems)),
    )
    if known is not None and not _compare(made, known, preferences):
        return None
    return made


def _home(rows: Sequence[Draft], *, is_other: bool) -> Draft:
    """The row whose place counts: the one that says most, as ``lianfang reconcile`` counts it, or a roommate of it that
    knows the room. ``is_other``: the last row that gives another place."""
    placed = [one for one in rows if one.room] or [one for one in rows if one.spot.building] or rows
    first = min((one for one in rows if one.spot.building), key=lambda one: one.standing, default=placed[0])
    if not first.room:
        there = [one for one in placed if one.spot[:3] == first.spot[:3]]
        first = min(there or placed, key=lambda one: one.standing)
    others = [one for one in placed if (one.spot, one.room) != (first.spot, first.room)]
    return others[-1] if is_other and others else first


def _merged(rows: Sequence[Draft]) -> PersonFacts:
    """What the rows say together: the first that says something wins, needs and remarks are put together."""
    facts = rows[0].facts
    if len(rows) == 1:
        return facts
    merged: dict[str, object] = {}
    for name in _FILLED:
        merged[name] = next((value for one in rows if (value := getattr(one.facts, name))), getattr(facts, name))
    if not facts.id_number:
        numbered = next((one.facts for one in rows if one.facts.id_number), facts)
        merged |= {name: getattr(numbered, name) for name in ("id_number", "id_type", "id_is_valid")}
    merged["special_needs"] = ordered_needs(need for one in rows for need in one.facts.special_needs)
    merged["remark"] = " ".join(dict.fromkeys(one.facts.remark for one in rows if one.facts.remark))[:400]
    return replace(facts, **merged)  # type: ignore[arg-type]


def _compare(made: Plan, known: Known, preferences: _Preferences) -> bool:
    """Fill in what differs from the registered person; False where the rows are left out."""
    if known.state == LivingState.DIED:
        return False
    given, before = made.facts, known.facts
    after = {name: getattr(given, name) or getattr(before, name) for name in _FILLED}
    after["name"] = given.name if preferences.takes_other("name", made.members) else before.name
    for name in ("id_number", "id_type", "id_is_valid"):
        after[name] = getattr(given if _brings_number(given, before) else before, name)
    after["special_needs"] = ordered_needs((*before.special_needs, *given.special_needs))
    after["remark"] = (
        before.remark if given.remark in before.remark else f"{before.remark} {given.remark}".strip()[:400]
    )
    if given.class_kind and before.class_kind and given.class_kind != before.class_kind:
        says = [
            (made.leader, None, "class_kind", given.class_kind),
            (None, known.person_id, "class_kind", before.class_kind),
        ]
        decision = preferences.ask("class_differs", made.members, known, says, TAKE)
        if decision == SKIP:
            return False
        after["class_kind"] = before.class_kind if decision == KEEP else given.class_kind
    made.facts = replace(before, **after)
    if not _compare_place(made, known, preferences):
        return False
    for name in (*_FILLED, "name", "id_number", "special_needs", "remark"):
        old, new = getattr(before, name), getattr(made.facts, name)
        if old != new:
            made.changes[name] = [_shown(name, old), _shown(name, new)]
    made.action = UPDATE if made.changes else SAME_AS
    return True


def _brings_number(given: PersonFacts, before: PersonFacts) -> bool:
    """A number replaces none, and a valid one replaces one that is not."""
    return bool(given.id_number) and (
        not before.id_number or (given.id_is_valid is True and before.id_is_valid is False)
    )


def _compare_place(made: Plan, known: Known, preferences: _Preferences) -> bool:
    moved = bool(made.room or made.spot.building) and _elsewhere(made, known)
    back = known.state == LivingState.MOVED_OUT
    if moved or back:
        old, new = place_text(known.spot, known.room), place_text(made.spot, made.room)
        says: list[Saying] = [
            (made.leader, None, "place", new),
            (None, known.person_id, "place", old),
        ]
        decision = preferences.ask("moved", made.members, known, says, TAKE)
        if decision == SKIP:
            return False
        if decision == TAKE:
            made.moves, made.returns = moved, back
            made.changes["place" if moved else "state"] = [old, new] if moved else [known.state, LivingState.LIVING]
            return True
    made.spot, made.room = known.spot, known.room
    return True


def _elsewhere(made: Plan, known: Known) -> bool:
    new, old = made.spot, known.spot
    if new.community_id != old.community_id or (made.room and made.room != known.room) or new.building != old.building:
        return True
    return any(a and b and a != b for a, b in ((new.unit, old.unit), (new.compound, old.compound)))


def _shown(name: str, value: object) -> str:
    if name == "id_number":
        return mask_identity(str(value or ""))
    if name == "phone":
        return mask_phone(str(value or ""))
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _one_number_one_person(plans: Iterable[Plan], known: Iterable[Known]) -> None:
    """A community holds a number once: whoever comes second is registered without it, and it is said."""
    holders: dict[tuple[int, str], int] = {
        (one.spot.community_id, one.facts.id_number): one.person_id
        for one in known
        if one.facts.id_number and one.state != LivingState.MOVED_OUT
    }
    for one in plans:
        number = one.facts.id_number
        if not number:
            continue
        own = one.known.person_id if one.known else -1 - one.leader
        holder = holders.setdefault((one.spot.community_id, number), own)
        if holder == own:
            continue
        before = one.known.facts if one.known else None
        if before is not None and before.id_number == number:
            # Only the move would bring two of them together.
            one.spot, one.room, one.moves = one.known.spot, one.known.room, False  # type: ignore[union-attr]
            one.changes.pop("place", None)
            one.problems.append("id_taken_there")
            one.action = UPDATE if one.changes else SAME_AS
            continue
        one.facts = replace(
            one.facts,
            id_number=before.id_number if before else "",
            id_type=before.id_type if before else "",
            id_is_valid=before.id_is_valid if before else None,
        )
        one.changes.pop("id_number", None)
        one.problems.append("id_taken")
        if one.known is not None and not one.changes:
            one.action = SAME_AS


def _still_open(conflicts: Iterable[Conflict], plans: Iterable[Plan]) -> list[Conflict]:
    """Without those nobody need decide: rows that say what is registered already."""
    same = {row for one in plans if one.action == SAME_AS for row in one.members}
    return [one for one in conflicts if one.choice or not same.issuperset(one.rows)]


def _fingerprint(plans: Iterable[Plan], skipped: Mapping[int, str]) -> str:
    digest = hashlib.sha256(repr(sorted(skipped.items())).encode())
    for one in plans:
        person = (one.known.person_id, one.known.version, one.known.state) if one.known else None
        digest.update(repr((one.members, one.action, person, one.facts, one.spot, one.room)).encode())
    return digest.hexdigest()
