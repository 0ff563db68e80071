"""Which field each column holds: by its label, by its cells, by what is remembered, and how sure that is.

A confidence of 0.9 or more is sure; below ``ASK`` a person is asked. A column whose label and cells
disagree is never sure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from lianfang.engine.intake.content import Profile, fits, profile_of
from lianfang.engine.intake.contexts import contexts_of
from lianfang.engine.intake.contract import ColumnReading, Problem
from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.files.contract import column_letters
from lianfang.engine.intake.groups import Grouping, group_columns
from lianfang.engine.intake.labels import LOW, LabelReading, read_label
from lianfang.engine.intake.values.contract import Cell
from lianfang.engine.intake.vocabulary import fold_label

ASK = 0.6
_EXAMPLES = 3
_OF_A_PLACE = frozenset(
    ("address", "phone", "province", "city", "county", "township", "community", "sex", "age", "occupation", "employer")
)
_PHONE_OF = {"chief_name": "chief_phone", "guardian_name": "guardian_phone", "grid_worker_name": "grid_worker_phone"}
_ANCHORS = frozenset(("name", "id_number", "tube_code", "household_no", "booking_code", "case_no", "relation_to_head"))


@dataclass(frozen=True, slots=True)
class ColumnCells:
    """One column of a table: where it is, what stands above it, and its cells below the header."""

    index: int
    levels: tuple[str, ...]
    cells: Sequence[Cell]

    @property
    def label(self) -> str:
        return "/".join(self.levels)


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier decision about a label: the fields (empty: none), and code table entries."""

    fields: tuple[str, ...] | None = None
    codes: dict[str, str] = field(default_factory=dict)


Recall = Callable[[str, str, str], Remembered | None]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A column while it is being decided."""

    source: ColumnCells
    said: LabelReading
    profile: Profile
    fields: tuple[str, ...]
    confidence: float
    how: str
    alternatives: tuple[tuple[str, float], ...] = ()
    remembered: Remembered | None = None
    disagrees: str = ""
    used: bool = True

    @property
    def owner(self) -> str:
        return self.said.owner

    @property
    def owner_kind(self) -> str:
        return self.said.owner_kind

    @property
    def ordinal(self) -> int | None:
        return self.said.ordinal

    @property
    def folded(self) -> str:
        return fold_label(self.source.label)

    @property
    def fixed(self) -> bool:
        return self.remembered is not None and self.remembered.fields is not None


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns of a table as understood. ``unused[i]`` says that another column has the field."""

    columns: tuple[ColumnReading, ...]
    grouping: Grouping
    unused: frozenset[int]
    problems: tuple[Problem, ...] = ()


def map_columns(sources: Sequence[ColumnCells], *, sheet: str, title: str = "", recall: Recall | None = None) -> Mapped:
    """Decide the field of every column of one table."""
    drafts = [_draft(source, sources, position, recall) for position, source in enumerate(sources)]
    drafts = _settle_ambiguous(drafts, title)
    drafts = [_weigh(draft) for draft in drafts]
    drafts = _settle_heads_and_contacts(drafts)
    drafts = _settle_phones_after_others(drafts)
    drafts = _lower_where_nobody_is(drafts)
    grouping = group_columns(drafts)
    drafts = _settle_rivals(drafts, grouping)
    drafts = [_members_without_name(draft, grouping.group[i]) for i, draft in enumerate(drafts)]
    columns = tuple(_reading(draft, grouping.group[i]) for i, draft in enumerate(drafts))
    unused = frozenset(i for i, draft in enumerate(drafts) if not draft.used)
    return Mapped(columns, grouping, unused, tuple(_problems(drafts, sheet)))


def _neighbours(sources: Sequence[ColumnCells], position: int) -> str:
    around = (position - 1, position + 1)
    return "|".join(fold_label(sources[i].label) if 0 <= i < len(sources) else "" for i in around)


def _draft(source: ColumnCells, sources: Sequence[ColumnCells], position: int, recall: Recall | None) -> _Draft:
    said = read_label(source.levels)
    remembered = None
    if recall is not None and source.label:
        remembered = recall(source.label, _neighbours(sources, position), said.text)
    profile = profile_of(source.cells)
    if remembered is not None and remembered.fields is not None:
        return _Draft(source, said, profile, remembered.fields, 1.0, "memory", (), remembered)
    how = "label" if source.levels and (said.known or said.fields) else "none"
    return _Draft(source, said, profile, said.fields, said.confidence, how, said.alternatives, remembered)


def _sure_fields(drafts: Iterable[_Draft]) -> frozenset[str]:
    named = {name for draft in drafts for name in draft.fields if draft.confidence >= 0.7}
    for draft in drafts:
        if not draft.source.levels and draft.profile.likely and draft.profile.likely[0][1] >= 0.7:
            named.add(draft.profile.likely[0][0])
    return frozenset(named)


