"""The truth beside the demo: what was planted, and which person every row is about.

One JSON object per line (``truth.jsonl``; ``truth.jsonl.gz`` above 400,000 people), so that it is written and
read in bounded memory. The format, version "1", is described in docs/guides/demo-data.md.
"""

from __future__ import annotations

import gzip
import io
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from lianfang.demo.sheets import Landing, Ref

SCHEMA = "lianfang.demo-truth/1"
_RUNS_PER_LINE = 2_000

Run = tuple[int, int, int]
"""First row, first person, how many: row r+i is about person p+i."""


def runs_of(row: int, people: Sequence[int]) -> list[Run]:
    """Fold the persons of consecutive rows, from ``row`` on, into runs."""
    runs: list[Run] = []
    if not people:
        return runs
    start = 0
    expected = people[0] + 1
    for index in range(1, len(people)):
        if people[index] != expected:
            runs.append((row + start, people[start], index - start))
            start = index
        expected = people[index] + 1
    runs.append((row + start, people[start], len(people) - start))
    return runs


class TruthWriter:
    """Writes the truth while the files are being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: dict[str, int] = defaultdict(int)
        self._runs: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
        self._file = path.open("wb")
        if path.suffix == ".gz":
            # A time stamp or a name in the header would make two equal runs differ.
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=self._file, mtime=0)
            self._stream: TextIO = io.TextIOWrapper(packed, encoding="utf-8", newline="\n")
        else:
            self._stream = io.TextIOWrapper(self._file, encoding="utf-8", newline="\n")

    def line(self, value: Mapping[str, Any]) -> None:
        # dumps, not dump: only the former uses the C encoder.
        self._stream.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")

    def runs(self, role: str, landing: Landing, runs: Iterable[Run]) -> None:
        """Say whom the rows of a block that was just written are about."""
        kept = self._runs[role, landing.file, landing.sheet]
        kept += runs
        if len(kept) >= _RUNS_PER_LINE:
            self._flush((role, landing.file, landing.sheet))

    def _flush(self, key: tuple[str, str, str]) -> None:
        role, file, sheet = key
        self.line({"rows": {"role": role, "file": file, "sheet": sheet, "runs": self._runs.pop(key)}})

    def planted(self, kind: str, items: Sequence[Mapping[str, Any]]) -> None:
        """Errors of one kind in one township. ``kind`` is counted even where nothing fitted."""
        self.counts[kind] += len(items)
        if items:
            self.line({"planted": {"kind": kind, "items": items}})

    def finish(self, last: Mapping[str, Any]) -> None:
        """Write what is left and the last line, and close the file."""
        for key in list(self._runs):
            self._flush(key)
        self.line(last)
        self._stream.close()
        self._file.close()


def refs_json(refs: Iterable[Ref]) -> list[dict[str, str | int]]:
    return [ref.as_json() for ref in refs]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


@dataclass(slots=True)
class Truth:
    """The truth of one demo, read back."""

    head: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    buildings: list[dict[str, Any]] = field(default_factory=list)
    planted: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _runs: dict[tuple[str, str], list[Run]] = field(default_factory=lambda: defaultdict(list))
    _roles: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def _key(file: str, sheet: str | None) -> tuple[str, str]:
        # A program may give a CSV file's only sheet any name, and a file with or without its folder.
        name = file.replace("\\", "/").rsplit("/", 1)[-1]
        return name, "" if name.endswith(".csv") else sheet or ""

    def person(self, source: Mapping[str, Any]) -> int | None:
        """Whom the row ``{"file","sheet","row"}`` is about; None where it is about nobody known."""
        runs = self._runs.get(self._key(source["file"], source.get("sheet")))
        if not runs:
            return None
        row = int(source["row"])
        at = bisect_right(runs, (row, 1 << 62, 0)) - 1
        if at < 0:
            return None
        first_row, first_person, length = runs[at]
        return first_person + row - first_row if row < first_row + length else None

    def role(self, source: Mapping[str, Any]) -> str | None:
        """roster, samples, results or exempt: the list that the source's file belongs to."""
        return self._roles.get(self._key(source["file"], "")[0])


def read_truth(path: Path) -> Truth:
    """Read ``truth.jsonl`` or ``truth.jsonl.gz``. Raises ``ValueError`` where it is no truth of version 1."""
    truth = Truth()
    for line in _lines(path):
        if "schema" in line:
            truth.head = line
        elif "rows" in line:
            rows = line["rows"]
            truth._runs[truth._key(rows["file"], rows["sheet"])] += [tuple(run) for run in rows["runs"]]
            truth._roles[rows["file"]] = rows["role"]
        elif "buildings" in line:
            truth.buildings += line["buildings"]
        elif "planted" in line:
            truth.planted[line["planted"]["kind"]] += line["planted"]["items"]
        elif "totals" in line:
            truth.totals, truth.counts = line["totals"], line["counts"]
    if truth.head.get("schema") != SCHEMA:
        raise ValueError(f"{path.name}: not a truth file of {SCHEMA}")
    for runs in truth._runs.values():
        runs.sort()
    return truth
