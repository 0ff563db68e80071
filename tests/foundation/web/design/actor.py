"""Who looks at the design page: a clerk of an invented community with two postings."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.http import HttpResponseBase

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level, Role

PLACE = "柳溪社区"
CLERK = Actor(
    name="林晓岚",
    role=Role.COMMUNITY,
    level=Level.COMMUNITY,
    scope_ids=(7,),
    account_id=1,
    posting_id=1,
    place_label=PLACE,
)


class SomebodyActs:
    """Stands in for ``Acting``: the cookie ``role`` names who looks, ``nobody`` is not signed in."""

    def __init__(self, get_response: Callable[[Any], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        role = request.COOKIES.get("role", Role.COMMUNITY)
        request.actor = None if role == "nobody" else Actor(**{**_fields(CLERK), "role": Role(role)})
        request.postings = [
            SimpleNamespace(pk=1, place_label=PLACE, role="community"),
            SimpleNamespace(pk=2, place_label="柳溪社区 3 号楼", role="building_chief"),
        ]
        return self.get_response(request)


def _fields(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in Actor.__slots__}
