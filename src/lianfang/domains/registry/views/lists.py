"""Lists of people: filtered, sorted, exported; special needs; key people; who answers for what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lianfang.domains.registry.forms import PeopleFilterForm
from lianfang.domains.registry.models import Person, Place, PlaceKind
from lianfang.domains.registry.naming import place_name
from lianfang.domains.registry.panels import badges_for
from lianfang.domains.registry.reach import reaches
from lianfang.domains.registry.selectors import (
    PeopleFilter,
    along_names,
    count_people,
    filtered_people,
    in_walking_order,
    key_kinds_in_use,
    names_of,
    needs_in_use,
    own_places,
    responsible_for,
)
from lianfang.domains.registry.selectors.lists import COUNT_AT_MOST
from lianfang.domains.registry.wording import age_of, code_words, needs_words, state_words
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone, unseal
from lianfang.foundation.privacy.services import PURPOSES, purpose_choices
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("place", "registry.field.address", "sort_key"),
    Column("name", "registry.field.name", "name_pinyin"),
    Column("about", "registry.column.about"),
    Column("phone", "registry.field.phone", kind="code"),
    Column("needs", "registry.column.needs"),
    Column("state", "registry.field.state"),
)
_LISTED = (PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.BUILDING)
MOST_PLACES = 300


def read_filter(request: Any) -> tuple[PeopleFilter, PeopleFilterForm]:
    """What the address asks for; a place that is not the reader's counts as none."""
    actor: Actor = request.actor
    places = _places_to_choose(actor, request.GET.get("place", ""))
    kinds = key_kinds_in_use(actor) if request.GET.get("key") else {}
    needs = needs_in_use(actor) if request.GET.get("need") else {}
    form = PeopleFilterForm(
        request.GET, places=[(str(place.pk), label) for place, label in places], needs=needs, kinds=kinds
    )  # fmt: skip
    form.is_valid()
    facts = form.cleaned_data
    place = next((one for one, _ in places if str(one.pk) == facts.get("place")), None)
    wanted = PeopleFilter(
        place=place, state=facts.get("state") or "residents", class_kind=facts.get("class_kind") or "",
        special_need=facts.get("need") or "", key_person=facts.get("key") or "", text=(facts.get("q") or "").strip(),
    )  # fmt: skip
    return wanted, form


def _places_to_choose(actor: Actor, chosen: str) -> list[tuple[Place, str]]:
    """The reader's communities, or below one community its compounds and buildings; and the one that is chosen."""
    own = list(own_places(actor))
    inside = Place.objects.filter(closed_on=None, kind__in=_LISTED)
    if all(place.kind in (PlaceKind.COUNTY, PlaceKind.TOWNSHIP) for place in own) and own:
        wanted = inside.filter(
            path__overlap=[place.pk for place in own], kind__in=(PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY)
        )
    else:
        wanted = inside.filter(path__overlap=[place.pk for place in own])
    places = list(in_walking_order(wanted[:MOST_PLACES]))
    if (
        chosen.isascii()
        and chosen.isdecimal()
        and len(chosen) < 19
        and all(str(place.pk) != chosen for place in places)
    ):
        extra = Place.objects.filter(pk=int(chosen)).first()
        if extra is not None and reaches(actor, extra):
            places.append(extra)
    names = names_of(place.parent_id for place in places if place.kind == PlaceKind.BUILDING)
    return [
        (
            place,
            f"{names.get(place.parent_id or 0, '')}{place_name(place)}"
            if place.kind == PlaceKind.BUILDING
            else place_name(place),
        )
        for place in places
    ]


@allow(Action.REGISTRY_VIEW)
def people(request: Any) -> HttpResponseBase:
    wanted, form = read_filter(request)
    return _list(request, wanted, form, "people")


@allow(Action.REGISTRY_VIEW)
def special_needs(request: Any) -> HttpResponseBase:
    """Whoever needs help, with the count of each need on top."""
    return _single_out(request, "need", "needs")


@allow(Action.REGISTRY_VIEW)
def key_people(request: Any) -> HttpResponseBase:
    """Whom a rule or a list singles out, with the count of each kind on top."""
    return _single_out(request, "key", "key")


def _single_out(request: Any, parameter: str, page: str) -> HttpResponseBase:
    if not request.GET.get(parameter):
        request.GET = request.GET.copy()
        request.GET[parameter] = "any"
    wanted, form = read_filter(request)
    return _list(request, wanted, form, page)


def _list(request: Any, wanted: PeopleFilter, form: PeopleFilterForm, page: str) -> HttpResponseBase:
    actor: Actor = request.actor
    found = filtered_people(actor, wanted).select_related("household")
    if request.GET.get("sort", "").removeprefix("-") == "name":
        found = along_names(actor, found)
    table = by_keyset(request, found, COLUMNS, sort="place")
    seen = {person.community_id for person in table.rows}
    communities = names_of(seen) if len(seen) > 1 else {}
    rows = [{"person": person, "community": communities.get(person.community_id, "")} for person in table.rows]
    count = count_people(actor, wanted) if wanted.place is not None or not wanted.is_bare else None
    context = {
        "table": table, "rows": rows, "badges": badges_for(actor, table.rows), "form": form,
        "page": page, "wanted": wanted,
        "count": count, "is_more": count is not None and count > COUNT_AT_MOST, "count_at_most": COUNT_AT_MOST,
        "tallies": _tallies(actor, wanted, page), "all_purposes": purpose_choices(),
        "may_export": actor.may(Action.SUMMARY_EXPORT) or actor.may(Action.REGISTRY_EDIT),
        "may_unmask": actor.may(Action.UNMASK),
        "may_edit": actor.may(Action.REGISTRY_EDIT), "path": request.path,
    }  # fmt: skip
    return render(request, "registry/people.html", context)


