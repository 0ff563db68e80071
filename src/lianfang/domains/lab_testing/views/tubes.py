"""Tubes: the list, one tube's way, hand-over with both names, receipt at the laboratory."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import codes, roster, selectors, services
from lianfang.domains.lab_testing.forms import TubeFilter
from lianfang.domains.lab_testing.models import HandOver, Tube, TubeState
from lianfang.domains.lab_testing.refusals import ConfirmationNeededError, NotFoundError, RefusedError
from lianfang.domains.lab_testing.transitions import TUBE, Move
from lianfang.domains.lab_testing.views.answers import round_or_404, told, whole
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_name
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Evidence, Tab
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("code", "lab_testing.column.code", kind="code"),
    Column("state", "lab_testing.column.state"),
    Column("bound", "lab_testing.column.bound", kind="number"),
    Column("team", "lab_testing.column.team"),
    Column("box", "lab_testing.column.box", kind="code"),
    Column("opened_at", "lab_testing.column.opened_at", "opened_at", "when"),
    Column("where", "lab_testing.column.where"),
)


@allow(Action.TESTING_VIEW, Action.TESTING_HANDOVER)
def tubes(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    code = codes.tidy(request.GET.get("code", ""))[:40]
    if code:
        found = Tube.objects.visible_to(request.actor).filter(round=round_, code=code).first()
        if found is not None:
            return redirect("lab_testing:tube", found.pk)
        tell(request, t("lab_testing.tube.not_found", code=code), tone="warning")
    asked = TubeFilter(request.GET)
    chosen = asked.cleaned_data if asked.is_valid() else {}
    rows = selectors.tubes_of(request.actor, round_, state=chosen.get("state", ""), only=chosen.get("only", ""))
    counts = selectors.tube_counts(request.actor, round_)
    tabs = [Tab(t(f"lab_testing.tube_state.{state}"), f"?state={state}", request.GET.get("state") == state, count=count)
            for state, count in counts.by_state.items()]  # fmt: skip
    return render(request, "lab_testing/tubes.html", {
        "round": round_, "filter": asked, "counts": counts, "tabs": tabs,
        "table": by_keyset(request, rows, COLUMNS, sort="-opened_at"), "now": timezone.now(),
    })  # fmt: skip


@allow(Action.TESTING_VIEW, Action.TESTING_HANDOVER)
@told
def tube(request: Any, pk: int) -> HttpResponseBase:
    shown = selectors.tube_for(request.actor, pk)
    may_see_people = request.actor.may(Action.TESTING_VIEW)
    swabs = selectors.swabs_of(request.actor, shown) if may_see_people else []
    may = request.actor.may(Action.TESTING_SAMPLE)
    return render(
        request,
        "lab_testing/tube.html",
        {
            "tube": shown,
            "round": shown.round,
            "steps": timeline(shown),
            "may_see_people": may_see_people,
            "swabs": [
                (swab, swab.name if roster.is_in_scope(request.actor, swab) else mask_name(swab.name)) for swab in swabs
            ],
            "bound": sum(not swab.is_void for swab in swabs) if may_see_people else shown.counted,
            "acts": {
                str(move)
                for move in (Move.SEAL, Move.REOPEN, Move.VOID)
                if may and TubeState(shown.state) in TUBE[move]
            },
            "is_open": shown.state == TubeState.OPEN and may,
            "place": roster.names_of([shown.building_id, shown.community_id]),
        },
    )


def timeline(shown: Tube) -> list[Evidence]:
    """What happened to a tube, oldest first. The later step of results adds its own below."""
    steps = [Evidence(shown.opened_at, t("lab_testing.step.opened"), "info", "test-pipe", source=shown.opened_by)]
    if shown.sealed_at:
        counted = t("lab_testing.step.counted", count=shown.counted or 0)
        steps.append(Evidence(shown.sealed_at, t("lab_testing.step.sealed"), "info", "lock", counted, shown.sealed_by))
    if shown.handed_over_at:
        names = t("lab_testing.step.names", giver=shown.handed_over_by, taker=shown.courier)
        steps.append(
            Evidence(shown.handed_over_at, t("lab_testing.step.handed_over"), "info", "truck", names, shown.box_code)
        )
    if shown.received_at:
        steps.append(
            Evidence(
                shown.received_at,
                t("lab_testing.step.received"),
                "info",
                "building-hospital",
                shown.laboratory,
                shown.received_by,
            )
        )
    if shown.voided_at:
        steps.append(
            Evidence(shown.voided_at, t("lab_testing.step.voided"), "bad", "ban", shown.void_reason, shown.voided_by)
        )
    return steps


@allow(Action.TESTING_SAMPLE)
@require_POST
@told
def change_tube(request: Any, pk: int) -> HttpResponseBase:
    given, actor, asked = request.POST, request.actor, request.POST.get("do", "")
    confirmed = {"over_full"} if given.get("confirm") == "on" else set()
    if asked == "seal":
        counted = whole(given.get("counted"))
        if counted is None:
            raise RefusedError("count_missing")
        services.seal_tube(
            actor=actor,
            tube_id=pk,
            counted=min(counted, 10_000),
            box_code=given.get("box_code", ""),
            confirmed=confirmed,
        )
    elif asked == "reopen":
        services.reopen_tube(actor=actor, tube_id=pk, reason=given.get("reason", ""))
    elif asked == "void":
        services.void_tube(actor=actor, tube_id=pk, reason=given.get("reason", ""))
    elif asked == "move":
        _move(request, pk, confirmed)
    else:
        raise RefusedError("unknown_act")
    tell(request, t(f"lab_testing.told.tube_{asked}"))
    return redirect("lab_testing:tube", pk)


def _move(request: Any, pk: int, confirmed: set[str]) -> None:
    """Into the tube of a code, which is taken into use where it is new."""
    source = selectors.tube_for(request.actor, pk)
    if source.round_id is None:
        raise RefusedError("round_unknown")
    given = services.Opening(
        source.capacity, source.is_household, source.building_id or source.community_id, source.team_id
    )
    target = services.open_tube(
        actor=request.actor, round_id=source.round_id, code=request.POST.get("code", ""), given=given
    )
    chosen = [number for number in map(whole, request.POST.getlist("sample")) if number is not None]
    services.move_samples(
        actor=request.actor, from_tube_id=pk, to_tube_id=target.pk, reason=request.POST.get("reason", ""),
        sample_ids=chosen or None, confirmed=confirmed,
    )  # fmt: skip


@allow(Action.TESTING_SAMPLE)
@require_POST
@told
def void_sample(request: Any, pk: int) -> HttpResponseBase:
    sample = services.void_sample(actor=request.actor, sample_id=pk, reason=request.POST.get("reason", ""))
    tell(request, t("lab_testing.told.sample_voided", name=sample.name))
    return redirect("lab_testing:tube", sample.tube_id)


@allow(Action.TESTING_HANDOVER)
def hand_over(request: Any, pk: int) -> HttpResponseBase:
    """Sealed tubes to choose from or to scan, both names, and the count of both."""
    round_ = round_or_404(request, pk)
    ready = (
        Tube.objects.visible_to(request.actor)
        .filter(round=round_, state=TubeState.SEALED)
        .select_related("team")
        .order_by("sealed_at", "id")
    )
    refused = ""
    if request.method == "POST":
        try:
            over = _hand_over(request, round_)
        except (NotFoundError, ConfirmationNeededError, RefusedError) as error:
            refused = error.text()
        else:
            return redirect("lab_testing:slip", over.pk)
    chosen = set(request.POST.getlist("tube"))
    return render(
        request,
        "lab_testing/hand_over.html",
        {
            "round": round_,
            "ready": [(one, str(one.pk) in chosen) for one in ready[:500]],
            "refused": refused,
            "given": request.POST,
            "past": selectors.hand_overs_of(request.actor, round_)[:20],
            "open_count": Tube.objects.visible_to(request.actor).filter(round=round_, state=TubeState.OPEN).count(),
        },
        status=422 if refused else 200,
    )


def _hand_over(request: Any, round_: Any) -> HandOver:
    given = request.POST
    ids = {number for number in map(whole, given.getlist("tube")) if number is not None}
    scanned = [code for code in map(codes.tidy, re.split(r"[\s,，、;；]+", given.get("codes", "")[:20_000])) if code]
    if scanned:
        found = dict(
            Tube.objects.visible_to(request.actor).filter(round=round_, code__in=scanned).values_list("code", "pk")
        )
        unknown = [code for code in dict.fromkeys(scanned) if code not in found]
        if unknown:
            raise RefusedError("codes_unknown", codes=unknown[:10], count=len(unknown))
        ids |= set(found.values())
    if not ids:
        raise RefusedError("none_chosen")
    counted = whole(given.get("counted"))
    if counted is None:
        raise RefusedError("count_missing")
    journey = services.Journey(given.get("given_by", ""), given.get("taken_by", ""), counted, given.get("box_code", ""),
                               given.get("laboratory", ""))  # fmt: skip
    return services.hand_over(actor=request.actor, tube_ids=sorted(ids), journey=journey)


@allow(Action.TESTING_HANDOVER, Action.TESTING_VIEW)
def slip(request: Any, pk: int) -> HttpResponseBase:
    """The hand-over slip to print: what, how many, from whom to whom, with room for two signatures."""
    over = HandOver.objects.visible_to(request.actor).select_related("round").filter(pk=pk).first()
    if over is None:
        raise Http404(pk)
    listed = Tube.objects.visible_to(request.actor).filter(hand_over=over).select_related("team").order_by("code")
    return render(request, "lab_testing/slip.html", {"over": over, "tubes": list(listed), "as_of": over.at})


@allow(Action.TESTING_HANDOVER)
def receive(request: Any) -> HttpResponseBase:
    """Codes as they are scanned at the laboratory's window: each is answered."""
    receipt, refused = None, ""
    if request.method == "POST":
        scanned = re.split(r"[\s,，、;；]+", request.POST.get("codes", "")[:100_000])
        try:
            receipt = services.receive_tubes(
                actor=request.actor, codes=scanned, received_by=request.POST.get("received_by", ""),
                laboratory=request.POST.get("laboratory", ""),
            )  # fmt: skip
        except RefusedError as error:
            refused = error.text()
    on_the_way = Tube.objects.visible_to(request.actor).filter(state=TubeState.HANDED_OVER)
    return render(request, "lab_testing/receive.html", {
        "receipt": receipt, "refused": refused, "given": request.POST,
        "left": "\n".join(code for code, _ in receipt.refused) if receipt else request.POST.get("codes", ""),
        "on_the_way": on_the_way.aggregate(n=Count("id", filter=Q(received_at=None)))["n"],
    }, status=422 if refused else 200)  # fmt: skip
