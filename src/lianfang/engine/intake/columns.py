"""Which field each column holds: by its label, by its cells, by what is remembered, and how sure that is.

A confidence of 0.9 or more is sure; below ``ASK`` a person is asked. A column whose label and cells
disagree is never sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lianfang.engine.intake.cell_column import CellColumn
from lianfang.engine.intake.content import fits, profile_of
from lianfang.engine.intake.contexts import contexts_of
from lianfang.engine.intake.contract import ColumnReading, Problem
from lianfang.engine.intake.drafts import ASK, ColumnCells, Draft, Recall, Remembered
from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.files.contract import column_letters
from lianfang.engine.intake.groups import Grouping, group_columns
from lianfang.engine.intake.labels import LOW, read_label
from lianfang.engine.intake.options import choices_in, decided_by
from lianfang.engine.intake.people import (
    family_is_listed,
    members_without_name,
    settle_heads_and_contacts,
    settle_phones_after_others,
    settle_relatives,
)
from lianfang.engine.intake.vocabulary import fold_label

__all__ = ["ASK", "ColumnCells", "Mapped", "Recall", "Remembered", "map_columns"]

_EXAMPLES = 3
_OF_A_PLACE = frozenset(
    ("address", "phone", "province", "city", "county", "township", "community", "sex", "age", "occupation", "employer")
)
# What cells without a label may be said to be, but what is no reason to overrule a label, even an unknown one.
_VAGUE = frozenset(("address", "room", "row_no", "sampled_at", "reported_at"))
_ANCHORS = frozenset(("name", "id_number", "tube_code", "household_no", "booking_code", "case_no", "relation_to_head"))


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns of a table as understood. ``unused[i]`` says that another column has the field."""

    columns: tuple[ColumnReading, ...]
    grouping: Grouping
    unused: frozenset[int]
    problems: tuple[Problem, ...] = ()


def map_columns(
    sources: Sequence[ColumnCells], *, sheet: str, title: str = "", recall: Recall | None = None, unpivot: bool = True
) -> Mapped:
    """Decide the field of every column of one table. With ``unpivot`` rounds that stand side by side become groups."""
    drafts = [_draft(source, sources, position, recall) for position, source in enumerate(sources)]
    drafts = _settle_initials(_settle_ambiguous(drafts, title))
    drafts = [_weigh(_by_choices(draft)) for draft in drafts]
    drafts = settle_heads_and_contacts(drafts)
    drafts = settle_phones_after_others(settle_relatives(drafts))
    drafts = _lower_where_nobody_is(drafts)
    grouping = group_columns(drafts)
    drafts = _settle_rivals(drafts, grouping)
    left_out: list[Problem] = []
    if grouping.rounds and not unpivot:
        # A roster lists each person once: of its rounds only the first is kept.
        drafts = [replace(draft, used=draft.used and not grouping.group[i]) for i, draft in enumerate(drafts)]
        left_out = [Problem("rounds_left_out", "warning", sheet=sheet, params={"count": grouping.count})]
        grouping = Grouping(tuple(0 for _ in drafts), frozenset(range(len(drafts))))
    family = family_is_listed(drafts, grouping)
    drafts = [members_without_name(draft, grouping.group[i], family) for i, draft in enumerate(drafts)]
    columns = tuple(_reading(draft, grouping.group[i]) for i, draft in enumerate(drafts))
    unused = frozenset(i for i, draft in enumerate(drafts) if not draft.used)
    return Mapped(columns, grouping, unused, (*_problems(drafts, sheet), *left_out))


def _neighbours(sources: Sequence[ColumnCells], position: int) -> str:
    around = (position - 1, position + 1)
    return "|".join(fold_label(sources[i].label) if 0 <= i < len(sources) else "" for i in around)


def _draft(source: ColumnCells, sources: Sequence[ColumnCells], position: int, recall: Recall | None) -> Draft:
    said = read_label(source.levels)
    remembered = None
    if recall is not None and source.label:
        remembered = recall(source.label, _neighbours(sources, position), said.text)
    profile = profile_of(source.cells)
    if remembered is not None and remembered.fields is not None:
        return Draft(source, said, profile, remembered.fields, 1.0, "memory", (), remembered)
    how = "label" if source.levels and (said.known or said.fields) else "none"
    return Draft(source, said, profile, said.fields, said.confidence, how, said.alternatives, remembered)


def _sure_fields(drafts: Sequence[Draft], everything: Iterable[Draft]) -> frozenset[str]:
    named = {
        name for draft in drafts for name in draft.fields if draft.confidence >= 0.7 and draft.owner != "bystander"
    }
    if "name" not in named and not any(
        draft.said.ambiguous is not None and any(one == "name" for _, one, _ in draft.said.ambiguous.meanings)
        for draft in everything
    ):
        named |= {name for draft in drafts if draft.owner == "bystander" for name in draft.fields}
    for draft in drafts:
        if not draft.source.levels and draft.profile.likely and draft.profile.likely[0][1] >= 0.7:
            named.add(draft.profile.likely[0][0])
    return frozenset(named)


