"""Demo files of any size, written once and kept under ``out/files`` until the generator changes."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import lianfang.demo
from benchmarks.report import OUT
from lianfang.demo import write_demo

KEPT = OUT / "files"
OPTIONS = {"rosters": "roster", "samples": "samples", "results": "results", "exempt": "exempt"}
SEED = 2022


@dataclass(frozen=True, slots=True)
class Night:
    """The files of one round, and what ``lianfang reconcile`` must be told of it."""

    folder: Path
    people: int
    as_of: datetime
    late_after_hours: int
    truth: Path

    def files(self, part: str) -> list[str]:
        return [str(path) for path in sorted((self.folder / part).iterdir())]

    def reconcile(self, output: Path, *, with_json: bool = True) -> list[str]:
        """The command line of the whole job: workbook at ``output``, and the JSON beside it."""
        command = [sys.executable, "-m", "lianfang", "reconcile"]
        for part, option in OPTIONS.items():
            if (self.folder / part).is_dir():
                command += [f"--{option}", *self.files(part)]
        command += ["-o", str(output)]
        if with_json:
            command += ["--json", str(output.with_suffix(".json"))]
        command += ["--as-of", f"{self.as_of:%Y-%m-%dT%H:%M}"]
        return [*command, "--late-after", str(self.late_after_hours), "--lang", "en"]


def digest_of(*sources: Path) -> str:
    """A short name for the state of program files; what they wrote is used again only while it is the same."""
    digest = hashlib.sha256()
    for source in sources:
        for path in sorted(source.glob("*.py")) if source.is_dir() else [source]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def demo(people: int, formats: str = "mixed") -> Night:
    """The demo of ``people``; written where it is not kept yet."""
    name = f"demo-{people}-{formats}-{digest_of(Path(lianfang.demo.__file__).parent)}"
    folder = KEPT / name
    about = KEPT / f"{name}.json"
    if not about.exists():
        for stale in KEPT.glob(f"demo-{people}-{formats}-*"):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
        KEPT.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        written = write_demo(folder, people=people, seed=SEED, formats=formats)  # type: ignore[arg-type]
        seconds = time.perf_counter() - started
        print(f"  (wrote the demo of {people:,} people, {formats}, in {seconds:.1f} s; it is kept)", flush=True)
        facts = {"as_of": written.as_of.isoformat(), "late": written.late_after_hours, "truth": written.truth.name}
        about.write_text(json.dumps(facts), encoding="utf-8")
    facts = json.loads(about.read_text(encoding="utf-8"))
    return Night(folder, people, datetime.fromisoformat(facts["as_of"]), facts["late"], folder / facts["truth"])
