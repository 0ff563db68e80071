"""The review list: what devices sent and could not be accepted, until somebody settled it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.devices.kinds import show_of
from lianfang.foundation.devices.models import InboxItem, ItemState
from lianfang.foundation.devices.selectors import review_item_for, review_items_for
from lianfang.foundation.devices.services.applying import body_of
from lianfang.foundation.devices.services.enrolment import DeviceProblemError
from lianfang.foundation.devices.services.settling import HOWS, NEVER_APPLIED, settle_item
from lianfang.foundation.devices.wording import code_words, kind_words, shown_fields
from lianfang.foundation.privacy.numbers import KeyDestroyedError, mask_identity, mask_phone
from lianfang.foundation.privacy.services import PURPOSES, purpose_choices
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("received_at", "devices.column.received_at", "received_at", "when"),
    Column("kind", "devices.column.kind"),
    Column("why", "devices.column.why"),
    Column("device", "devices.column.device"),
    Column("happened_at", "devices.column.happened_at", kind="when"),
    Column("state", "devices.column.state"),
)
STATES = ("open", "settled")
NUMBERS = {"identity": mask_identity, "phone": mask_phone}


@allow(Action.DEVICES_REVIEW)
@require_http_methods(["GET", "HEAD"])
def review_list(request: Any) -> HttpResponseBase:
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "state", "kind", "code", "device")}
    found = review_items_for(
        request.actor, state=asked["state"], kind=asked["kind"], code=asked["code"], text=asked["q"],
        device_id=_uuid(asked["device"]),
    )  # fmt: skip
    table = by_keyset(request, found.defer("body_sealed"), COLUMNS, sort="-received_at")
    for one in table:
        one.kind_words, one.why = kind_words(one.kind), code_words(one.code, one.gaps)
    open_ones = review_items_for(request.actor)
    return render(request, "devices/review.html", {
        "table": table, "asked": asked, "states": STATES,
        "kinds": _options(open_ones.order_by().exclude(kind="").values_list("kind", flat=True).distinct(), kind_words),
        "codes": _options(open_ones.order_by().exclude(code="").values_list("code", flat=True).distinct(), code_words),
    })  # fmt: skip


@allow(Action.DEVICES_REVIEW)
@require_http_methods(["GET", "HEAD"])
def item_page(request: Any, item_id: UUID) -> HttpResponseBase:
    return render(request, "devices/item.html", _context(request, review_item_for(request.actor, item_id)))


@allow(Action.DEVICES_REVIEW)
@require_POST
def settle(request: Any, item_id: UUID) -> HttpResponseBase:
    how, note = request.POST.get("how", ""), request.POST.get("note", "")
    try:
        item = settle_item(actor=request.actor, item_id=item_id, how=how, note=note)
    except DeviceProblemError as problem:
        context = _context(request, review_item_for(request.actor, item_id))
        context |= {"error": t(f"devices.problem.{problem.code}"), "given_note": note}
        return render(request, "devices/item.html", context, status=422)
    if item.settled_at is None:
        tell(request, t("devices.done.refused_again", why=code_words(item.code, item.gaps)), tone="warning")
        return redirect("devices:item", item_id=item_id)
    tell(request, t(f"devices.done.{how}"))
    return redirect("devices:review")


@allow(Action.DEVICES_REVIEW)
@require_POST
def number(request: Any, item_id: UUID, name: str) -> HttpResponseBase:
    """A whole number that somebody typed at a door, for a stated purpose, on the record."""
    request.actor.authorise(Action.UNMASK)
    item = review_item_for(request.actor, item_id)
    value = body_of(item).get(name)
    if name not in NUMBERS or not isinstance(value, str):
        raise Http404
    purpose = request.POST.get("purpose", "")
    if purpose not in PURPOSES:
        return render(request, "privacy/purposes.html", {"purposes": purpose_choices()}, status=422)
    record(actor=request.actor.for_purpose(purpose), action=f"privacy.unmask_{name}", target_kind="device_item",
           target_id=item.pk)  # fmt: skip
    context = {"value": value, "masked_value": NUMBERS[name](value), "is_phone": name == "phone"}
    return render(request, "lianfang/parts/revealed.html" if request.htmx else "privacy/number.html", context)


def _context(request: Any, item: InboxItem) -> dict[str, Any]:
    try:
        body = body_of(item)
    except KeyDestroyedError:
        body = None
    show = show_of(item.kind)
    about = [] if show is None or body is None else [(t(key), words, url) for key, words, url in
                                                      show(actor=request.actor, body=body)]  # fmt: skip
    masked = {name: mask(body[name]) for name, mask in NUMBERS.items() if body and isinstance(body.get(name), str)}
    return {
        "item": item,
        "kind": kind_words(item.kind),
        "why": code_words(item.code, item.gaps),
        "about": about,
        "fields": shown_fields(body or {}, without=masked),
        "numbers": masked,
        "is_erased": body is None,
        "purposes": purpose_choices() if request.actor.may(Action.UNMASK) else [],
        "is_open": item.state == ItemState.REFUSED and item.settled_at is None,
        "is_failing": item.state == ItemState.WAITING,
        "hows": [how for how in HOWS if how != "applied" or item.code not in NEVER_APPLIED],
    }


def _options(values: Any, words: Any) -> list[tuple[str, str]]:
    return sorted(((value, words(value)) for value in values), key=lambda option: option[1])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