def _settle_ambiguous(drafts: list[Draft], title: str) -> list[Draft]:
    plain = [draft for draft in drafts if draft.said.ambiguous is None or draft.fixed]
    contact_named = any("接触者" in draft.folded or "密接" in draft.folded for draft in plain)
    listed = any(draft.said.ambiguous is None and draft.fields == ("name",) and not draft.owner for draft in drafts)
    contact_named = contact_named and listed
    fields = _sure_fields(plain, drafts)
    contexts = contexts_of(fields, contact_named=contact_named)
    if "卡口" in title:
        contexts |= {"gate"}
    return [_settled(draft, contexts) for draft in drafts]


def _settled(draft: Draft, contexts: frozenset[str]) -> Draft:
    if draft.said.ambiguous is None or draft.fixed:
        return draft
    for when, name, confidence in draft.said.ambiguous.meanings:
        if when in contexts:
            others = [one for _, one, _ in draft.said.ambiguous.meanings if one and one != name]
            alternatives = tuple((one, 0.4) for one in dict.fromkeys(others))
            fields = (name,) if name else ()
            return replace(draft, fields=fields, confidence=confidence, alternatives=alternatives, how="label")
    return draft


def _settle_initials(drafts: list[Draft]) -> list[Draft]:
    """xm alone may be anything; beside xb, sfzh and lxdh it is the name."""
    spelled = sum(draft.said.initials for draft in drafts)
    if spelled < 3:
        return drafts
    return [replace(draft, confidence=0.75) if draft.said.initials and not draft.fixed else draft for draft in drafts]


def _by_choices(draft: Draft) -> Draft:
    """The choices that the label lists or the cells show decide between fields that share a label."""
    if draft.fixed or len(draft.fields) != 1:
        return draft
    listed = choices_in(draft.source.label, draft.said.codes)
    for choices, sure, how in ((draft.profile.texts, 0.85, "label+content"), (listed, 0.75, "label")):
        decided = decided_by(draft.fields[0], choices)
        if decided == draft.fields[0]:
            return replace(draft, confidence=max(draft.confidence, sure))
        if decided:
            kept = ((draft.fields[0], 0.4),)
            return replace(draft, fields=(decided,), confidence=sure, how=how, alternatives=kept)
    return draft


def _weigh(draft: Draft) -> Draft:
    """Put what the label says and what the cells look like together."""
    likely = draft.profile.likely
    if draft.fixed or not draft.profile.texts:
        return draft
    if not draft.fields:
        if (draft.said.known and draft.confidence >= ASK) or not likely:
            return draft
        telling = [one for one in likely if not draft.source.levels or one[0] not in _VAGUE]
        if not telling:
            return replace(draft, alternatives=likely[:2])
        name, sure = telling[0]
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


def _telling(draft: Draft) -> bool:
    return any(name == draft.fields[0] for name, _ in draft.profile.likely)


def _weigh_free_text(draft: Draft) -> Draft:
    """A field of free text whose cells are clearly something else (names, identity numbers, phones)."""
    foreign = [(name, sure) for name, sure in draft.profile.likely if name in ("id_number", "phone") and sure >= 0.6]
    if foreign and draft.fields[0] not in ("remark", "companions", "household_no", "record_id", "booking_code"):
        return replace(
            draft, confidence=min(draft.confidence, 0.5), alternatives=tuple(foreign), disagrees=foreign[0][0]
        )
    return draft


def _weigh_misfit(draft: Draft, share: float) -> Draft:
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


def _lower_where_nobody_is(drafts: list[Draft]) -> list[Draft]:
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


def _settle_rivals(drafts: list[Draft], grouping: Grouping) -> list[Draft]:
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


def _claim(draft: Draft, index: int) -> tuple[bool, bool, float, int]:
    """The order among columns that want one field: a quick antigen test gives way to the laboratory's."""
    return draft.fixed, "抗原" not in draft.folded, round(draft.confidence, 2), -index


def _set_aside(draft: Draft, name: str) -> Draft:
    if name == "phone" and len(draft.fields) == 1 and draft.owner_kind in ("", "head"):
        return replace(
            draft, fields=("phone_other",), confidence=min(draft.confidence, 0.75), alternatives=(("phone", 0.5),)
        )
    if name == "name" and draft.fields == ("name",) and draft.said.confidence < 0.9:
        # 姓名 beside 司机: the driver is somebody else.
        return replace(draft, fields=(), confidence=LOW, alternatives=(("name", 0.4),))
    return replace(draft, confidence=min(draft.confidence, 0.5), used=False)


def _reading(draft: Draft, group: int) -> ColumnReading:
    codes = dict(draft.said.codes)
    if draft.remembered is not None:
        codes.update(draft.remembered.codes)
    filled = CellColumn.of(draft.source.cells).filled() if draft.profile.texts else 0
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


def _problems(drafts: Iterable[Draft], sheet: str) -> Iterable[Problem]:
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
