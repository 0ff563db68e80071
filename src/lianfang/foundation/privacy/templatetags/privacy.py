"""``{% load privacy %}{% sealed person "phone" %}``: a masked number with its audited "show" button."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone, unseal
from lianfang.foundation.privacy.services import OPENABLE, purpose_choices
from lianfang.foundation.web.language import t

register = template.Library()


@register.inclusion_tag("lianfang/parts/masked.html", takes_context=True)
def sealed(context: Any, row: Any, kind: str, label: str = "") -> dict[str, object]:
    """The mask of ``row``'s "identity" or "phone"; the button only for roles that may open it."""
    model = row._meta.label_lower
    number = unseal(getattr(row, OPENABLE[model][kind]))
    if number is None:
        return {"value": t("web.unknown"), "show_url": "", "purposes": [], "label": label}
    actor = context["request"].actor
    show_url = (
        reverse("privacy:unmask", args=[model, row.pk, kind]) if actor is not None and actor.may(Action.UNMASK) else ""
    )
    value = mask_phone(number) if kind == "phone" else mask_identity(number)
    return {
        "value": value,
        "show_url": show_url,
        "purposes": purpose_choices(),
        "label": label,
        "csrf_token": context.get("csrf_token"),
    }
