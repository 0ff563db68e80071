"""A household: who lives there, what they need, what was changed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lianfang.domains.registry.errors import ChangedMeanwhileError, RegistryError
from lianfang.domains.registry.forms import HouseholdForm
from lianfang.domains.registry.models import Household
from lianfang.domains.registry.naming import place_name
from lianfang.domains.registry.panels import badges_for, panels_for
from lianfang.domains.registry.selectors import (
    answering_for_residents,
    household_for,
    household_history,
    household_people,
    my_households,
    place_for,
    responsible_for,
)
from lianfang.domains.registry.services import edit_household, record_household_contact, register_household
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.registry.views.history import steps
from lianfang.domains.registry.views.places import crumbs_above
from lianfang.domains.registry.wording import code_words
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Term


@allow(Action.REGISTRY_VIEW)
def household(request: Any, household_id: int) -> HttpResponseBase:
    actor: Actor = request.actor
    shown = household_for(actor, household_id)
    people = household_people(actor, shown)
    residents = [person for person in people if person.state in RESIDENT_STATES]
    context = {
        "household": shown,
        "crumbs": crumbs_above(actor, shown.place, with_self=True),
        "residents": residents,
        "former": [person for person in people if person.state not in RESIDENT_STATES],
        "badges": badges_for(actor, residents),
        "facts": _facts(shown),
        "responsible": responsible_for(actor, [shown.place])[shown.place_id],
        "panels": panels_for(actor, shown, "household"),
        "history": steps(household_history(actor, shown)),
        "may_edit": actor.may(Action.REGISTRY_EDIT),
        "add_url": f"{reverse('registry:new_person')}?household={shown.pk}",
    }
    return render(request, "registry/household.html", context)


def _facts(household: Household) -> list[Term]:
    return [
        Term(t("registry.field.address"), household.address),
        Term(t("registry.field.tenancy"), code_words("tenancy", household.tenancy)),
        Term(t("registry.field.floor"), household.floor),
        Term(t("registry.field.remark"), household.remark or t("registry.person.no_remark")),
    ]


@allow(Action.REGISTRY_EDIT)
def new_household(request: Any) -> HttpResponseBase:
    """A household in the building or stairwell ``?place=``; then straight on to its first person."""
    given = request.POST.get("place") or request.GET.get("place") or ""
    place = place_for(request.actor, int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0)
    form = HouseholdForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        unit = request.POST.get("unit", "")
        home = place_for(request.actor, int(unit)) if unit.isascii() and unit.isdecimal() and len(unit) < 19 else place
        try:
            made = register_household(
                actor=request.actor, place=home, room=facts["room"], floor=facts["floor"], tenancy=facts["tenancy"],
                remark=facts["remark"],
            )  # fmt: skip
        except RegistryError as problem:
            form.refuse(problem)
        else:
            tell(request, t("registry.household.added", address=made.address))
            return redirect(f"{reverse('registry:new_person')}?household={made.pk}")
    units = list(place.children.filter(kind="unit", closed_on=None).order_by("sort_key"))
    context = {
        "form": form, "place": place, "title": t("registry.household.new_in", name=place_name(place)),
        "crumbs": crumbs_above(request.actor, place, with_self=True),
        "units": [(unit.pk, place_name(unit)) for unit in units],
        "unit": request.POST.get("unit") or request.GET.get("unit", ""),
    }  # fmt: skip
    return render(request, "registry/new_household.html", context, status=422 if form.errors else 200)


@allow(Action.REGISTRY_EDIT)
def change_household(request: Any, household_id: int) -> HttpResponseBase:
    shown = household_for(request.actor, household_id)
    form = HouseholdForm(request.POST, household=shown) if request.method == "POST" else HouseholdForm.of(shown)
    now: Household | None = None
    if request.method == "POST" and form.is_valid():
        facts = {name: form.cleaned_data[name] for name in ("room", "floor", "tenancy", "remark")}
        try:
            edit_household(
                actor=request.actor, household=shown, version=form.cleaned_data["version"] or 0, changes=facts
            )
        except ChangedMeanwhileError as conflict:
            assert isinstance(conflict.now, Household)
            now = conflict.now
            form.data = {**request.POST.dict(), "version": now.version}
        except RegistryError as problem:
            form.refuse(problem)
        else:
            tell(request, t("registry.household.saved"))
            return redirect("registry:household", household_id=shown.pk)
    context = {
        "form": form, "household": shown, "now": _facts(now) if now is not None else None,
        "crumbs": [*crumbs_above(request.actor, shown.place, with_self=True),
                   (shown.address, reverse("registry:household", args=[shown.pk]))],
    }  # fmt: skip
    status = 409 if now is not None else 422 if form.errors else 200
    return render(request, "registry/change_household.html", context, status=status)


@allow(Action.REGISTRY_EDIT, Action.TESTING_SAMPLE)
@require_POST
def contact_household(request: Any, household_id: int) -> HttpResponseBase:
    shown = household_for(request.actor, household_id)
    record_household_contact(actor=request.actor, household=shown)
    tell(request, t("registry.household.contacted"))
    return redirect("registry:household", household_id=shown.pk)


@allow(Action.OWN_HOUSEHOLD)
def my_household(request: Any) -> HttpResponseBase:
    """What is registered of the reader's own household, and whom to ask when it is wrong."""
    actor: Actor = request.actor
    mine = my_households(actor)
    homes = [
        {
            "household": home, "people": people, "facts": _facts(home),
            "panels": [
                *panels_for(actor, home, "own_household"),
                *(panel for person in people for panel in panels_for(actor, person, "own")),
            ],
        }
        for home, people in mine
    ]  # fmt: skip
    places = [home.place for home, _ in mine]
    answering = {one.name: one for found in answering_for_residents(places).values() for one in found}
    return render(request, "registry/my_household.html", {"homes": homes, "answering": list(answering.values())})
