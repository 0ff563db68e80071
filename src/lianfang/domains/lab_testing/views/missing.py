"""The missing list: whom to call, what came of it in one tap, on paper in walking order, and as a spreadsheet."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import roster, selectors, services
from lianfang.domains.lab_testing.forms import MissingForm
from lianfang.domains.lab_testing.models import ContactOutcome, ContactWay, Round, RoundPerson
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.selectors import MissingFilter, MissingRow
from lianfang.domains.lab_testing.templatetags.testing_words import contact_words
from lianfang.domains.lab_testing.views.answers import back_to, round_or_404, told, whole
from lianfang.domains.registry.models import PlaceKind
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action, Level
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("address", "lab_testing.column.address", "walking_key"),
    Column("name", "lab_testing.column.person"),
    Column("phone", "lab_testing.column.phone", kind="code"),
    Column("why", "lab_testing.column.why"),
    Column("missed", "lab_testing.column.missed", kind="number"),
    Column("contact", "lab_testing.column.contact", kind="when"),
    Column("act", "", kind="action"),
)
# In the order in which they are heard on the phone; the others are said with a note.
TAPS = (
    (ContactOutcome.PROMISED, "check"),
    (ContactOutcome.NO_ANSWER, "phone-off"),
    (ContactOutcome.REFUSED, "hand-stop"),
    (ContactOutcome.AWAY, "walk"),
)
TAPS_MORE = (
    (ContactOutcome.AWAY, "walk"),
    (ContactOutcome.EXEMPT, "shield-check"),
    (ContactOutcome.WRONG_NUMBER, "question-mark"),
)
MOST_PRINTED = 5_000


def _wanted(request: Any) -> MissingFilter:
    given = request.GET
    outcome = given.get("outcome", "")
    known = outcome in ContactOutcome.values or outcome == selectors.NOT_CONTACTED
    return MissingFilter(
        whole(given.get("community")), whole(given.get("building")), whole(given.get("unit")), outcome if known else "",
        min(whole(given.get("missed"), 1) or 1, 9),
    )  # fmt: skip


def _form(request: Any, round_: Round, wanted: MissingFilter) -> MissingForm:
    """Communities of the round, and the buildings of the one that is looked at."""
    actor = request.actor
    seen = RoundPerson.objects.visible_to(actor).filter(round=round_).order_by()
    if actor.level in (Level.COMMUNITY, Level.BUILDING):
        community_id = getattr(roster.own_place(actor), "community_id", None)
        communities = [community_id] if community_id else []
    else:
        places = roster.places_by_id(round_.place_ids).values()
        inside = {pk.community_id for pk in places if pk.community_id}
        whole_ones = [one for one in places if one.community_id is None]
        inside |= {one.pk for place in whole_ones for one in roster.places_within(place, PlaceKind.COMMUNITY)}
        communities = sorted(inside)
        community_id = wanted.community_id
    names = roster.names_of(communities)
    choices = [(str(pk), names[pk]) for pk in communities if pk in names]
    buildings: list[tuple[str, str]] = []
    if community_id is not None:
        ids = set(seen.filter(community_id=community_id).values_list("building_id", flat=True).distinct())
        found = roster.places_by_id(ids)
        labels = roster.names_of(ids)
        buildings = [(str(pk), labels[pk]) for pk in sorted(found, key=lambda pk: found[pk].sort_key)]
    return MissingForm(choices, buildings, request.GET)


@allow(Action.TESTING_VIEW)
def missing(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    wanted = _wanted(request)
    people = selectors.missing_people(request.actor, round_, wanted)
    table = by_keyset(request, people, COLUMNS, sort="address")
    return render(
        request,
        "lab_testing/missing.html",
        {
            "round": round_,
            "table": table,
            "rows": selectors.describe(request.actor, round_, table.rows),
            "taps": TAPS,
            "taps_more": TAPS_MORE,
            "filter": _form(request, round_, wanted),
            "count": selectors.missing_count(request.actor, round_, wanted),
            "query": request.GET.urlencode(),
            "may_note": _may_note(request),
            "may_exempt": request.actor.may(Action.TESTING_PLAN),
        },
    )


def _may_note(request: Any) -> bool:
    return bool(request.actor.may(Action.TESTING_PLAN) or request.actor.may(Action.REGISTRY_EDIT))


@allow(Action.TESTING_PLAN, Action.REGISTRY_EDIT)
@require_POST
@told
def contact(request: Any, pk: int, person_id: int) -> HttpResponseBase:
    """One tap: the row answers with what was kept."""
    outcome, way = request.POST.get("outcome", ""), request.POST.get("way", ContactWay.PHONE)
    if outcome not in ContactOutcome.values or way not in ContactWay.values:
        raise RefusedError("unknown_act")
    given = services.Try(ContactWay(way), ContactOutcome(outcome), request.POST.get("note", ""))
    person = services.note_contact(actor=request.actor, round_id=pk, person_id=person_id, given=given)
    round_ = round_or_404(request, pk)
    if not request.htmx:
        tell(request, t("lab_testing.told.contact", outcome=t(f"lab_testing.outcome.{outcome}")))
        return back_to(request, reverse("lab_testing:missing", args=[pk]))
    (row,) = selectors.describe(request.actor, round_, [person])
    return render(
        request,
        "lab_testing/missing_row.html",
        {
            "round": round_,
            "row": row,
            "taps": TAPS,
            "taps_more": TAPS_MORE,
            "may_note": _may_note(request),
            "is_new": True,
            "may_exempt": request.actor.may(Action.TESTING_PLAN),
        },
    )


@allow(Action.TESTING_VIEW)
def missing_print(request: Any, pk: int) -> HttpResponseBase:
    """The list for the doors: grouped by building, in walking order, with room for a tick."""
    round_ = round_or_404(request, pk)
    people = selectors.missing_people(request.actor, round_, _wanted(request))
    rows = list(selectors.described_in_chunks(request.actor, round_, people, most=MOST_PRINTED))
    names = roster.names_of({row.expected.unit_id for row in rows})
    buildings = roster.names_within(row.expected.building_id for row in rows)
    groups: list[dict[str, Any]] = []
    for row in rows:
        key = (row.expected.community_id, row.expected.building_id)
        if not groups or groups[-1]["key"] != key:
            building = buildings.get(row.expected.building_id or 0, t("lab_testing.missing.no_building"))
            groups.append({"key": key, "community": row.community, "building": building, "rows": []})
        groups[-1]["rows"].append((row, names.get(row.expected.unit_id or 0, "")))
    record(actor=request.actor, action="testing.missing_printed", target_kind="round", target_id=round_.pk,
           details={"people": len(rows)})  # fmt: skip
    return render(
        request,
        "lab_testing/missing_print.html",
        {
            "round": round_,
            "groups": groups,
            "count": len(rows),
            "is_cut": len(rows) == MOST_PRINTED,
            "as_of": timezone.now(),
        },
    )


@allow(Action.TESTING_VIEW)
def missing_export(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    people = selectors.missing_people(request.actor, round_, _wanted(request))
    title = t("lab_testing.missing.export_title", name=round_.name)
    record(actor=request.actor, action="testing.missing_exported", target_kind="round", target_id=round_.pk)
    columns = [
        ExportColumn(t(f"lab_testing.column.{name}"))
        for name in ("place", "address", "person", "phone", "why", "missed", "contacted_at", "contact", "reason")
    ]
    rows = (_export_row(row) for row in selectors.described_in_chunks(request.actor, round_, people))
    return export_rows(rows, columns, title=title, actor=request.actor, purpose=t("lab_testing.missing.export_purpose"))


def _export_row(row: MissingRow) -> list[object]:
    return [
        row.community,
        row.address,
        row.person.name,
        row.phone,
        t(f"lab_testing.because.{row.why}"),
        t("lab_testing.missing.times", missed=row.missed, rounds=row.rounds),
        row.last_contact_at,
        contact_words(row.last_contact),
        row.expected.reason,
    ]
