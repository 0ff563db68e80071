"""The search page: results as one types, by name, sound, phone, number or room."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render

from lianfang.domains.registry.naming import place_name
from lianfang.domains.registry.panels import badges_for
from lianfang.domains.registry.selectors import names_of
from lianfang.domains.registry.selectors import search as search_registry
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.registry.views.places import place_url
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.language import t

EXAMPLES = ("name", "initials", "tail", "room", "identity")
LIMIT = 20


@allow(Action.REGISTRY_SEARCH)
def search(request: Any) -> HttpResponseBase:
    """One view for the page and for its results alone, which htmx asks for while one types."""
    actor: Actor = request.actor
    query = request.GET.get("q", "")[:60].strip()
    found = search_registry(actor, query, LIMIT, request.GET.get("after", "")) if query else None
    people = found.people if found else []
    communities = names_of({person.community_id for person in people})
    context = {
        "query": query,
        "found": found,
        "people": [
            {
                "person": person, "community": communities.get(person.community_id, ""),
                "is_resident": person.state in RESIDENT_STATES,
            }
            for person in people
        ],
        "badges": badges_for(actor, people),
        "examples": [
            (t(f"registry.search.example.{name}.say"), t(f"registry.search.example.{name}.mean")) for name in EXAMPLES
        ],
        "buildings": [
            {"name": " ".join(place_name(one) for one in (place.parent, place) if one), "url": place_url(place)}
            for place in (found.buildings if found else [])
        ],
        "opens_household": actor.may(Action.REGISTRY_VIEW),
    }  # fmt: skip
    is_part = bool(request.htmx) and request.htmx.target == "results"
    return render(request, "registry/results.html" if is_part else "registry/search.html", context)
