"""The language of the request at hand: ``t("area.key", gap=…)`` anywhere below a page."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from lianfang.foundation.texts import Gap, Texts, best_language, texts

COOKIE = "lianfang_language"

# Django's code → the name of the catalogue, and of the page's lang attribute.
CATALOGUES = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant", "en": "en"}


def current_texts() -> Texts:
    """The catalogue of the language that is active in this thread."""
    return _catalogue(translation.get_language() or str(settings.LANGUAGE_CODE))


@cache
def _catalogue(code: str) -> Texts:
    """A page asks for its language hundreds of times."""
    return texts(best_language(code))


def t(key: str, **gaps: Gap) -> str:
    """The text of ``key`` in the language of the request; an unknown key raises KeyError."""
    return current_texts()(key, **gaps)


def asked_language(request: HttpRequest) -> str:
    """Django's code of the language that the browser asks for: the cookie first, then Accept-Language.

    Needs no session and no database, so that error pages speak the reader's language too.
    """
    chosen = request.COOKIES.get(COOKIE, "")
    if chosen in CATALOGUES:
        return str(chosen)
    for wanted in _by_preference(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        if wanted.split("-")[0] in ("zh", "cmn", "yue", "en"):
            return best_language(wanted).lower()
    return str(settings.LANGUAGE_CODE)


def _by_preference(header: str) -> list[str]:
    weighted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:500].split(",")):
        name, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=") if rest else "1"
        if name and weight.replace(".", "", 1).isdigit() and float(weight) > 0:
            weighted.append((-float(weight), position, name.lower()))
    return [name for _, _, name in sorted(weighted)]
