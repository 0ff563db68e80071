"""Whose name and phone a column holds where several people stand in one row: the head, a driver, a relative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lianfang.engine.intake.drafts import ASK, Draft
from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.groups import Grouping
from lianfang.engine.intake.labels import LOW

_PHONE_OF = {"chief_name": "chief_phone", "guardian_name": "guardian_phone", "grid_worker_name": "grid_worker_phone"}
_BORROWED = ("head", "bystander")
_DISTANT = frozenset(("家属", "亲属", "子女", "儿子", "女儿"))


def settle_heads_and_contacts(drafts: list[Draft]) -> list[Draft]:
    """户主姓名 names the person of the row only where no other column does; a contact person never
    where another column does."""
    own = any(
        "name" in draft.fields and draft.owner_kind not in ("person", "place") and draft.confidence >= ASK
        for draft in drafts
    )
    asked = any(
        "name" in draft.fields and draft.said.ambiguous is not None and draft.owner != "bystander" for draft in drafts
    )
    own_id = any("id_number" in draft.fields and draft.owner not in _BORROWED for draft in drafts)
    lists_members = any("relation_to_head" in draft.fields for draft in drafts)
    settled = []
    for draft in drafts:
        borrowed = draft.owner in _BORROWED or (draft.owner == "contact" and "name" in draft.fields)
        if (
            not borrowed
            or draft.fixed
            or not draft.fields
            or (own and draft.owner == "bystander" and draft.fields == ("plate",))
        ):
            settled.append(draft)
        elif own or (asked and draft.owner == "bystander") or (own_id and draft.fields == ("id_number",)):
            others = tuple((name, 0.3) for name in draft.fields)
            settled.append(replace(draft, fields=(), confidence=0.85, how="label", alternatives=others))
        elif lists_members:
            settled.append(replace(draft, confidence=min(draft.confidence, LOW)))
        else:
            settled.append(replace(draft, confidence=min(draft.confidence, 0.9)))
    return settled


def settle_relatives(drafts: list[Draft]) -> list[Draft]:
    """家属姓名 and 家属电话 beside 姓名 are whom to call; with an identity number they are a person of their own."""
    own = any("name" in draft.fields and not draft.owner_kind for draft in drafts)
    identified = {draft.owner for draft in drafts if "id_number" in draft.fields}
    settled = []
    for draft in drafts:
        distant = own and draft.owner in _DISTANT and draft.owner not in identified and not draft.fixed
        if distant and draft.fields in (("name",), ("phone",)):
            fields = ("phone_other",) if draft.fields == ("phone",) else ()
            draft = replace(draft, fields=fields, confidence=0.68, alternatives=((draft.fields[0], 0.4),))
        settled.append(draft)
    return settled


def settle_phones_after_others(drafts: list[Draft]) -> list[Draft]:
    """A bare 联系电话 right after 楼长 or 监护人 may be theirs: it is, where the person's own phone stands
    elsewhere; else a person must say."""
    plain = [i for i, draft in enumerate(drafts) if draft.fields == ("phone",) and not draft.owner]
    settled = list(drafts)
    for index in plain:
        before = drafts[index - 1] if index else None
        if before is None or drafts[index].fixed or (before.owner in _BORROWED and before.fields):
            continue
        if before.owner_kind != "person" and not set(before.fields) & set(_PHONE_OF):
            continue
        if any("phone" in name for name in before.fields) or "电话" in before.folded or "手机" in before.folded:
            continue
        theirs = _PHONE_OF.get(before.fields[0] if before.fields else "", "")
        own = any(other != index for other in plain)
        fields, least = ((theirs,) if theirs else (), 0.75 if theirs else 0.58) if own else (("phone",), 0.58)
        settled[index] = replace(
            drafts[index],
            fields=fields,
            confidence=min(drafts[index].confidence, least),
            alternatives=((theirs or "phone_other", 0.4),),
        )
    return settled


def family_is_listed(drafts: Sequence[Draft], grouping: Grouping) -> bool:
    """Whether 家庭成员姓名 is the person of the row: no other column of the first group names one."""
    first = [draft for i, draft in enumerate(drafts) if grouping.group[i] == 0 and "name" in draft.fields]
    return bool(first) and all(draft.owner_kind == "member" for draft in first)


def members_without_name(draft: Draft, group: int, family: bool) -> Draft:
    """同住人电话 with no name of the companion names nobody of the row."""
    if draft.owner_kind != "member" or group or draft.fixed or family:
        return draft
    if draft.fields == ("name",):
        return replace(draft, fields=("companions",), confidence=min(draft.confidence, 0.7))
    if draft.fields == ("phone",):
        return replace(draft, fields=("phone_other",), confidence=min(draft.confidence, LOW))
    if draft.fields == ("phone_other",):
        return draft
    health = any(FIELDS[name].group == "health" for name in draft.fields)
    sure = 0.58 if health else 0.7
    return replace(draft, fields=(), confidence=sure, alternatives=tuple((name, 0.3) for name in draft.fields))