def _settle_ambiguous(drafts: list[_Draft], title: str) -> list[_Draft]:
    plain = [draft for draft in drafts if draft.said.ambiguous is None or draft.fixed]
    contact_named = any("接触者" in draft.folded or "密接" in draft.folded for draft in plain)
    listed = any(draft.said.ambiguous is None and draft.fields == ("name",) and not draft.owner for draft in drafts)
    contact_named = contact_named and listed
    fields = _sure_fields(plain)
    contexts = contexts_of(fields, contact_named=contact_named)
    if "卡口" in title:
        contexts |= {"gate"}
    return [_settled(draft, contexts) for draft in drafts]


def _settled(draft: _Draft, contexts: frozenset[str]) -> _Draft:
    if draft.said.ambiguous is None or draft.fixed:
        return draft
    for when, name, confidence in draft.said.ambiguous.meanings:
        if when in contexts:
            others = [one for _, one, _ in draft.said.ambiguous.meanings if one and one != name]
            alternatives = tuple((one, 0.4) for one in dict.fromkeys(others))
            fields = (name,) if name else ()
            return replace(draft, fields=fields, confidence=confidence, alternatives=alternatives, how="label")
    return draft


def _weigh(draft: _Draft) -> _Draft:
    """Put what the label says and what the cells look like together."""
    likely = draft.profile.likely
    if draft.fixed or not draft.profile.texts:
        return draft
    if not draft.fields:
        if (draft.said.known and draft.confidence >= ASK) or not likely:
            return draft
        name, sure = likely[0]
        cap = 1.0 if not draft.source.levels else LOW
        return replace(
            draft, fields=(name,), confidence=round(min(sure, cap), 3), how="content", alternatives=likely[1:3]
        )
    if len(draft.fields) > 1:
        return draft
    share = fits(draft.profile, draft.fields[0])
    if share is None:
        return _weigh_free_text(draft)
    sure = draft.confidence
    if share >= 0.8:
        gain = 0.5 if _telling(draft) else 0.15
        return replace(draft, confidence=round(1 - (1 - sure) * (1 - gain), 3), how="label+content")
    if share >= 0.5:
        return draft
    return _weigh_misfit(draft, share)


def _telling(draft: _Draft) -> bool:
    return any(name == draft.fields[0] for name, _ in draft.profile.likely)


def _weigh_free_text(draft: _Draft) -> _Draft:
    """A field of free text whose cells are clearly something else (names, identity numbers, phones)."""
    foreign = [(name, sure) for name, sure in draft.profile.likely if name in ("id_number", "phone") and sure >= 0.6]
    if foreign and draft.fields[0] not in ("remark", "companions", "household_no", "record_id", "booking_code"):
        return replace(
            draft, confidence=min(draft.confidence, 0.5), alternatives=tuple(foreign), disagrees=foreign[0][0]
        )
    return draft


def _weigh_misfit(draft: _Draft, share: float) -> _Draft:
    name = draft.fields[0]
    kind = FIELDS[name].kind
    others = [
        (other, sure)
        for other, sure in draft.profile.likely
        if sure >= 0.5 and FIELDS[other].kind != kind and other not in ("row_no", "room")
    ]
    if others:
        lowered = min(draft.confidence * 0.5, 0.5)
        return replace(
            draft, confidence=round(lowered, 3), how="label", alternatives=tuple(others[:2]), disagrees=others[0][0]
        )
    strict = kind in ("id_number", "sex", "result", "phone", "person")
    factor = 0.75 if strict and share < 0.2 else 0.88
    return replace(draft, confidence=round(draft.confidence * factor, 3))


def _settle_heads_and_contacts(drafts: list[_Draft]) -> list[_Draft]:
    """户主姓名 names the person of the row only where no other column does; a contact person never
    where another column does."""
    own = any(
        "name" in draft.fields and draft.owner_kind not in ("person", "place") and draft.confidence >= ASK
        for draft in drafts
    )
    own_id = any("id_number" in draft.fields and draft.owner != "head" for draft in drafts)
    lists_members = any("relation_to_head" in draft.fields for draft in drafts)
    settled = []
    for draft in drafts:
        borrowed = draft.owner == "head" or (draft.owner == "contact" and "name" in draft.fields)
        if not borrowed or draft.fixed or not draft.fields:
            settled.append(draft)
        elif own or (own_id and draft.fields == ("id_number",)):
            others = tuple((name, 0.3) for name in draft.fields)
            settled.append(replace(draft, fields=(), confidence=0.85, how="label", alternatives=others))
        elif lists_members:
            settled.append(replace(draft, confidence=min(draft.confidence, LOW)))
        else:
            settled.append(replace(draft, confidence=min(draft.confidence, 0.9)))
    return settled


