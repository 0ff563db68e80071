"""Tags for forms: fields with their errors beneath, the summary on top, filters, files."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from lianfang.foundation.web import wording

_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, ""),
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)


def add_to(register: template.Library) -> None:
    register.inclusion_tag("lianfang/parts/field.html")(field)
    register.inclusion_tag("lianfang/parts/errors.html")(errors)
    register.inclusion_tag("lianfang/parts/filters.html", takes_context=True)(filters)
    register.inclusion_tag("lianfang/parts/drop_zone.html")(drop_zone)
    register.simple_tag(widget)


def field(bound: BoundField, label: str = "", hint: str = "", **attributes: str) -> dict[str, object]:
    """Label, input, help, errors. ``attributes`` go to the input; ``_`` in a name becomes ``-``."""
    return {
        "bound": bound,
        "label": label or bound.label,
        "hint": hint or bound.help_text,
        "input": widget(bound, **attributes),
        "is_check": isinstance(bound.field.widget, forms.CheckboxInput),
        "is_group": isinstance(bound.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple),
    }


def widget(bound: BoundField, **attributes: str) -> SafeString:
    """The bare input in our look."""
    given: dict[str, str | bool] = {name.replace("_", "-"): value for name, value in attributes.items()}
    css = next(css for kind, css in _CLASSES if isinstance(bound.field.widget, kind))
    own = bound.field.widget.attrs.get("class", "")
    wanted = (css, own, attributes.get("class", ""), "is-invalid" if bound.errors else "")
    given["class"] = " ".join(filter(None, wanted))
    return _select(bound, given) if type(bound.field.widget) is forms.Select else bound.as_widget(attrs=given)


def _select(bound: BoundField, given: dict[str, str | bool]) -> SafeString:
    """As Django draws it: a community has a hundred buildings to choose from, and each option is a template there."""
    attributes = bound.build_widget_attrs(given)
    if bound.auto_id and "id" not in bound.field.widget.attrs:
        attributes.setdefault("id", bound.auto_id)
    drawn = bound.field.widget.get_context(bound.html_name, bound.value(), attributes)["widget"]
    groups = []
    for label, options, _ in drawn["optgroups"]:
        lines = format_html_join(
            "", '<option value="{}"{}>{}</option>',
            ((one["value"], flatatt(one["attrs"]), one["label"]) for one in options),
        )  # fmt: skip
        groups.append(format_html('<optgroup label="{}">{}</optgroup>', label, lines) if label else lines)
    return format_html(
        '<select name="{}"{}>{}</select>', drawn["name"], flatatt(drawn["attrs"]), SafeString("".join(groups))
    )


def errors(form: forms.BaseForm) -> dict[str, object]:
    """The summary above a form that was sent back: each error leads to its field."""
    found = [(form[name], texts) for name, texts in form.errors.items() if name in form.fields]
    return {"form": form, "found": found, "count": sum(len(texts) for texts in form.errors.values())}


def filters(context: Any, form: forms.BaseForm, target: str = "#content") -> dict[str, object]:
    """A row of filters that apply as they change, with each one that is set and how to lift it."""
    request = context["request"]
    chosen = [(bound, _shown(bound)) for bound in form if not bound.is_hidden and request.GET.get(bound.html_name)]
    return {"form": form, "chosen": chosen, "target": target, "request": request}


def drop_zone(
    name: str = "files", accept: str = "", limit: int | None = None, takes_many: bool = True, hint: str = ""
) -> dict[str, object]:
    """An input for files on which files may be dropped; ``limit`` is the most bytes that all may have together."""
    return {
        "name": name, "accept": accept, "limit": limit, "takes_many": takes_many, "hint": hint,
        "limit_text": wording.size(limit) if limit else "",
    }  # fmt: skip


def _shown(bound: BoundField) -> str:
    value = bound.value()
    choices = dict(_flat(getattr(bound.field, "choices", ())))
    wanted = value if isinstance(value, list | tuple) else [value]
    return "、".join(str(choices.get(str(one), one)) for one in wanted)


def _flat(choices: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for value, text in choices:
        found += _flat(text) if isinstance(text, list | tuple) else [(str(value), text)]
    return found
