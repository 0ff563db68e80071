"""Scores as a table of text, for a terminal or a bench log."""

from __future__ import annotations

from unicodedata import east_asian_width

from lianfang.demo.scoring import Score, Scores
from lianfang.foundation.texts import texts


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """The first column to the left, the others to the right; Chinese characters are two wide."""
    widths = [max(_width(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = row[0] + " " * (widths[0] - _width(row[0]))
        others = (" " * (width - _width(cell)) + cell for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join((first, *others)).rstrip())
    return lines


def _share(value: float) -> str:
    # 0.99996 must not read as 100 %.
    return f"{int(value * 10_000) / 10_000:.4f}"


def _line(label: str, score: Score) -> tuple[str, ...]:
    good = score.precision == score.recall == 1.0
    return (
        label,
        f"{score.expected:,}",
        f"{score.answered:,}",
        f"{score.right:,}",
        _share(score.precision),
        _share(score.recall),
        "✓" if good else "✗",
    )


def render(scores: Scores, language: str = "zh-Hans") -> str:
    """``scores`` as lines of text. ``language`` is zh-Hans, zh-Hant or en; others raise ValueError."""
    say = texts(language)
    heads = ("kind", "expected", "answered", "right", "precision", "recall")
    rows = [(*(say(f"demo.head_{name}") for name in heads), "")]
    for count in scores.counts:
        answered = say("demo.none") if count.answered is None else f"{count.answered:,}"
        mark = "✓" if count.is_right else "✗"
        rows.append((say(f"demo.count.{count.name}"), f"{count.expected:,}", answered, "", "", "", mark))
    rows += [_line(say(f"demo.kind.{score.name}"), score) for score in scores.kinds]
    title = say("demo.title", people=f"{scores.people:,}", seed=scores.seed)
    verdict = say("demo.perfect" if scores.is_perfect else "demo.imperfect")
    lines = [title, "", *_aligned(rows), "", verdict]
    for score in scores.kinds:
        kind = say(f"demo.kind.{score.name}")
        for key, examples in (("lost", score.lost), ("invented", score.invented)):
            if examples:
                lines.append(say(f"demo.{key}", kind=kind, examples="; ".join(examples)))
    return "\n".join(lines)
