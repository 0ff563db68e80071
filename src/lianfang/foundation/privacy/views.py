"""The button beside a mask."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST

from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone
from lianfang.foundation.privacy.services import PurposeNeededError, purpose_choices, unmask
from lianfang.foundation.web.language import t


@allow(Action.UNMASK)
@require_POST
def unmask_number(request: Any, model: str, row_id: int, kind: str) -> HttpResponseBase:
    """Answers htmx with the number for a minute, or with the purposes to choose from where none was given."""
    purpose = request.POST.get("purpose", "")
    try:
        number = unmask(actor=request.actor, purpose=purpose, kind=kind, model=model, row_id=row_id)
    except PurposeNeededError:
        return render(request, "privacy/purposes.html", {"purposes": purpose_choices()}, status=422)
    mask = mask_phone(number) if kind == "phone" else mask_identity(number)
    context = {
        "value": number or t("privacy.unmask.none"),
        "masked_value": mask,
        "is_phone": kind == "phone" and number,
    }
    return render(request, "lianfang/parts/revealed.html" if request.htmx else "privacy/number.html", context)
