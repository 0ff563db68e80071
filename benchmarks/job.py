"""The whole job as a whole process: files in, workbook and JSON out; and the peer on the same files."""

from __future__ import annotations

import json
import shutil
import sys
from functools import cache
from pathlib import Path

import xlsxwriter

from benchmarks.demo_files import KEPT, OPTIONS, Night, demo, digest_of
from benchmarks.linkage_rosters import Recipe, generate
from benchmarks.processes import GIBIBYTE, Run, measure
from benchmarks.report import OUT, Report
from lianfang.demo import DEFAULT_AS_OF, Scores, score

PEOPLE, QUICK_PEOPLE = 200_000, 10_000
SECONDS, BYTES, FASTER = 30.0, 2 * GIBIBYTE, 5.0
ANSWERED = (0, 1)
ENGINES = {"openpyxl": "pandas defaults", "calamine": 'pandas, engine="calamine"'}
_COLUMNS = {
    "roster": {"community": "社区", "compound": "小区", "building": "楼栋", "unit": "单元", "room": "房号",
               "name": "姓名", "id_number": "身份证号", "phone": "联系电话"},
    "samples": {"tube_code": "采样管条码", "name": "姓名", "id_number": "身份证号", "phone": "联系电话",
                "compound": "小区", "building": "楼栋", "room": "房号", "sampled": "采样时间"},
    "results": {"tube_code": "采样管条码", "name": "姓名", "id_number": "身份证号", "phone": "联系电话",
                "tested": "检测时间", "result": "检测结果"},
}  # fmt: skip


def reconcile(night: Night) -> tuple[Run, Path]:
    """Run the whole job; returns the measurement and the JSON answer."""
    output = _report_of(night)
    return measure(night.reconcile(output), accepted=ANSWERED), output.with_suffix(".json")


def workbook_alone(night: Night) -> Run:
    """Run the job for the workbook only: what the peer's time stands for as well."""
    return measure(night.reconcile(_report_of(night), with_json=False), accepted=ANSWERED)


def _report_of(night: Night) -> Path:
    output = OUT / "reports" / f"{night.folder.name}.xlsx"
    output.parent.mkdir(parents=True, exist_ok=True)
    return output


@cache
def reconciled(people: int) -> tuple[Night, Run, Path]:
    """The mixed demo of ``people`` and the job on it, run once for all benchmarks of one session."""
    night = demo(people)
    return night, *reconcile(night)


def three_files(rows: int) -> Night:
    """A roster, samples and results of ``rows`` rows each, one .xlsx each: the job in the words of the issue."""
    here = Path(__file__)
    name = f"three-{rows}-{digest_of(here, here.with_name('linkage_rosters.py'))}"
    folder = KEPT / name
    if not (folder / "truth").exists():
        for stale in KEPT.glob(f"three-{rows}-*"):
            shutil.rmtree(stale)
        world = generate(Recipe(people=rows, seed=31, roster_repeated=0)).records.to_pylist()
        for part, role in (("rosters", "roster"), ("samples", "samples"), ("results", "results")):
            (folder / part).mkdir(parents=True)
            _write_one(folder / part / f"{role}.xlsx", role, [row for row in world if row["role"] == role])
        (folder / "truth").touch()
    return Night(folder, rows, DEFAULT_AS_OF, 24, folder / "truth")


def _write_one(path: Path, role: str, rows: list[dict[str, object]]) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(_COLUMNS[role].values()))
    for at, row in enumerate(rows):
        minute = at * 360 // len(rows)
        # Every sample names a tube; the recipe leaves it out of half of the results.
        row |= {"result": "阴性", "sampled": f"2022-08-29 {16 + minute // 60}:{minute % 60:02d}",
                "tested": f"2022-08-30 0{minute // 180}:{minute % 60:02d}"}  # fmt: skip
        sheet.write_row(at + 1, 0, [row[name] for name in _COLUMNS[role]])
    book.close()


def peer(night: Night, engine: str, files: str = "demo") -> tuple[float, Run, Path]:
    """Run the analyst's script; its seconds are those of the process without writing the JSON for scoring."""
    output = OUT / "reports" / f"peer-{engine}-{night.folder.name}.xlsx"
    answer = output.with_suffix(".json")
    command = [sys.executable, "-m", "benchmarks.peer_pandas", str(night.folder), "-o", str(output)]
    command += ["--json", str(answer), "--engine", engine, "--as-of", night.as_of.isoformat()]
    command += ["--files", files, "--late-after", str(night.late_after_hours)]
    run = measure(command, as_installed=False, cwd=Path(__file__).parents[1])
    return run.seconds - json.loads(run.output)["seconds"]["json"], run, answer


