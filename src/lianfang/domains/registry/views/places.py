"""The place tree, and what is kept of a place."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.forms import PlaceForm, problem_words
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.naming import place_name
from lianfang.domains.registry.panels import panels_for
from lianfang.domains.registry.reach import reaches
from lianfang.domains.registry.selectors import (
    counters_by_child,
    counters_of,
    lineage,
    own_places,
    place_for,
    responsible_for,
)
from lianfang.domains.registry.selectors.buildings import Counters
from lianfang.domains.registry.services import close_place, register_place, rename_place, reopen_place
from lianfang.domains.registry.wording import code_words
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t

MOST_CHILDREN = 400


@allow(Action.REGISTRY_VIEW, Action.PLACES_EDIT)
def own(request: Any) -> HttpResponseBase:
    """Where the reader works: their one place, or the choice among several."""
    places = list(own_places(request.actor))
    if len(places) == 1:
        return redirect(place_url(places[0]))
    context = {
        "rows": _rows(request.actor, None, places),
        "place": None,
        "crumbs": [],
        "may_add": _may_start(request.actor),
    }
    return render(request, "registry/place.html", context)


@allow(Action.REGISTRY_VIEW, Action.PLACES_EDIT)
def place(request: Any, place_id: int) -> HttpResponseBase:
    """One place: what lies in it, how many live where, who answers for it."""
    actor: Actor = request.actor
    shown = place_for(actor, place_id)
    if shown.kind in (PlaceKind.BUILDING, PlaceKind.UNIT) and actor.may(Action.REGISTRY_VIEW):
        return redirect("registry:building", place_id=shown.building_id or shown.pk)
    children = list(Place.objects.filter(parent=shown).order_by("sort_key", "id")[: MOST_CHILDREN + 1])
    is_mine = reaches(actor, shown)
    if not is_mine:
        on_the_way = {pk for one in own_places(actor) for pk in one.path}
        children = [child for child in children if child.pk in on_the_way]
    sees_people = is_mine and actor.may(Action.REGISTRY_VIEW)
    context = {
        "place": shown,
        "title": place_name(shown),
        "kind": code_words("kind", shown.kind),
        "crumbs": crumbs_above(actor, shown),
        "rows": _rows(actor, shown if sees_people else None, children[:MOST_CHILDREN]),
        "has_more": len(children) > MOST_CHILDREN,
        "counters": counters_of(actor, shown) if sees_people else None,
        "responsible": responsible_for(actor, [shown])[shown.pk] if sees_people else [],
        "panels": panels_for(actor, shown, "place"),
        "may_edit": actor.may(Action.PLACES_EDIT) and is_mine,
        "add_url": f"{reverse('registry:new_place')}?in={shown.pk}",
        "may_start": _may_start(actor),
    }
    return render(request, "registry/place.html", context)


def _rows(actor: Actor, parent: Place | None, places: list[Place]) -> list[dict[str, Any]]:
    counted: dict[int, Counters] = {}
    if parent is not None:
        counted = counters_by_child(actor, parent, places)
    elif actor.may(Action.REGISTRY_VIEW):
        counted = {one.pk: counters_of(actor, one) for one in places[:60] if reaches(actor, one)}
    return [
        {
            "place": one, "name": place_name(one), "kind": code_words("kind", one.kind), "url": place_url(one),
            "counters": counted.get(one.pk),
        }
        for one in places
    ]  # fmt: skip


def place_url(place: Place) -> str:
    if place.kind == PlaceKind.BUILDING:
        return reverse("registry:building", args=[place.pk])
    return reverse("registry:place", args=[place.pk])


def crumbs_above(actor: Actor, place: Place, with_self: bool = False) -> list[tuple[str, str]]:
    """(name, address) of the places from the reader's own down to ``place``."""
    own = set(actor.scope_ids) if str(actor.level) in ("building", "community", "township", "county") else set()
    line = lineage(place)
    start = next((at for at, one in enumerate(line) if one.pk in own), 0)
    shown = line[start:] if with_self else line[start:-1]
    return [(place_name(one), place_url(one)) for one in shown]


def _may_start(actor: Actor) -> bool:
    return actor.may(Action.PLACES_EDIT) and str(actor.level) in ("nowhere", "system")


@allow(Action.PLACES_EDIT)
def new_place(request: Any) -> HttpResponseBase:
    """A place below ``?in=``, or a root for whoever keeps the whole tree."""
    given = request.POST.get("in") or request.GET.get("in") or ""
    parent = place_for(request.actor, int(given)) if given.isascii() and given.isdecimal() and len(given) < 19 else None
    form = PlaceForm(request.POST or None, parent=parent)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            made = register_place(
                actor=request.actor,
                parent=parent,
                kind=facts["kind"],
                name=facts["name"],
                code=facts.get("code") or None,
            )
        except RegistryError as problem:
            form.refuse(problem)
        else:
            tell(request, t("registry.place.added", name=place_name(made)))
            if "another" in request.POST and parent is not None:
                return redirect(f"{reverse('registry:new_place')}?in={parent.pk}&kind={made.kind}")
            return redirect(place_url(made))
    elif request.method != "POST":
        form.initial["kind"] = request.GET.get("kind", "")
    context = {
        "form": form, "parent": parent, "crumbs": crumbs_above(request.actor, parent, with_self=True) if parent else [],
        "title": t("registry.place.new_in", name=place_name(parent)) if parent else t("registry.place.new"),
    }  # fmt: skip
    return render(request, "registry/new_place.html", context, status=422 if form.errors else 200)


@allow(Action.PLACES_EDIT)
@require_POST
def rename(request: Any, place_id: int) -> HttpResponseBase:
    shown = place_for(request.actor, place_id)
    try:
        renamed = rename_place(actor=request.actor, place=shown, name=request.POST.get("name", "")[:120])
    except RegistryError as problem:
        tell(request, problem_words(problem), tone="danger")
    else:
        tell(request, t("registry.place.renamed", name=place_name(renamed)))
    return redirect(place_url(shown))


@allow(Action.PLACES_EDIT)
@require_POST
def close(request: Any, place_id: int) -> HttpResponseBase:
    shown = place_for(request.actor, place_id)
    try:
        close_place(actor=request.actor, place=shown, on=timezone.localdate())
    except RegistryError as problem:
        tell(request, problem_words(problem), tone="danger")
    else:
        tell(
            request,
            t("registry.place.closed", name=place_name(shown)),
            undo_url=reverse("registry:reopen_place", args=[shown.pk]),
        )
    return redirect(place_url(shown))


@allow(Action.PLACES_EDIT)
@require_POST
def reopen(request: Any, place_id: int) -> HttpResponseBase:
    shown = place_for(request.actor, place_id)
    try:
        reopen_place(actor=request.actor, place=shown)
    except RegistryError as problem:
        tell(request, problem_words(problem), tone="danger")
    else:
        tell(request, t("registry.place.reopened", name=place_name(shown)))
    return redirect(place_url(shown))
