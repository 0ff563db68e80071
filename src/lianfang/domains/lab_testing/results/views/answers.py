# ruff: noqa: E501
"""The same answers as on the other pages of testing; what the address names and is not there is a 404."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponseBase

from lianfang.domains.lab_testing.results.refusals import ResultNotFoundError
from lianfang.domains.lab_testing.views.answers import told as told_back
from lianfang.domains.lab_testing.views.answers import whole

View = Callable[..., HttpResponseBase]


def told(view: View) -> View:
    """A load, hold or result that is not in the actor's places is a 404; any other refusal leads back with its words."""

    @wraps(view)
    def answered(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except ResultNotFoundError as error:
            raise Http404(error.code) from error

    return told_back(answered)


__all__ = ["told", "whole"]
