"""What devices send and how it was answered, in the reader's words."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from lianfang.foundation.web.language import current_texts

_MOST_SHOWN = 300


def code_words(code: str, gaps: Mapping[str, Any] | None = None) -> str:
    """A refusal or warning: a whole text key, or one under ``devices.refused`` or ``devices.warning``."""
    if not code:
        return ""
    known = current_texts()
    found: dict[str, Any] = {name: _plain(value) for name, value in (gaps or {}).items()}
    if "field" in found:
        found["field"] = _field_words(found["field"])
    for key in (code, f"devices.refused.{code}", f"devices.warning.{code}"):
        if key in known:
            try:
                return known(key, **found)
            except KeyError:
                # Refused before this version's words, which ask for more.
                return known.of_code((), code, found)
    return known.of_code((), code, found)


def kind_words(kind: str) -> str:
    """A kind of item; one without words as it is."""
    known = current_texts()
    key = f"devices.kind.{kind}"
    return known(key) if kind and key in known else kind or known("devices.kind_unknown")


def shown_fields(body: Mapping[str, Any], *, without: Collection[str]) -> list[tuple[str, str]]:
    """Every field of a body but ``without``, as the device sent it."""
    rows = []
    for name, value in body.items():
        if name in without or value in (None, "", [], {}):
            continue
        rows.append((_field_words(name), _plain(value)[:_MOST_SHOWN]))
    return rows


def _field_words(name: str) -> str:
    """A field of what devices send; one without words as it is called there."""
    known, key = current_texts(), f"devices.body.{name}"
    return known(key) if key in known else name


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
