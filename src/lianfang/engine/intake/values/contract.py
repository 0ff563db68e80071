"""How one cell is read: the value, what was changed and why, and the companion columns it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

Cell = str | float | int | bool | datetime | date | time | timedelta | None
Severity = Literal["changed", "warning", "error"]
Value = str | int | float | bool | datetime | date | None

NOTHING: Mapping[str, Value] = {}


class Note(NamedTuple):
    """One thing noticed in a cell. ``code`` has a text in every language (intake.toml, [note])."""

    code: str
    severity: Severity


class Reading(NamedTuple):
    """What a cell means.

    ``value`` is None where the cell is empty or was not understood (then a note of severity "error"
    says so). ``companions`` holds further columns the cell fills, e.g. ``id_mask``.
    """

    value: Value
    notes: tuple[Note, ...] = ()
    companions: Mapping[str, Value] = NOTHING


@dataclass(frozen=True, slots=True)
class ValueContext:
    """What a normaliser may know besides the cell.

    ``as_of`` bounds plausible dates; ``codes`` is the declared code table of the column, from its
    label or from the mapping file, e.g. ``{"0": "negative", "1": "positive"}``; ``label`` is the
    column's label; ``date_order`` is what the other cells of the column prove about 03/04/2022.
    ``siblings`` are the other canonical fields of the sheet (None where not known): they decide whether the
    3 of a room "3-301" is a building or a stairwell; unknown, it is left as written.
    """

    as_of: datetime
    codes: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    date_order: Literal["", "ymd", "dmy", "mdy"] = ""
    siblings: frozenset[str] | None = None


Normaliser = Callable[[Cell, ValueContext], Reading]