def run(*, quick: bool) -> Report:
    people = QUICK_PEOPLE if quick else PEOPLE
    report = Report("job", f"the whole job on {people:,} people, as a whole process")
    night, mine, answer = reconciled(people)
    scored = score(night.truth, answer)
    rows = _row_counts(answer)
    note = f"{sum(len(night.files(part)) for part in rows)} files of 4 formats, {_rows(rows)}"
    _lines(report, "demo", mine, note)
    plain = three_files(people)
    other, plain_answer = reconcile(plain)
    _lines(report, "three .xlsx", other, _rows(_row_counts(plain_answer)))
    answers = _against_the_peer(report, "demo", night, "demo")
    scores = {label: score(night.truth, path) for label, path in answers.items()}
    report.texts.append(side_by_side({"Lianfang": scored, **scores}))
    answers = _against_the_peer(report, "three .xlsx", plain, "three")
    report.texts.append(_totals({"Lianfang": plain_answer, **answers}))
    report.remarks.append(
        "memory: highest sum of resident memory over the process tree, sampled every 40 ms; shared pages count "
        "once per process"
    )
    return report


def _against_the_peer(report: Report, what: str, night: Night, files: str) -> dict[str, Path]:
    """Both without JSON, one after the other; the peer's answers by its label."""
    bare = workbook_alone(night)
    report.plain(f"{what}, no JSON: wall time", bare.seconds, "s", "what the peer is compared with")
    report.plain(f"{what}, no JSON: processor time", bare.processor_seconds, "s", "all processes")
    answers = {}
    for engine, label in ENGINES.items():
        seconds, peers, answers[label] = peer(night, engine, files)
        note = f"{peers.peak_tree / GIBIBYTE:.2f} GiB; its JSON, for scoring, not counted"
        report.plain(f"{what}: peer, {label}", seconds, "s", note)
        ratio, name = seconds / bare.seconds, f"{what}: peer / Lianfang, wall time"
        if engine == "openpyxl":
            report.at_least(name, ratio, FASTER, "×", f"{label}; both without JSON")
        else:
            report.plain(name, ratio, "×", f"{label}; both without JSON")
    return answers


def _totals(answers: dict[str, Path]) -> str:
    """The totals that several answers to the three .xlsx have in common: nothing is planted there to score them by."""
    totals = {label: json.loads(path.read_text(encoding="utf-8"))["totals"] for label, path in answers.items()}
    shared = [name for name in totals["Lianfang"] if all(name in one for one in totals.values())]
    lines = [f"{'three .xlsx':24}" + "".join(f"{label:>30}" for label in totals)]
    lines += [f"{name:24}" + "".join(f"{one[name]:>30,}" for one in totals.values()) for name in shared]
    return "\n".join(lines)


def _lines(report: Report, what: str, run: Run, note: str) -> None:
    report.at_most(f"{what}: wall time", run.seconds, SECONDS, "s", note)
    report.plain(f"{what}: processor time", run.processor_seconds, "s", "all processes")
    report.at_most(f"{what}: peak memory", run.peak_tree / GIBIBYTE, BYTES / GIBIBYTE, "GiB",
                   f"all processes; largest single one {run.peak_single / GIBIBYTE:.2f} GiB")  # fmt: skip


def _row_counts(answer: Path) -> dict[str, int]:
    counts = dict.fromkeys(OPTIONS, 0)
    folders = {option: part for part, option in OPTIONS.items()}
    for source in json.loads(answer.read_text(encoding="utf-8"))["sources"]:
        counts[folders[source["role"]]] += source["rows"]
    return {part: rows for part, rows in counts.items() if rows}


def _rows(counts: dict[str, int]) -> str:
    return " + ".join(f"{rows:,} {part}" for part, rows in counts.items())


def side_by_side(scores: dict[str, Scores]) -> str:
    """Totals, precision and recall of several answers to one demo, beside one another."""
    first = next(iter(scores.values()))
    lines = [f"{'':24}{'planted':>10}" + "".join(f"{name:>30}" for name in scores)]
    for count in first.counts:
        said = [one.count(count.name) for one in scores.values()]
        cells = "".join(f"{str(one.answered) + ('' if one.is_right else ' ✗'):>30}" for one in said)
        lines.append(f"{count.name:24}{count.expected:>10,}{cells}")
    lines.append(f"{'precision / recall':34}")
    for kind in first.kinds:
        said_kinds = [one.kind(kind.name) for one in scores.values()]
        cells = "".join(
            f"{f'{one.precision:.4f} / {one.recall:.4f}' + ('' if one.precision == one.recall == 1 else ' ✗'):>30}"
            for one in said_kinds
        )
        lines.append(f"{kind.name:24}{kind.expected:>10,}{cells}")
    return "\n".join(lines)
