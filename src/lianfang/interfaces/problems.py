"""A problem of a file in words: codes of fields and roles become what a clerk calls them."""

from __future__ import annotations

from lianfang.engine.intake.contract import Problem
from lianfang.foundation.texts import Gap, Texts


def field_words(texts: Texts, fields: str) -> str:
    """The names of fields that are written as "name+phone"."""
    return " + ".join(texts.of_code("field", one) for one in fields.split("+") if one)


def problem_words(texts: Texts, problem: Problem) -> str:
    """What is wrong and the fix, in the language of ``texts``."""
    return texts.of_code(
        "problem", problem.code, {name: _word(texts, name, gap) for name, gap in problem.params.items()}
    )


def _word(texts: Texts, name: str, gap: Gap) -> Gap:
    if not isinstance(gap, str):
        return gap
    if name == "missing":
        # "name|id_number,phone": one of the first two, and the third.
        either = texts("report.or")
        return texts("report.listing").join(
            either.join(texts.of_code("field", field) for field in one.split("|")) for one in gap.split(",") if one
        )
    if name == "role" or (name == "looks_like" and f"role.{gap}" in texts):
        return texts.of_code("role", gap)
    if name in ("field", "looks_like"):
        return field_words(texts, gap)
    return gap
