"""What a benchmark found: lines with target and verdict, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import east_asian_width

OUT = Path(__file__).resolve().parent / "out"


@dataclass(frozen=True, slots=True)
class Line:
    """One measured thing. ``met`` is None where no target is set; ``note`` says what the number includes."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None
    note: str = ""
    value: float | None = None


@dataclass(slots=True)
class Report:
    """Everything one benchmark found. ``texts`` are tables of others (scores), printed as they are."""

    name: str
    title: str
    lines: list[Line] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)

    def at_most(self, what: str, value: float, target: float, unit: str = "s", note: str = "") -> None:
        """A line that is met where ``value`` is not above ``target``."""
        self._add(what, value, target, unit, "≤", value <= target, note)

    def at_least(self, what: str, value: float, target: float, unit: str = "", note: str = "") -> None:
        """A line that is met where ``value`` is not below ``target``."""
        self._add(what, value, target, unit, "≥", value >= target, note)

    def plain(self, what: str, value: float, unit: str = "s", note: str = "") -> None:
        """A line without a target."""
        self.lines.append(Line(what, shown(value, unit), note=note, value=value))

    def _add(self, what: str, value: float, target: float, unit: str, sign: str, met: bool, note: str) -> None:
        self.lines.append(Line(what, shown(value, unit), f"{sign} {shown(target, unit)}", met, note, value))


def shown(value: float, unit: str) -> str:
    """A number as people read it, with its unit."""
    digits = 0 if unit == "rows/s" else 3 if unit == "" or abs(value) < 1 else 2 if abs(value) < 100 else 1
    return f"{value:,.{digits}f}{'' if unit in ('', '×') else ' '}{unit}"


def width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(cells: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True)).rstrip()


def table(report: Report) -> str:
    """The report as text."""
    head = f"== {report.name}: {report.title}"
    verdict = {True: "met", False: "NOT MET", None: ""}
    rows = [("what", "measured", "target", "", "note")]
    rows += [(line.what, line.measured, line.target, verdict[line.met], line.note) for line in report.lines]
    widths = [max(width(row[at]) for row in rows) for at in range(5)]
    rule = "-" * sum((*widths, 8))
    parts = [head]
    if report.lines:
        parts += ["", _padded(rows[0], widths), rule, *(_padded(row, widths) for row in rows[1:])]
    parts += [f"  {remark}" for remark in report.remarks]
    for text in report.texts:
        parts += ["", text]
    return "\n".join(parts) + "\n"


def machine() -> dict[str, object]:
    """What was measured on, in general terms."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {"cores": len(os.sched_getaffinity(0)), "python": platform.python_version(), "load_average": load}


def keep(report: Report) -> Path:
    """Write the report as ``out/<name>.json``; returns the path."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{report.name}.json"
    kept = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), **asdict(report)}
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    return path