def _tallies(actor: Actor, wanted: PeopleFilter, page: str) -> list[dict[str, Any]]:
    if page == "needs":
        counted, table = needs_in_use(actor, wanted.place), "need"
    elif page == "key":
        counted, table = key_kinds_in_use(actor, wanted.place), ""
    else:
        return []
    ordered = sorted(counted.items(), key=lambda one: -one[1])[:14]
    name = "need" if page == "needs" else "key"
    return [
        {"text": code_words(table, code) if table else code, "count": count, "name": name, "code": code,
         "is_here": code in (wanted.special_need, wanted.key_person)}
        for code, count in ordered
    ]  # fmt: skip


@allow(Action.REGISTRY_EDIT, Action.SUMMARY_EXPORT)
@require_POST
def export(request: Any) -> HttpResponseBase:
    """The filtered list as a workbook. Numbers are masked unless whole ones are asked for, with a purpose, by a role
    that may open them."""
    actor: Actor = request.actor
    actor.authorise(Action.REGISTRY_VIEW)
    purpose = request.POST.get("purpose", "")
    is_whole = request.POST.get("whole") == "1"
    if is_whole and not actor.may(Action.UNMASK):
        raise NotAllowedError(Action.UNMASK)
    if purpose not in PURPOSES:
        tell(request, t("registry.export.purpose_needed"), tone="danger")
        return redirect(f"{reverse('registry:people')}?{request.GET.urlencode()}")
    wanted, _ = read_filter(request)
    people = filtered_people(actor, wanted).select_related("household").order_by("sort_key", "id")
    details = {"filter": request.GET.dict(), "whole_numbers": is_whole, "count": people.count()}
    record(actor=actor.for_purpose(purpose), action="registry.people_exported", target_kind="people", details=details)
    title = t("registry.export.title", place=place_name(wanted.place) if wanted.place else actor.place_label)
    keys = ("community", "address", "name", "sex", "age", "id_number", "phone", "relation_to_head", "class_kind",
            "special_needs", "key_person_kind", "state", "remark")  # fmt: skip
    columns = [ExportColumn(t(f"registry.field.{key}")) for key in keys]
    words = t(f"privacy.purpose.{purpose}")
    return export_rows(_rows(people, is_whole), columns, title=title, actor=actor, purpose=words)


def _rows(people: QuerySet[Person], is_whole: bool) -> Iterator[list[object]]:
    communities: dict[int, str] = {}
    for person in people.iterator(chunk_size=2000):
        if person.community_id not in communities:
            communities |= names_of([person.community_id])
        identity, phone = unseal(person.id_sealed), unseal(person.phone_sealed)
        yield [
            communities.get(person.community_id, ""), person.household.address if person.household else "", person.name,
            code_words("sex", person.sex), age_of(person.birth_on), identity if is_whole else mask_identity(identity),
            phone if is_whole else mask_phone(phone), code_words("relation", person.relation_to_head),
            code_words("class", person.class_kind), needs_words(person.special_needs), person.key_person_kind,
            state_words(person), person.remark,
        ]  # fmt: skip


@allow(Action.REGISTRY_VIEW)
def responsible(request: Any) -> HttpResponseBase:
    """Who answers for which building, and the buildings for which nobody does."""
    actor: Actor = request.actor
    chosen = request.GET.get("place", "")
    choices = [(place, label) for place, label in _places_to_choose(actor, chosen) if place.kind != PlaceKind.BUILDING]
    own = list(own_places(actor))
    place = next((one for one, _ in choices if str(one.pk) == chosen), None)
    if place is None and len(own) == 1 and own[0].kind in (PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.BUILDING):
        place = own[0]
    rows: list[dict[str, Any]] = []
    if place is not None:
        found = Place.objects.filter(
            community_id=place.community_id, path__contains=[place.pk], kind=PlaceKind.BUILDING, closed_on=None
        )
        buildings = [one for one in in_walking_order(found.select_related("parent")) if reaches(actor, one)]
        answering = responsible_for(actor, buildings)
        rows = [_answer(one, answering[one.pk]) for one in buildings]
    context = {
        "rows": rows, "place": place, "choices": [(one.pk, label) for one, label in choices],
        "unanswered": sum(1 for row in rows if not row["chiefs"]),
    }  # fmt: skip
    return render(request, "registry/responsible.html", context)


def _answer(building: Place, people: list[Any]) -> dict[str, Any]:
    above = building.parent
    is_inside_compound = above is not None and above.kind == PlaceKind.COMPOUND
    return {
        "place": building,
        "name": f"{place_name(above)} {place_name(building)}" if is_inside_compound and above else place_name(building),
        "chiefs": [one for one in people if one.level == "building"],
        "others": [one for one in people if one.level != "building"],
    }
