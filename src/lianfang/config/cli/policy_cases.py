"""``lianfang policy lint --cases``: the cases of a pack decided, and what came out otherwise than expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lianfang.config.cli.console import Console
from lianfang.engine.packs import Pack
from lianfang.engine.status.cases import FILE, CaseOutcome, run_cases
from lianfang.engine.status.engine import StatusEngine


def decided_cases(pack: Pack, earlier: tuple[Pack, ...], folder: Path) -> tuple[CaseOutcome, ...]:
    """The cases of a pack, decided; none where it has no file of cases.

    Raises ``PackError`` where the cases cannot be read.
    """
    if not (folder / FILE).is_file():
        return ()
    with StatusEngine(pack, superseded=earlier) as engine:
        return run_cases(engine, folder)


def tell_cases(outcomes: tuple[CaseOutcome, ...], pack: str, console: Console) -> None:
    """How many cases come out otherwise, each with its situation and both answers."""
    if not outcomes:
        return
    wrong = [one for one in outcomes if one.difference]
    line = console.text("policy_command.cases_line", cases=len(outcomes), wrong=len(wrong))
    console.answer(f"  {line}", style="red" if wrong else None)
    for one in wrong:
        _tell(one, pack, console)


def cases_as_json(outcomes: tuple[CaseOutcome, ...]) -> dict[str, Any]:
    """How many, and those that come out otherwise with both answers."""
    wrong = [
        {
            "line": one.line,
            "situation": one.case.situation.model_dump(by_alias=True),
            "expected": one.case.expect.model_dump(mode="json", by_alias=True),
            "got": one.got.model_dump(mode="json", by_alias=True),
        }
        for one in outcomes
        if one.difference
    ]
    return {"count": len(outcomes), "wrong": wrong}


def _tell(outcome: CaseOutcome, pack: str, console: Console) -> None:
    language: Any = console.language
    situation = outcome.case.situation.in_language(language)
    place: dict[str, str | int] = {"file": f"{pack}/{FILE}", "line": outcome.line, "key": situation}
    console.answer("    " + console.texts.of_code("pack.place", "line", place))
    for name in type(outcome.got).model_fields:
        expected, got = getattr(outcome.case.expect, name), getattr(outcome.got, name)
        if expected != got:
            gaps = {"name": name, "expected": _shown(expected, console), "got": _shown(got, console)}
            console.answer("      " + console.texts.of_code("policy_command", "case_differs", gaps))


def _shown(value: Any, console: Console) -> str:
    """A value as cases are written."""
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(one, console) for one in value) + "]"
    if hasattr(value, "model_dump"):
        return "{" + ", ".join(f"{key}: {one}" for key, one in value.model_dump(by_alias=True).items()) + "}"
    return console.text("pack_words.none") if value is None else str(value)
