from __future__ import annotations

from django import template

from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.rule_words import rule_name
from lianfang.domains.status.words import reason_of

register = template.Library()


@register.simple_tag
def status_reason(found: HealthStatus) -> str:
    """The reason of a decision as a sentence."""
    return reason_of(found)


@register.simple_tag
def rule_words(rule: str, pack_id: str = "", version: int = 0) -> str:
    """What a rule for orders is called."""
    return rule_name(rule, pack_id, version)
