"""``{% load registry %}``: people in words, for rows of lists."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from lianfang.domains.registry import wording
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.panels import Badge
from lianfang.foundation.web.templatetags.lianfang import badge

register = template.Library()


@register.simple_tag
def about(person: Person) -> str:
    """Sex, age, relation to the head."""
    return wording.person_line(person)


@register.simple_tag
def needs(person: Person) -> str:
    """Special needs in words; "" without any."""
    return wording.needs_words(person.special_needs)


@register.simple_tag
def whereabouts(person: Person) -> str:
    """Living here, away until …, moved out, died."""
    return wording.state_words(person)


@register.simple_tag
def badges_of(found: Mapping[int, list[Badge]], person: Person) -> SafeString:
    """The badges of higher domains beside a name."""
    return format_html_join(
        "", " {}", ((badge(one.tone, one.text, one.icon, one.title),) for one in found.get(person.pk, []))
    )


@register.simple_tag
def code(table: str, value: str) -> str:
    """The word of a code of ``registry.<table>``."""
    return wording.code_words(table, value)
