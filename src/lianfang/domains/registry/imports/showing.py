"""What the pages of an import show: codes and plans in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

from lianfang.domains.registry.imports import selectors
from lianfang.domains.registry.imports.conflicts import CHOICES
from lianfang.domains.registry.models import Import, ImportConflict, ImportRow, ImportUndo
from lianfang.domains.registry.wording import code_words
from lianfang.engine.intake.fields import FIELDS
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import current_texts, t

_OF_ROSTERS = ("person", "residence", "responsible")
_SURE, _ASK = 0.9, 0.6
_MOST_PROBLEMS = 40


def field_words(fields: Sequence[str]) -> str:
    texts = current_texts()
    return " + ".join(texts.of_code("field", one) for one in fields if one)


def field_choices() -> list[tuple[str, str]]:
    """What a column of a roster may mean, "-" for nothing."""
    wanted = [name for name, field in FIELDS.items() if field.group in _OF_ROSTERS]
    return [("-", t("registry_import.no_field")), *((name, field_words([name])) for name in wanted)]


def problem_text(problem: Mapping[str, Any]) -> str:
    """A problem of a file or sheet, with its fix."""
    gaps: dict[str, Gap] = {}
    texts = current_texts()
    for name, gap in (problem.get("params") or {}).items():
        if name == "missing":
            gap = t("report.listing").join(
                t("report.or").join(texts.of_code("field", field) for field in one.split("|")) for one in gap.split(",")
            )
        elif name == "role" or (name == "looks_like" and f"role.{gap}" in texts):
            gap = texts.of_code("role", gap)
        elif name in ("field", "looks_like"):
            gap = field_words(str(gap).split("+"))
        gaps[name] = gap
    return texts.of_code("problem", problem["code"], gaps)


def sheet_cards(batch: Import) -> list[dict[str, Any]]:
    """Each sheet with its columns; a file that was refused is a card with the reason only."""
    cards = []
    for file in batch.files.order_by("number"):
        understood = file.understood or {}
        problems = [problem_text(one) for one in understood.get("problems", [])]
        if problems and not understood.get("sheets"):
            cards.append(
                {"file": file.name, "sheet": "", "problems": problems, "columns": [], "cells": [], "refused": True}
            )
        for sheet in understood.get("sheets", []):
            own = [{**one, "text": problem_text(one)} for one in sheet["problems"]][:_MOST_PROBLEMS]
            cells = [_cell(one) for one in understood.get("cells", []) if one["sheet"] == sheet["sheet"]]
            cards.append(
                {
                    "file": file.name,
                    "sheet": sheet["sheet"],
                    "header_rows": sheet["header_rows"],
                    "rows": sheet["rows"],
                    "columns": [_column(one) for one in sheet["columns"]],
                    "skipped": len(sheet["skipped"]),
                    "problems": [*problems, *(one["text"] for one in own if one["code"] != "column_unsure")],
                    "cells": cells[:_MOST_PROBLEMS],
                    "cell_count": len(cells),
                    "refused": False,
                }
            )
    return cards


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    confidence = column["confidence"]
    sure = (
        "none"
        if not column["fields"]
        else "sure"
        if confidence >= _SURE
        else "look"
        if confidence >= _ASK
        else "unsure"
    )
    return {
        **column,
        "words": field_words(column["fields"]),
        "sure": sure,
        "joined": "+".join(column["fields"]) or "-",
        "tone": {"none": "quiet", "sure": "good", "look": "info", "unsure": "warn"}[sure],
        "sure_text": t(f"registry_import.sure.{sure}"),
        "percent": round(confidence * 100),
    }


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    texts = current_texts()
    return {
        **cell,
        "field_words": field_words([cell["field"]]) if cell["field"] else "",
        "text": texts.of_code("note", cell["code"]),
    }


def conflict_cards(actor: Actor, batch: Import, conflicts: Sequence[ImportConflict]) -> list[dict[str, Any]]:
    """The conflicts of a page with what each side says."""
    rows = selectors.rows_by_number(batch, {number for one in conflicts for number in one.rows})
    people = selectors.people_by_id(actor, {pk for one in conflicts for pk in one.person_ids})
    files = dict(batch.files.values_list("number", "name"))
    return [_card(one, rows, people, files) for one in conflicts]


def _card(
    conflict: ImportConflict, rows: Mapping[int, ImportRow], people: Mapping[int, Any], files: Mapping[int, str]
) -> dict[str, Any]:
    sides = []
    for said in conflict.differs:
        value = said["value"]
        if said["field"] == "class_kind":
            value = code_words("class", value) if value in ("permanent", "floating") else value
        if said["row"] is not None and said["row"] in rows:
            row = rows[said["row"]]
            source = t("registry_import.source", file=files.get(row.file, ""), sheet=row.sheet, row=row.row)
            sides.append(
                {
                    "name": row.values.get("name", ""),
                    "place": row.values.get("place", ""),
                    "value": value,
                    "numbers": f"{row.values.get('id_number', '')} {row.values.get('phone', '')}",
                    "source": source,
                    "url": "",
                }
            )
        elif said["person"] in people:
            person = people[said["person"]]
            sides.append(
                {
                    "name": person.name,
                    "place": person.household.address if person.household else "",
                    "value": value,
                    "numbers": "",
                    "source": t("registry_import.registered"),
                    "url": reverse("registry:person", args=[person.pk]),
                }
            )
    choices = [
        {
            "code": code,
            "key": place,
            "text": t(f"registry_import.choice.{conflict.kind}.{code}"),
            "is_suggested": code == conflict.suggestion,
            "is_chosen": code == conflict.choice,
        }
        for place, code in enumerate(CHOICES[conflict.kind], 1)
    ]
    return {
        "conflict": conflict,
        "sides": sides,
        "choices": choices,
        "kind": t(f"registry_import.kind.{conflict.kind}"),
        "question": t(f"registry_import.question.{conflict.kind}"),
    }


def shown_row(row: ImportRow) -> dict[str, Any]:
    changes = [
        {"field": t(f"registry_import.field.{name}"), "before": _value(name, before), "after": _value(name, after)}
        for name, (before, after) in row.changes.items()
    ]
    area = {"refused": "refused", "skip": "skipped"}.get(row.action, "row_problem")
    return {
        "row": row,
        "changes": changes,
        "problems": [t(f"registry_import.{area}.{one}") for one in row.problems],
        "id_number": row.values.get("id_number", ""),
        "phone": row.values.get("phone", ""),
    }


def _value(name: str, value: str) -> str:
    kind = {"sex": "sex", "relation_to_head": "relation", "class_kind": "class", "state": "state"}.get(name)
    return code_words(kind, value) if kind and value else value or "—"


def shown_undo(actor: Actor, rows: Sequence[ImportUndo]) -> list[dict[str, Any]]:
    people = selectors.people_by_id(actor, {one.target_id for one in rows})
    return [
        {
            "name": people[one.target_id].name if one.target_id in people else "—",
            "person_id": one.target_id,
            "is_there": one.target_id in people,
            "why": t(f"registry_import.kept.{one.kept_because}"),
        }
        for one in rows
    ]
