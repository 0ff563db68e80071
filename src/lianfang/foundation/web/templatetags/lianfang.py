"""The tags that every template has without loading them; ``docs/guides/design.md`` shows each with its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lianfang.foundation.web import assets, quotations, wording
from lianfang.foundation.web.language import t as text_of
from lianfang.foundation.web.templatetags import forms, nodes, parts
from lianfang.foundation.web.tones import PILLS, TONE_ICONS

register = template.Library()

# Names of query parameters that say where in a list one is: gone as soon as the list changes.
POSITION = ("page", "after", "before")


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite; with ``label`` it speaks for itself, without it is decoration.

    Raises ValueError for a name that the sprite does not have.
    """
    if not label:
        return assets.icon(name, css)
    href = assets.icon_url(name)
    classes = f"icon {css}" if css else "icon"
    return format_html(
        '<svg class="{}" role="img" aria-label="{}"><title>{}</title><use href="{}"/></svg>',
        classes, label, label, href,
    )  # fmt: skip


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file, with a mark that changes when the file does."""
    return assets.asset_url(path)


@register.simple_tag
def pill(status: str, text: str = "", title: str = "") -> SafeString:
    """A status in colour, icon and word; anything but green, yellow and red is unknown."""
    tone, icon_name, key = PILLS.get(str(status), PILLS["unknown"])
    return badge(tone, text or text_of(key), icon_name, title)


@register.simple_tag
def badge(tone: str, text: str, icon_name: str = "", title: str = "") -> SafeString:
    """A word in a tone: good, warn, bad, info, quiet, unknown."""
    drawn = icon(icon_name or TONE_ICONS[tone])
    if title:
        return format_html('<span class="lf-pill lf-tone-{}" title="{}">{}{}</span>', tone, title, drawn, text)
    return format_html('<span class="lf-pill lf-tone-{}">{}{}</span>', tone, drawn, text)


@register.simple_tag
def who(name: str) -> str:
    """Who did something: a name, or "the system"."""
    return wording.who(name or "")


@register.simple_tag
def number(value: float | Literal[""] | None, digits: int = 0) -> str:
    """1,234; an absent number reads "unknown", never 0. Django hands "" over for a name that is not there."""
    return wording.number(None if value == "" else value, digits)


@register.simple_tag
def percent(part: float | Literal[""] | None, whole: float | None, digits: int = 1) -> str:
    """``part`` of ``whole``; never rounded up to 100 % nor down to 0 %. Unknown where either is, or of nothing."""
    return wording.percent(None if part == "" else part, whole, digits)


@register.simple_tag
def when(instant: datetime | date | None, style: str = "both") -> SafeString | str:
    """A point in time, local and by the 24-hour clock: ``both``, ``time`` (no age), ``age`` (only the age), ``day``."""
    if instant is None:
        return text_of("web.unknown")
    if not isinstance(instant, datetime):
        return format_html('<time datetime="{}">{}</time>', instant.isoformat(), wording.day(instant))
    local = wording.local(instant)
    if style == "day":
        return format_html('<time datetime="{}">{}</time>', local.isoformat(), wording.day(local.date()))
    clock, age = wording.clock(local), wording.age(local)
    whole = local.strftime("%Y-%m-%d %H:%M:%S")
    if style == "time":
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), age, clock)
    if style == "age":
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), whole, age)
    return format_html(
        '<time datetime="{}" title="{}">{} <span class="lf-age">{}</span></time>', local.isoformat(), whole, clock, age
    )


@register.simple_tag(takes_context=True)
def url_with(context: Any, **parameters: object) -> str:
    """This page's query with ``parameters`` set (None or "" takes one out); another filter starts at the first page."""
    return _query(context, parameters)


@register.simple_tag(takes_context=True)
def lift_filter(context: Any, name: str) -> str:
    """This page's query without one filter."""
    return _query(context, {name: None})


def _query(context: Any, parameters: Mapping[str, object]) -> str:
    query = context["request"].GET.copy()
    if not set(parameters) & set(POSITION):
        for name in POSITION:
            query.pop(name, None)
    for name, value in parameters.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.inclusion_tag("lianfang/parts/masked.html")
def masked(
    value: str, show_url: str = "", purposes: list[tuple[str, str]] | None = None, label: str = ""
) -> dict[str, object]:
    """A masked number; with ``show_url`` a button that posts there (``purpose``) and swaps in the answer's value."""
    return {"value": value, "show_url": show_url, "purposes": purposes or [], "label": label}


forms.add_to(register)
nodes.add_to(register)
parts.add_to(register)
quotations.add_to(register)
