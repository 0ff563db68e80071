"""How pages answer what a service refuses: in words, with what was typed kept where there is something to keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from lianfang.domains.lab_testing.finding import round_for
from lianfang.domains.lab_testing.models import Round
from lianfang.domains.lab_testing.refusals import NotFoundError, RefusedError
from lianfang.foundation.web.flash import tell

View = Callable[..., HttpResponseBase]


def told(view: View) -> View:
    """What is not in the actor's places is a 404; any other refusal leads back with its words."""

    @wraps(view)
    def answered(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError as error:
            if request.method == "POST" and error.code not in _ADDRESSED:
                return _back(request, error)
            raise Http404(error.code) from error
        except RefusedError as error:
            return _back(request, error)

    return answered


# Codes of what the address itself names.
_ADDRESSED = {"round_unknown", "kit_unknown", "tube_unknown", "sample_unknown"}


def _back(request: Any, error: RefusedError) -> HttpResponseBase:
    tell(request, error.text(), tone="danger")
    return back_to(request, reverse("lab_testing:rounds"))


def back_to(request: Any, otherwise: str) -> HttpResponseBase:
    """To the page of this site that the form names or that it came from, else to ``otherwise``."""
    wanted = request.POST.get("back", "") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(wanted if safe else otherwise)


def round_or_404(request: Any, pk: int) -> Round:
    """The round of the address; 404 where it does not concern the actor."""
    try:
        return round_for(request.actor, pk)
    except NotFoundError as error:
        raise Http404(error.code) from error


def whole(given: object, otherwise: int | None = None) -> int | None:
    """A number from a form; ``otherwise`` where it is none, or no database could hold it."""
    text = str(given or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else otherwise
