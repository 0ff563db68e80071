"""Precision and recall of the whole job against the planted truth."""

from __future__ import annotations

from benchmarks.job import reconciled
from benchmarks.report import Line, Report
from lianfang.demo import render, score

SIZES, QUICK_SIZES = (60_000, 200_000), (2_000, 10_000)
# What the issue names; every kind is printed, these are judged.
JUDGED = {
    "missing": 1.0,
    "positive_pools": 1.0,
    "positive_people": 1.0,
    "contradictions": 1.0,
    "pending": 0.999,
    "unmatched_results": 0.999,
    "roster_duplicates": 0.98,
    "sample_duplicates": 0.98,
    "identity_names": 0.98,
    "phone_shared": 0.98,
    "id_digit": 0.98,
}


def run(*, quick: bool) -> Report:
    report = Report("scores", "what was planted, and what was found of it")
    for people in QUICK_SIZES if quick else SIZES:
        night, process, answer = reconciled(people)
        scores = score(night.truth, answer)
        for name, least in JUDGED.items():
            kind = scores.kind(name)
            worse = min(kind.precision, kind.recall)
            measured = f"{kind.precision:.4f} / {kind.recall:.4f}"
            note = f"{kind.right:,} right of {kind.answered:,} named and {kind.expected:,} planted"
            what = f"{people:,}: {name}"
            report.lines.append(Line(what, measured, f"≥ {least:g}", worse >= least, note, worse))
        wrong = [count.name for count in scores.counts if not count.is_right]
        report.lines.append(
            Line(f"{people:,}: totals and buildings", f"{len(wrong)} wrong", "0 wrong", not wrong, ", ".join(wrong))
        )
        report.texts.append(render(scores, "en"))
        report.figures[str(people)] = {
            kind.name: {"precision": kind.precision, "recall": kind.recall} for kind in scores.kinds
        }
        report.figures[f"{people} seconds"] = process.seconds
    report.remarks.append("precision / recall; the lower of the two is judged")
    return report
