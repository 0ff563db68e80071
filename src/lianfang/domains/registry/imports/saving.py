"""Writes what was planned: rows with sealed numbers by COPY, conflicts, and the counts of the pages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from lianfang.domains.registry.imports import planning
from lianfang.domains.registry.imports.conflicts import CHOICES, Conflict
from lianfang.domains.registry.imports.drafts import Draft, place_text
from lianfang.domains.registry.imports.planning import Plan, Planned
from lianfang.domains.registry.imports.registered import Known
from lianfang.domains.registry.models import Import, ImportConflict, ImportRow, LivingState
from lianfang.domains.registry.services.bulk import Spot, copy_rows
from lianfang.domains.registry.services.facts import PersonFacts
from lianfang.engine.intake.contract import FileReading
from lianfang.engine.intake.describe import describe
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.privacy.numbers import current_key_number, mask_identity, mask_phone, seal

SCOPE = ("county_id", "township_id", "community_id", "building_id")
_ROW_COLUMNS = (
    *SCOPE,
    "batch_id",
    "number",
    "leader",
    "file",
    "sheet",
    "row",
    "values",
    "id_sealed",
    "phone_sealed",
    "place",
    "person_id",
    "person_version",
    "action",
    "changes",
    "problems",
)
_MOST_CELLS = 300
_RESIDENT = (LivingState.LIVING, LivingState.AWAY)


def save_rows(batch: Import, drafts: Sequence[Draft], planned: Planned) -> None:
    """Replace the rows of the import."""
    ImportRow.objects.filter(batch=batch).delete()
    of_row = {row: one for one in planned.plans for row in one.members}
    key_number = current_key_number()
    seal("0", key_number)
    copy_rows("registry_import_row", _ROW_COLUMNS, _rows(batch, drafts, of_row, planned.skipped, key_number))


def _rows(
    batch: Import, drafts: Sequence[Draft], of_row: Mapping[int, Plan], skipped: Mapping[int, str], key_number: int
) -> Iterator[tuple[Any, ...]]:
    scope = tuple(getattr(batch, name) for name in SCOPE)
    for draft in drafts:
        plan = of_row.get(draft.number)
        action, problems = _action(draft, plan, skipped)
        facts, leads = draft.facts, plan is not None and plan.leader == draft.number
        yield (
            *scope,
            batch.pk,
            draft.number,
            plan.leader if plan else draft.number,
            draft.file,
            draft.sheet,
            draft.row,
            json.dumps(_values(draft), ensure_ascii=False),
            seal(facts.id_number, key_number),
            seal(facts.phone, key_number),
            draft.place,
            plan.known.person_id if plan and plan.known else None,
            plan.known.version if plan and plan.known else None,
            action,
            json.dumps(plan.changes if plan and leads else {}, ensure_ascii=False),
            json.dumps(problems),
        )


def _action(draft: Draft, plan: Plan | None, skipped: Mapping[int, str]) -> tuple[str, list[str]]:
    if draft.refused:
        return planning.REFUSED, [draft.refused]
    if plan is None:
        return planning.SKIPPED, [skipped.get(draft.number, "decided")]
    if plan.leader != draft.number:
        return planning.REPEAT, draft.problems
    return plan.action, plan.problems


def _values(draft: Draft) -> dict[str, object]:
    facts: PersonFacts = draft.facts
    shown: dict[str, object] = {
        "name": facts.name,
        "sex": facts.sex,
        "birth_on": facts.birth_on.isoformat() if facts.birth_on else "",
        "id_number": mask_identity(facts.id_number) or draft.masks.get("id", ""),
        "phone": mask_phone(facts.phone) or draft.masks.get("phone", ""),
        "relation_to_head": facts.relation_to_head,
        "class_kind": facts.class_kind,
        "key_person_kind": facts.key_person_kind,
        "special_needs": list(facts.special_needs),
        "remark": facts.remark,
        "place": " ".join(filter(None, (draft.place, place_text(Spot(0, unit=draft.spot.unit), draft.room)))),
    }
    return {name: value for name, value in shown.items() if value}


def save_conflicts(batch: Import, conflicts: Sequence[Conflict], actor: Actor) -> None:
    """Replace the conflicts of the import; who decided what, and when, stays."""
    before = {one.key: one for one in ImportConflict.objects.filter(batch=batch)}
    ImportConflict.objects.filter(batch=batch).delete()
    scope = {name: getattr(batch, name) for name in SCOPE}
    order = {kind: place for place, kind in enumerate(CHOICES)}
    rows = []
    for number, one in enumerate(sorted(conflicts, key=lambda one: (order[one.kind], one.rows[0], one.key))):
        earlier = before.get(one.key)
        rows.append(
            ImportConflict(
                **scope,
                batch=batch,
                number=number,
                key=one.key,
                kind=one.kind,
                rows=one.rows,
                person_ids=one.person_ids,
                differs=[_said(*says) for says in one.says],
                suggestion=one.suggestion,
                choice=one.choice,
                decided_by=earlier.decided_by if earlier and one.choice else "",
                decided_at=earlier.decided_at if earlier and one.choice else None,
            )
        )
    ImportConflict.objects.bulk_create(rows, batch_size=1000)


def _said(row: int | None, person: int | None, field: str, value: str) -> dict[str, object]:
    if field == "id_number":
        # A digit that is wrong can only be seen where the digits are: both ends and the last four stay.
        value = value if "*" in value else value[:1] + "*" * max(len(value) - 5, 0) + value[-4:]
    elif field == "phone":
        value = mask_phone(value)
    return {"row": row, "person": person, "field": field, "value": value}


def save_understood(batch: Import, readings: Sequence[FileReading]) -> None:
    """What was understood of each file; cells of numbers are left out of what is kept."""
    for file, reading in zip(batch.files.order_by("number"), readings, strict=True):
        file.understood = {**describe(reading), "cells": _cells(reading)}
        for sheet in file.understood["sheets"]:
            for column in sheet["columns"]:
                column["examples"] = [] if _HIDDEN.intersection(column["fields"]) else column.get("examples", [])
        file.save(update_fields=["understood"])


_HIDDEN = {"id_number", "phone", "phone_other", "chief_phone", "guardian_phone", "reporter_phone", "grid_worker_phone"}


def _cells(reading: FileReading) -> list[dict[str, object]]:
    """The first cells that were not understood, without what stood in those of numbers."""
    found: list[dict[str, object]] = []
    for sheet in reading.sheets:
        for note in sheet.notes.to_pylist():
            if note["severity"] == "changed":
                continue
            if len(found) >= _MOST_CELLS:
                return found
            original = "" if note["field"] in _HIDDEN else (note["original"] or "")[:60]
            found.append(
                {
                    **{name: note[name] for name in ("row", "column", "field", "code", "severity")},
                    "sheet": sheet.sheet,
                    "original": original,
                }
            )
    return found


def summary_of(
    readings: Sequence[FileReading], drafts: Sequence[Draft], known: Sequence[Known], planned: Planned
) -> dict[str, Any]:
    """Counts for the pages; ``read`` is the sum of all that may become of a row."""
    of_row = {row: one for one in planned.plans for row in one.members}
    actions = Counter(_action(one, of_row.get(one.number), planned.skipped)[0] for one in drafts)
    refused = Counter(one.refused for one in drafts if one.refused)
    names = Counter((one.refused, one.place) for one in drafts if one.refused)
    return {
        "files": len(readings),
        "files_refused": sum(one.refused for one in readings),
        "read": len(drafts),
        **{name: actions[name] for name in _ACTIONS},
        "refused_why": dict(refused),
        "refused_places": [[why, place, count] for (why, place), count in names.most_common(50)],
        "open": sum(not one.choice for one in planned.conflicts),
        "conflicts": len(planned.conflicts),
        "registered": sum(one.state in _RESIDENT for one in known),
        "buildings": _buildings(drafts, known, planned),
        "not_in_files": len(
            {one.person_id for one in known if one.state in _RESIDENT}
            - {one.known.person_id for one in planned.plans if one.known}
        ),
        "fields": dict(Counter(name for one in planned.plans for name in one.changes)),
        "plan": planned.fingerprint,
        "planned_at": timezone.now().isoformat(),
    }


_ACTIONS = (planning.ADD, planning.UPDATE, planning.SAME_AS, planning.REPEAT, planning.SKIPPED, planning.REFUSED)


def _buildings(drafts: Sequence[Draft], known: Sequence[Known], planned: Planned) -> list[dict[str, Any]]:
    """Residents per building before and after."""
    names = {
        (one.spot.community_id, one.spot.compound, one.spot.building): one.place for one in drafts if not one.refused
    }
    counts: dict[tuple[int, str, str], Counter[str]] = {}

    def count(spot: Any, what: str) -> None:
        counts.setdefault((spot.community_id, spot.compound, spot.building), Counter())[what] += 1

    for one in known:
        if one.state in _RESIDENT:
            count(one.spot, "before")
    for plan in planned.plans:
        if plan.known is None:
            count(plan.spot, "added")
        elif plan.moves or plan.returns:
            if plan.known.state in _RESIDENT:
                count(plan.known.spot, "left")
            count(plan.spot, "came")
    rows = []
    for key, found in counts.items():
        community, compound, building = key
        after = found["before"] + found["added"] + found["came"] - found["left"]
        rows.append(
            {
                "community_id": community,
                "place": names.get(key) or place_text(Spot(community, compound, building)),
                **{what: found[what] for what in ("before", "added", "came", "left")},
                "after": after,
            }
        )
    return sorted(rows, key=lambda row: (row["community_id"], row["place"]))
