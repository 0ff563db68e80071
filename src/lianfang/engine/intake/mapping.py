"""The mapping file: what a clerk has decided about column labels and codes, kept and passed on.

A CSV that Excel opens: ``kind,label,field_or_code,means,example,decided_on``.
- ``column,楼门牌,room,,3-2-301,2022-08-30``: columns with this label are rooms. "-" means that the column is
  none of the fields, ``name+phone`` that it holds two. A label followed by `` @left|right`` counts only between
  these neighbours.
- ``code,检测结果,0,negative,,2022-08-30``: in columns with this label 0 means negative.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from lianfang.engine.intake.columns import Remembered
from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.fields import is_known_field
from lianfang.engine.intake.vocabulary import fold_label

HEADER = ("kind", "label", "field_or_code", "means", "example", "decided_on")
NO_FIELD = "-"
_AT = " @"


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the mapping file. ``target`` is the fields ("-" for none) or the code."""

    kind: Literal["column", "code"]
    label: str
    target: str
    means: str = ""
    example: str = ""
    decided_on: str = ""
    between: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.kind, fold_label(self.label), self.between, self.target if self.kind == "code" else "")

    @property
    def fields(self) -> tuple[str, ...]:
        return () if self.target == NO_FIELD else tuple(self.target.split("+"))


@dataclass(frozen=True, slots=True)
class Memory:
    """Earlier decisions, and what was wrong with the file they came from."""

    decisions: Mapping[tuple[str, str, str, str], Decision] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def recall(self, label: str, between: str, core: str) -> Remembered | None:
        """What is known of a column with this label between these neighbours; None for nothing."""
        labels = list(dict.fromkeys((fold_label(label), core)))
        decided = None
        for one in labels:
            for place in (between, ""):
                decided = decided or self.decisions.get(("column", one, place, ""))
        codes = {
            decision.target: decision.means
            for (kind, one, _, _), decision in self.decisions.items()
            if kind == "code" and one in labels
        }
        if decided is None and not codes:
            return None
        return Remembered(decided.fields if decided else None, codes)

    def with_decisions(self, decisions: Iterable[Decision]) -> Memory:
        """This memory and ``decisions``; the later of two about the same thing holds."""
        return replace(self, decisions={**self.decisions, **{one.key: one for one in decisions}})

    def merged(self, later: Memory) -> Memory:
        """Both memories; where they differ ``later`` holds."""
        return Memory({**self.decisions, **later.decisions}, (*self.problems, *later.problems))


def load_memory(path: Path) -> Memory:
    """Read a mapping file. Bad lines are left out and named in ``problems``; a file that is no text at all is
    one refused problem. Raises OSError where the file cannot be read."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return parse_memory(text)
    return Memory(problems=(Problem("mapping_not_text", "refused", params={"file": path.name}),))


def parse_memory(text: str) -> Memory:
    """The decisions in the text of a mapping file."""
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    decisions: dict[tuple[str, str, str, str], Decision] = {}
    problems: list[Problem] = []
    for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].lower() == HEADER[0]) or cells[0].startswith("#"):
            continue
        wrong = _wrong(cells)
        if wrong:
            shown = ",".join(cells)[:100]
            problems.append(Problem(wrong, "error", row=number, params={"line": shown, "field": _at(cells, 2)}))
            continue
        decision = _decision(cells)
        decisions[decision.key] = decision
    return Memory(decisions, tuple(problems))


def _at(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _wrong(cells: Sequence[str]) -> str:
    """The code of what is wrong with a line, or ""."""
    kind, target = cells[0].lower(), _at(cells, 2)
    if kind not in ("column", "code"):
        return "mapping_unknown_kind"
    if not fold_label(_at(cells, 1)):
        return "mapping_no_label"
    if kind == "code":
        return "" if target and _at(cells, 3) else "mapping_code_incomplete"
    if target == NO_FIELD:
        return ""
    return "" if target and all(map(is_known_field, target.split("+"))) else "mapping_unknown_field"


def _decision(cells: Sequence[str]) -> Decision:
    label, _, between = cells[1].partition(_AT)
    kind: Literal["column", "code"] = "code" if cells[0].lower() == "code" else "column"
    target = _at(cells, 2)
    if kind == "code" and target.endswith(".0"):
        target = target[:-2]
    neighbours = "|".join(fold_label(one) for one in between.split("|")) if between else ""
    return Decision(kind, label, target, _at(cells, 3), _at(cells, 4), _at(cells, 5), neighbours)


def write_memory(memory: Memory) -> str:
    """The text of a mapping file, sorted so that two of them can be compared."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for key in sorted(memory.decisions):
        one = memory.decisions[key]
        label = one.label + (_AT + one.between if one.between else "")
        writer.writerow((one.kind, label, one.target, one.means, one.example, one.decided_on))
    return out.getvalue()


def save_memory(memory: Memory, path: Path) -> None:
    """Write the mapping file with the mark by which Excel knows UTF-8. Raises OSError."""
    path.write_bytes(write_memory(memory).encode("utf-8-sig"))
