"""The answer as JSON for other programs: ``lianfang.reconcile/1``.

``answer.schema.json`` beside this module is the schema, ``docs/guides/answer-json.md`` its description.
What the schema does not name may be added within version 1; what it names keeps its meaning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.contract import ColumnReading, FileReading, Problem
from lianfang.engine.reconciliation.contract import Answer
from lianfang.interfaces.masking import mask_cell
from lianfang.interfaces.provenance import Provenance

SCHEMA = "lianfang.reconcile/1"
CHUNK = 10_000
# The columns of lists that tell a number of a person, or may: what somebody typed.
_TELLING = frozenset(("id_number", "phone", "chief_phone", "address", "reason", "special_need", "result_given"))

Rows = Iterable[dict[str, Any]]
Section = tuple[str, object]


def answer_to_json(answer: Answer, *, made_at: datetime, version: str, mask: bool = False) -> dict[str, Any]:
    """The whole answer as one object of plain values; for answers that fit in memory twice."""
    sections = _Sections(answer, made_at, version, mask)
    return {name: list(value) if isinstance(value, Iterator) else value for name, value in sections}


def write_json(answer: Answer, path: Path, *, made_at: datetime, version: str, mask: bool = False) -> None:
    """Write the answer row by row to a file that only its owner may read.

    With ``mask``, identity numbers keep their first and last four characters and phones their first
    three and last four. Raises OSError where it cannot be written; then ``path`` is not whole JSON.
    """
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("w", encoding="utf-8") as file:
        _write(file, _Sections(answer, made_at, version, mask))


def _write(file: TextIO, sections: Iterable[Section]) -> None:
    """One section after the other, lists one item to a line."""
    file.write("{")
    for number, (name, value) in enumerate(sections):
        file.write(f"{',' if number else ''}\n{json.dumps(name)}: ")
        if not isinstance(value, Iterator):
            file.write(_dump(value))
            continue
        separator = "["
        for item in value:
            file.write(f"{separator}\n{_dump(item)}")
            separator = ","
        file.write("[]" if separator == "[" else "\n]")
    file.write("\n}\n")


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True)
class _Sections:
    """The top-level entries in order; long lists come as iterators."""

    answer: Answer
    made_at: datetime
    version: str
    mask: bool

    def __iter__(self) -> Iterator[Section]:
        answer = self.answer
        row = _Row(Provenance(answer.records), self.mask)
        yield "schema", SCHEMA
        yield "as_of", answer.settings.as_of.isoformat()
        yield "made_at", self.made_at.isoformat()
        yield "made_with", f"lianfang {self.version}"
        yield "masked", self.mask
        yield "settings", _settings(answer)
        yield "files", (row.file(role, reading) for role, reading in answer.readings)
        yield "repeated_files", [{"file": file, "same_as": first} for file, first in answer.repeated_files]
        yield (
            "sources",
            [
                {"role": source.role, "file": source.file, "sheet": source.sheet, "rows": source.rows}
                for source in answer.sources
            ],
        )
        yield "totals", row.plain(_only(answer.round.totals))
        yield "row_fates", _each(answer.row_fates, row.plain)
        for name, table, shape in self._lists(row):
            yield name, _each(table, shape)
        yield "decisions", [{"pair_key": key, "decision": decision} for key, decision in answer.decided]
        yield "conflicts", row.conflicts(answer.conflicts)
        yield "positive_pools", row.pools(answer.positive_pools, answer.positive_pool_people)
        yield "contradictions", row.contradictions(answer.contradictions)
        yield from self._findings(row)
        yield "columns", row.columns(answer.readings)
        yield "cells_not_understood", row.cells(answer.readings)

    def _lists(self, row: _Row) -> Iterator[tuple[str, pa.Table, Callable[[dict[str, Any]], dict[str, Any]]]]:
        answer, tubes = self.answer, self.answer.round.tubes
        yield "buildings", answer.round.buildings, row.plain
        yield "missing", answer.missing, row.with_sources
        yield "pending_tubes", answer.pending_tubes, row.with_sources
        yield "overdue", answer.pending_tubes.filter(pc.fill_null(answer.pending_tubes["is_overdue"], False)), row.brief
        yield "pending", answer.pending, row.with_sources
        yield "unmatched_results", answer.unmatched_results, row.with_sources
        yield "uncounted_results", answer.uncounted_results, row.of_record
        void = pc.is_in(answer.uncounted_results["state"], pa.array(["void", "void_tube"]))
        yield "void_results", answer.uncounted_results.filter(void), row.of_record
        yield "duplicates", answer.duplicates, row.duplicate
        yield "unsure_matches", answer.unsure_matches, row.pair
        yield "unrostered", answer.unrostered, row.with_sources
        yield "late", tubes.filter(pc.fill_null(tubes["is_late"], False)), row.plain
        yield "tubes", tubes, row.plain

    def _findings(self, row: _Row) -> Iterator[Section]:
        """Every finding of the round, grouped; those that others ask for by name also by themselves."""
        findings = self.answer.round.findings
        for kind in ("twice_sampled", "over_full", "two_boxes"):
            yield kind, row.findings(findings.filter(pc.equal(findings["kind"], kind)))
        yield "findings", row.findings(findings)


@dataclass(frozen=True)
class _Row:
    """Shapes one row of a list as the schema has it."""

    provenance: Provenance
    mask: bool

    def plain(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row as it is, with dates as text, identity numbers and phones masked if asked."""
        return {name: self._value(name, value) for name, value in row.items()}

    def with_sources(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with file, sheet and row in place of record numbers, which mean nothing outside."""
        record_ids = row.pop("record_ids")
        row.pop("record_id", None)
        return self.plain(row) | {"sources": self.sources(record_ids)}

    def of_record(self, row: dict[str, Any]) -> dict[str, Any]:
        record_id = row.pop("record_id")
        return self.plain(row) | {"sources": self.sources(() if record_id is None else (record_id,))}

    def brief(self, row: dict[str, Any]) -> dict[str, Any]:
        return self.plain({name: row[name] for name in ("tube_code", "people", "sampled_at", "hours_waiting")})

    def duplicate(self, row: dict[str, Any]) -> dict[str, Any]:
        kept = row.pop("kept")
        return self.with_sources(row) | {"kept": self.sources((kept,))[0]}

    def pair(self, row: dict[str, Any]) -> dict[str, Any]:
        sides = {side: self.record(row.pop(f"record_{side}")) for side in ("a", "b")}
        return self.plain(row) | sides

    def record(self, record_id: int) -> dict[str, Any]:
        """What one row of a file says of a person, and where it stands."""
        row = self.provenance.record(record_id)
        for name in ("record_id", "file", "sheet", "row", "part"):
            del row[name]
        return self.plain(row) | {"sources": self.sources((record_id,))}

    def sources(self, record_ids: Iterable[int] | None) -> list[dict[str, Any]]:
        return [origin._asdict() for origin in self.provenance.origins(record_ids)]

    def conflicts(self, table: pa.Table) -> Iterator[dict[str, Any]]:
        """One object per conflict, its rows inside."""
        rows = sorted(table.to_pylist(), key=lambda row: (row["kind"] or "", row["conflict_key"] or ""))
        for (kind, key), group in groupby(rows, key=lambda row: (row["kind"], row["conflict_key"])):
            told = list(group)
            yield {
                "conflict_key": key,
                "kind": kind,
                "tube_code": next((row["tube_code"] for row in told if row["tube_code"]), None),
                "rows": [self._conflict_row(row) for row in told],
                "sources": self.sources(_distinct(row["record_id"] for row in told)),
            }

    def _conflict_row(self, row: dict[str, Any]) -> dict[str, Any]:
        shown = {name: row[name] for name in ("person_key", "tube_code", "field")}
        about = None if row["record_id"] is None else self.record(row["record_id"])
        return {**shown, "value": self.cell((row["field"] or "",), row["value"]), "record": about}

    def pools(self, tubes: pa.Table, people: pa.Table) -> Iterator[dict[str, Any]]:
        """One object per positive or contradicting tube, everyone in it inside."""
        inside: dict[str | None, list[dict[str, Any]]] = {}
        for person in people.to_pylist():
            inside.setdefault(person.pop("tube_code"), []).append(self.with_sources(person))
        for tube in tubes.to_pylist():
            count = tube.pop("people")
            yield self.with_sources(tube) | {"people_count": count, "people": inside.get(tube["tube_code"], [])}

    def contradictions(self, table: pa.Table) -> Iterator[dict[str, Any]]:
        """One object per tube, every report inside."""
        rows = sorted(table.to_pylist(), key=lambda row: row["tube_code"] or "")
        for tube, group in groupby(rows, key=lambda row: row.pop("tube_code")):
            told = list(group)
            sources = self.sources(_distinct(report["record_id"] for report in told))
            yield {"tube_code": tube, "reports": [self.of_record(report) for report in told], "sources": sources}

    def findings(self, table: pa.Table) -> Iterator[dict[str, Any]]:
        """One object per finding, every row that shows it inside."""
        rows = sorted(table.to_pylist(), key=lambda row: (row["kind"], row["finding_key"] or ""))
        for _, group in groupby(rows, key=lambda row: (row["kind"], row["finding_key"])):
            shown = list(group)
            first = {name: shown[0][name] for name in ("finding_key", "kind", "tube_key", "person_key")}
            # A swab recorded without a tube has a key that begins with # and no code.
            tube = first.pop("tube_key")
            first["tube_code"] = None if tube is None or tube.startswith("#") else tube
            details = _distinct(row["detail"] for row in shown)
            yield {**first, "details": details, "sources": self.sources(_distinct(row["record_id"] for row in shown))}

    def file(self, role: str, reading: FileReading) -> dict[str, Any]:
        return {
            "file": reading.file,
            "role": role,
            "format": reading.format,
            "sha256": reading.sha256,
            "size": reading.size,
            "refused": reading.refused,
            "problems": [_problem(problem) for problem in reading.problems],
            "sheets": [
                {
                    "sheet": sheet.sheet,
                    "header_rows": list(sheet.header_rows),
                    "rows": sheet.rows.num_rows,
                    "skipped": [{"row": row.row, "reason": row.reason} for row in sheet.skipped],
                    "problems": [_problem(problem) for problem in sheet.problems],
                    "looks_like": dict(sheet.looks_like),
                }
                for sheet in reading.sheets
            ],
        }

    def columns(self, readings: Iterable[tuple[str, FileReading]]) -> Iterator[dict[str, Any]]:
        """How every column of every sheet was read."""
        for _, reading in readings:
            for sheet in reading.sheets:
                for column in sheet.columns:
                    yield {"file": reading.file, "sheet": sheet.sheet, **self._column(column)}

    def _column(self, column: ColumnReading) -> dict[str, Any]:
        return {
            "column": column.column,
            "label": column.label,
            "fields": list(column.fields),
            "confidence": column.confidence,
            "how": column.how,
            "group": column.group,
            "filled": column.filled,
            "codes": dict(column.codes),
            "alternatives": [{"field": name, "confidence": score} for name, score in column.alternatives],
            "examples": [self.cell(column.fields, example) for example in column.examples],
        }

    def cells(self, readings: Iterable[tuple[str, FileReading]]) -> Iterator[dict[str, Any]]:
        """Every cell that was not understood, or only with a doubt."""
        doubtful = pa.array(["error", "warning"])
        for _, reading in readings:
            for sheet in reading.sheets:
                notes = sheet.notes.filter(pc.is_in(sheet.notes["severity"], doubtful))
                for note in notes.to_pylist():
                    for name in ("original", "value"):
                        note[name] = self.cell((note["field"] or "",), note[name])
                    yield {"file": reading.file, "sheet": sheet.sheet, **note}

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, (datetime, date)):
            return value.isoformat()
        if isinstance(value, str) and name in _TELLING:
            return self.cell((name,), value)
        return value

    def cell(self, fields: Collection[str], text: str | None) -> str | None:
        return mask_cell(fields, text, phones=True) if self.mask else text


def _settings(answer: Answer) -> dict[str, Any]:
    settings = answer.settings
    return {
        "starts_at": settings.starts_at.isoformat() if settings.starts_at else None,
        "ends_at": settings.ends_at.isoformat() if settings.ends_at else None,
        "late_after_hours": _hours(settings.late_after),
        "hold_at_most_hours": _hours(settings.hold_at_most),
        "clock_tolerance_minutes": settings.clock_tolerance.total_seconds() / 60,
        "largest_pool": settings.largest_pool,
    }


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "params": dict(problem.params),
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    """What is there, each once, in order."""
    return list(dict.fromkeys(value for value in values if value is not None))


def _only(table: pa.Table) -> dict[str, Any]:
    row: dict[str, Any] = table.slice(0, 1).to_pylist()[0]
    return row


def _each(table: pa.Table, shape: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for start in range(0, table.num_rows, CHUNK):
        for row in table.slice(start, CHUNK).to_pylist():
            yield shape(row)
