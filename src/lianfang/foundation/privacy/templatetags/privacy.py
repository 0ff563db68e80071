"""``{% load privacy %}{% sealed person "phone" %}``: a masked number with its audited "show" button."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone, unseal
from lianfang.foundation.privacy.services import OPENABLE, purpose_choices
from lianfang.foundation.web.addresses import path_of
from lianfang.foundation.web.language import t
from lianfang.foundation.web.templatetags.nodes import texts_of, where_of

register = template.Library()

_PART = "lianfang/parts/masked.html"
# Stand for what differs from row to row in a part that was drawn before; nothing of them needs escaping.
_VALUE, _ADDRESS, _TOKEN, _LABEL = "\x1avalue\x1a", "\x1aaddress\x1a", "\x1atoken\x1a", "\x1alabel\x1a"


@register.simple_tag(takes_context=True)
def sealed(context: Any, row: Any, kind: str, label: str = "") -> SafeString:
    """The mask of ``row``'s "identity" or "phone"; the button only for roles that may open it."""
    model = row._meta.label_lower
    number = unseal(getattr(row, OPENABLE[model][kind]))
    actor = context["request"].actor
    may_open = number is not None and actor is not None and actor.may(Action.UNMASK)
    if number is None:
        value = t("web.unknown")
    else:
        value = mask_phone(number) if kind == "phone" else mask_identity(number)
    drawn = _drawn(texts_of(context).language, may_open, bool(label)).replace(_VALUE, conditional_escape(value))
    if label:
        drawn = drawn.replace(_LABEL, conditional_escape(label))
    if may_open:
        drawn = drawn.replace(
            _ADDRESS, conditional_escape(path_of("privacy:unmask", model, row.pk, kind, at=where_of(context)))
        )
        drawn = drawn.replace(_TOKEN, conditional_escape(context.get("csrf_token") or ""))
    return mark_safe(drawn)


@cache
def _drawn(_language: str, may_open: bool, has_label: bool) -> str:
    """The part in the reader's language, with marks where rows differ: a list has fifty of them."""
    given = {
        "value": _VALUE, "show_url": _ADDRESS if may_open else "", "label": _LABEL if has_label else "",
        "purposes": purpose_choices() if may_open else [], "csrf_token": _TOKEN,
    }  # fmt: skip
    return render_to_string(_PART, given)