def _settle_phones_after_others(drafts: list[_Draft]) -> list[_Draft]:
    """A bare 联系电话 right after 楼长 or 监护人 may be theirs: it is, where the person's own phone stands
    elsewhere; else a person must say."""
    plain = [i for i, draft in enumerate(drafts) if draft.fields == ("phone",) and not draft.owner]
    settled = list(drafts)
    for index in plain:
        before = drafts[index - 1] if index else None
        if before is None or drafts[index].fixed or before.owner == "head":
            continue
        if before.owner_kind != "person" and not set(before.fields) & set(_PHONE_OF):
            continue
        if any("phone" in name for name in before.fields) or "电话" in before.folded or "手机" in before.folded:
            continue
        theirs = _PHONE_OF.get(before.fields[0] if before.fields else "", "")
        own = any(other != index for other in plain)
        fields, least = ((theirs,) if theirs else (), 0.75) if own else (("phone",), 0.58)
        settled[index] = replace(
            drafts[index],
            fields=fields,
            confidence=min(drafts[index].confidence, least),
            alternatives=((theirs or "phone_other", 0.4),),
        )
    return settled


def _lower_where_nobody_is(drafts: list[_Draft]) -> list[_Draft]:
    """A table that lists no people: its address or phone belongs to a gate, a shop, an office."""
    if any(_ANCHORS & set(draft.fields) and draft.confidence >= 0.5 for draft in drafts):
        return drafts
    if not any(draft.source.levels for draft in drafts):
        return drafts
    lives = any({"building", "room", "unit"} & set(draft.fields) for draft in drafts)
    person = {name for draft in drafts for name in draft.fields if FIELDS[name].group in ("person", "health")}
    if lives or len(person - {"phone"}) >= 2:
        return drafts
    return [
        replace(draft, confidence=min(draft.confidence, 0.58))
        if not draft.fixed and _OF_A_PLACE & set(draft.fields)
        else draft
        for draft in drafts
    ]


def _settle_rivals(drafts: list[_Draft], grouping: Grouping) -> list[_Draft]:
    """Give a field that may be held once per person to the surest column; ask about the others."""
    settled = list(drafts)
    claims: dict[tuple[str, int], list[int]] = {}
    for index, draft in enumerate(drafts):
        for name in draft.fields:
            if FIELDS[name].several == "only":
                claims.setdefault((name, grouping.group[index]), []).append(index)
    for (name, _), indexes in claims.items():
        if len(indexes) < 2:
            continue
        best = max(indexes, key=lambda i: _claim(settled[i], i))
        for index in indexes:
            if index != best and settled[index].folded != settled[best].folded and not settled[index].fixed:
                settled[index] = _set_aside(settled[index], name)
    return settled


def _claim(draft: _Draft, index: int) -> tuple[bool, bool, float, int]:
    """The order among columns that want one field: a quick antigen test gives way to the laboratory's."""
    return draft.fixed, "抗原" not in draft.folded, round(draft.confidence, 2), -index


def _set_aside(draft: _Draft, name: str) -> _Draft:
    if name == "phone" and len(draft.fields) == 1 and draft.owner_kind in ("", "head"):
        return replace(
            draft, fields=("phone_other",), confidence=min(draft.confidence, 0.75), alternatives=(("phone", 0.5),)
        )
    if name == "name" and draft.fields == ("name",) and draft.said.confidence < 0.9:
        # 姓名 beside 司机: the driver is somebody else.
        return replace(draft, fields=(), confidence=LOW, alternatives=(("name", 0.4),))
    return replace(draft, confidence=min(draft.confidence, 0.5), used=False)


def _members_without_name(draft: _Draft, group: int) -> _Draft:
    """同住人电话 with no name of the companion names nobody of the row."""
    if draft.owner_kind != "member" or group or draft.fixed:
        return draft
    if draft.fields == ("name",):
        return replace(draft, fields=("companions",), confidence=min(draft.confidence, 0.7))
    if draft.fields == ("phone",):
        return replace(draft, fields=("phone_other",), confidence=min(draft.confidence, LOW))
    return replace(draft, fields=(), confidence=0.7, alternatives=tuple((name, 0.3) for name in draft.fields))


def _reading(draft: _Draft, group: int) -> ColumnReading:
    codes = dict(draft.said.codes)
    if draft.remembered is not None:
        codes.update(draft.remembered.codes)
    cells = draft.source.cells
    filled = len(cells) - cells.count(None) - cells.count("") if draft.profile.texts else 0
    return ColumnReading(
        column=column_letters(draft.source.index),
        label=draft.source.label,
        fields=draft.fields,
        confidence=round(min(max(draft.confidence, 0.0), 1.0), 3),
        how=draft.how,
        group=group,
        alternatives=tuple(item for item in draft.alternatives if item[0] not in draft.fields),
        codes=codes,
        examples=draft.profile.texts[:_EXAMPLES],
        filled=filled,
    )


def _problems(drafts: Iterable[_Draft], sheet: str) -> Iterable[Problem]:
    for draft in drafts:
        if draft.disagrees and draft.fields:
            yield Problem(
                "label_content_disagree",
                "warning",
                sheet=sheet,
                column=column_letters(draft.source.index),
                params={
                    "label": draft.source.label,
                    "field": draft.fields[0],
                    "looks_like": draft.disagrees,
                    "example": draft.profile.texts[0] if draft.profile.texts else "",
                },
            )
