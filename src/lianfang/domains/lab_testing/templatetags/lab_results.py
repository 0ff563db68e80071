# ruff: noqa: E501
"""Words of loads and leftovers, and the results on the page of a tube."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from lianfang.domains.lab_testing.models import Hold, Tube
from lianfang.domains.lab_testing.results import selectors
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.language import current_texts, t

register = template.Library()


@register.simple_tag
def fate_title(name: str) -> str:
    """What became of a row, in few words."""
    return t(f"lab_results.result_state.{name}")


@register.simple_tag
def fate_text(name: str) -> str:
    """What that means and what to do."""
    return t(f"lab_results.fate_text.{name}")


@register.simple_tag
def field_word(name: str) -> str:
    """A field, or several joined by "+", as the clerk calls it."""
    texts = current_texts()
    return " + ".join(texts.of_code("field", one) for one in name.split("+") if one)


@register.simple_tag
def outcome_word(name: str) -> str:
    return t(f"lab_results.outcome.{name}")


@register.simple_tag
def problem_text(problem: Mapping[str, Any]) -> str:
    """What is wrong with a file or sheet, in the words of intake."""
    texts = current_texts()
    params = {}
    for name, gap in problem["params"].items():
        if isinstance(gap, str) and name in ("field", "looks_like", "missing"):
            either = texts("report.or")
            gap = texts("report.listing").join(
                either.join(texts.of_code("field", one) if not one.startswith("role.") else one for one in part.split("|"))
                for part in gap.replace("+", ",").split(",") if part
            )  # fmt: skip
        elif name == "role" and isinstance(gap, str):
            gap = texts.of_code("role", gap)
        params[name] = gap
    return texts.of_code("problem", problem["code"], params)


@register.inclusion_tag("lab_testing/results/tube.html", takes_context=True)
def tube_results(context: Any, tube: Tube) -> dict[str, Any]:
    """What laboratories said of a tube, and the way to correct it."""
    actor = context["request"].actor
    may_see = actor.may(Action.TESTING_VIEW)
    results = list(selectors.results_of(actor, [tube.pk])) if may_see else []
    for one in results:
        one.state_word = t(f"lab_results.result_state.{one.state}")  # type: ignore[attr-defined]
    return {
        "tube": tube, "results": results, "conclusion": tube.conclusion if may_see else "", "request": context["request"],
        "csrf_token": context.get("csrf_token"), "may_correct": actor.may(Action.TESTING_RESULTS),
        "is_pool": may_see and Hold.objects.visible_to(actor).filter(tube=tube).exists(),
    }  # fmt: skip
