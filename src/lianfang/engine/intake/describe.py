"""What intake understood of a file, as JSON: the answer of ``lianfang intake FILE --json``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from lianfang.engine.intake.contract import ColumnReading, FileReading, Problem, SheetReading

SCHEMA_VERSION = 1
_EXAMPLES = 3
_SEVERITIES = ("changed", "warning", "error")


def describe(reading: FileReading) -> dict[str, Any]:
    """``reading`` as plain JSON values. ``schema_version`` grows when a key changes its meaning."""
    return {
        "schema_version": SCHEMA_VERSION,
        "file": reading.file,
        "format": reading.format,
        "encoding": reading.encoding,
        "sha256": reading.sha256,
        "size": reading.size,
        "refused": reading.refused,
        "problems": [_problem(one) for one in reading.problems],
        "sheets": [_sheet(one) for one in reading.sheets],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "params": dict(problem.params),
    }


def _sheet(sheet: SheetReading) -> dict[str, Any]:
    cells = _cells_by_column(sheet)
    return {
        "sheet": sheet.sheet,
        "header_rows": list(sheet.header_rows),
        "columns": [_column(one, cells.get(one.column, {})) for one in sheet.columns],
        "rows": sheet.rows.num_rows,
        "people_in_row": _people_in_row(sheet),
        "looks_like": [{"role": role, "score": score} for role, score in sheet.looks_like],
        "skipped": [{"row": one.row, "reason": one.reason, "text": one.text} for one in sheet.skipped],
        "problems": [_problem(one) for one in sheet.problems],
    }


def _people_in_row(sheet: SheetReading) -> int:
    """How many people a row may hold; rounds of one person side by side are no people."""
    who = ("name", "id_number")
    return len({one.group for one in sheet.columns if any(name in who for name in one.fields)}) or 1


def _column(column: ColumnReading, cells: Mapping[str, Any]) -> dict[str, Any]:
    fields = list(column.fields)
    return {
        "column": column.column,
        "label": column.label,
        "field": fields if len(fields) > 1 else fields[0] if fields else None,
        "fields": fields,
        "confidence": column.confidence,
        "how": column.how,
        "group": column.group,
        "alternatives": [{"field": name, "confidence": sure} for name, sure in column.alternatives],
        "codes": dict(column.codes),
        "examples": list(column.examples),
        "filled": column.filled,
        "cells": dict(cells) or dict.fromkeys(_SEVERITIES, 0) | {"notes": []},
    }


def _cells_by_column(sheet: SheetReading) -> dict[str, dict[str, Any]]:
    """Per column how many cells were changed, doubted and not understood, and per code a few of them."""
    notes = sheet.notes.to_pydict()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    by_code: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for index, (column, severity, code) in enumerate(
        zip(notes["column"], notes["severity"], notes["code"], strict=True)
    ):
        counts[column][severity] += 1
        by_code[column, code, severity].append(index)
    found: dict[str, dict[str, Any]] = {
        column: {one: count[one] for one in _SEVERITIES} | {"notes": []} for column, count in counts.items()
    }
    for (column, code, severity), indexes in by_code.items():
        examples = [
            {"row": notes["row"][i], "original": notes["original"][i], "value": notes["value"][i]}
            for i in indexes[:_EXAMPLES]
        ]
        found[column]["notes"].append({"code": code, "severity": severity, "count": len(indexes), "examples": examples})
    return found
