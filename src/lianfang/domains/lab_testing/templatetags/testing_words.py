"""Words of testing that templates look up by code."""

from __future__ import annotations

from django import template

from lianfang.domains.lab_testing.models import ContactOutcome
from lianfang.foundation.web.language import t

register = template.Library()


@register.simple_tag
def contact_words(outcome: str) -> str:
    """What came of a try to reach somebody; a note of the registry as it was written."""
    return t(f"lab_testing.outcome.{outcome}") if outcome in ContactOutcome.values else outcome
