"""The history of a record in plain words."""

from __future__ import annotations

from lianfang.domains.registry.selectors.history import FieldChange, RecordChange
from lianfang.domains.registry.wording import value_words
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Evidence

_TITLES = {"insert": "registered", "update": "changed", "delete": "removed"}
_ICONS = {"insert": "plus", "update": "pencil", "delete": "trash"}


def steps(changes: list[RecordChange]) -> list[Evidence]:
    """The timeline of a record: what was what before, who changed it."""
    return [
        Evidence(
            at=change.at,
            title=t(f"registry.history.{_TITLES.get(change.kind, 'changed')}"),
            icon=_ICONS.get(change.kind, "pencil"),
            text=t("registry.history.and").join(_words(one) for one in change.changes),
            source=_who(change.by),
        )
        for change in changes
    ]


def _words(change: FieldChange) -> str:
    name = t("registry.field.household" if change.field == "household_id" else f"registry.field.{change.field}")
    if change.is_hidden or change.field == "household_id":
        return t("registry.history.number_changed", field=name)
    before, after = value_words(change.field, change.before), value_words(change.field, change.after)
    return t("registry.history.from_to", field=name, before=before, after=after)


def _who(by: str) -> str:
    if by.startswith("system:"):
        return t("registry.history.by_system")
    return t("registry.history.by", name=by) if by else ""
