"""Tags for the larger parts: figures, tables, building grid, timeline, charts, jobs."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from lianfang.foundation.web import wording
from lianfang.foundation.web.assets import icon, icon_url
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Building, Chart, Evidence, Job, Room, Tab, Term, Trend
from lianfang.foundation.web.tables import Table
from lianfang.foundation.web.tones import TONE_ICONS


def add_to(register: template.Library) -> None:
    register.inclusion_tag("lianfang/parts/figure.html")(figure)
    register.inclusion_tag("lianfang/parts/empty.html")(empty)
    register.inclusion_tag("lianfang/parts/tabs.html")(tabs)
    register.inclusion_tag("lianfang/parts/terms.html")(terms)
    register.inclusion_tag("lianfang/parts/timeline.html")(timeline)
    register.inclusion_tag("lianfang/parts/building.html")(building)
    register.inclusion_tag("lianfang/parts/chart.html")(chart)
    register.inclusion_tag("lianfang/parts/job.html")(job)
    register.inclusion_tag("lianfang/parts/progress.html")(progress)
    register.inclusion_tag("lianfang/parts/heads.html", takes_context=True)(heads)
    register.inclusion_tag("lianfang/parts/pager.html", takes_context=True)(pager)
    register.inclusion_tag("lianfang/parts/crumb.html")(crumb)
    register.simple_tag(cell)
    register.simple_tag(room)


def figure(
    label: str,
    value: object,
    hint: str = "",
    tone: str = "",
    icon_name: str = "",
    trend: Trend | None = None,
    url: str = "",
    unit: str = "",
) -> dict[str, object]:
    """One large number: what it is, how it moved, what it means. None reads "unknown"."""
    shown = wording.number(value) if value is None or isinstance(value, int | float) else value
    return {
        "label": label, "value": shown, "hint": hint, "tone": tone, "trend": trend, "url": url, "unit": unit,
        "icon_name": icon_name or TONE_ICONS.get(tone, ""),
    }  # fmt: skip


def empty(
    title: str, text: str = "", action_url: str = "", action_text: str = "", icon_name: str = "list-check"
) -> dict[str, object]:
    """Instead of an empty table: what would stand here, what to do, one button."""
    return {"title": title, "text": text, "action_url": action_url, "action_text": action_text, "icon_name": icon_name}


def tabs(items: list[Tab], label: str = "") -> dict[str, object]:
    return {"items": items, "label": label}


def terms(items: list[Term]) -> dict[str, object]:
    """A description list."""
    return {"items": items}


def timeline(items: list[Evidence]) -> dict[str, object]:
    return {"items": [(one, one.icon or TONE_ICONS[one.tone]) for one in items]}


def building(grid: Building, label: str = "") -> dict[str, object]:
    """Stairwell × floor × room, with its legend and the tabs of its modes."""
    return {"grid": grid, "label": label}


def chart(block: Chart) -> dict[str, object]:
    return {"chart": block}


def job(work: Job) -> dict[str, object]:
    return {"job": work}


def progress(done: float, whole: float | None, label: str = "", tone: str = "info") -> dict[str, object]:
    """A bar with its numbers; without ``whole`` it only says that work goes on."""
    return {"done": done, "whole": whole, "label": label, "tone": tone}


def heads(context: Any, table: Table) -> dict[str, object]:
    """The <thead> of a table, its sortable columns as links."""
    return {"table": table, "request": context["request"]}


def pager(context: Any, table: Table) -> dict[str, object]:
    """How many rows, which of them, the next ones, how many at once."""
    return {"table": table, "request": context["request"]}


def crumb(text: str, url: str = "") -> dict[str, object]:
    return {"text": text, "url": url}


def cell(table: Table, key: str) -> SafeString:
    """Attributes of the <td> of a column: its class, and its name for the cards of narrow screens."""
    return table.cells[key]


def room(one: Room) -> SafeString:
    """One cell of the grid; written here because a tower has hundreds of them."""
    flags = SafeString("".join(_flag(name, words) for name, words in one.flags[:3]))
    mark = one.mark or ("" if one.is_empty else TONE_ICONS[one.tone])
    drawn = icon(mark) if mark else ""
    spoken = t("web.comma").join((one.label, one.words, *(words for _, words in one.flags)))
    label, note = escape(one.label), escape(one.note)
    foot = f'{note}<span class="lf-room-flags">{flags}</span>' if flags else note
    inside = f'<span class="lf-room-top"><b>{label}</b>{drawn}</span><span class="lf-room-foot">{foot}</span>'
    tone, said = escape(one.tone), escape(spoken)
    if not one.url:
        return SafeString(f'<span class="lf-room lf-tone-{tone}" title="{said}">{inside}</span>')
    return SafeString(
        f'<a class="lf-room lf-tone-{tone}" href="{escape(one.url)}" title="{said}" aria-label="{said}">{inside}</a>'
    )


def _flag(name: str, words: str) -> SafeString:
    return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', words, icon_url(name))
