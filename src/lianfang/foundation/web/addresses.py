"""Addresses of pages about numbered things: a list of fifty rows asks for a hundred and more of them.

Django's ``reverse`` looks through all patterns of a name anew each time. The address of a page about a number only
differs in the number, so the pattern is looked up once with numbers that nobody has, and filled in afterwards.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse

# Distinct, and longer than any number that stands in a pattern.
_MARK = 918_273_645_000


class Where(NamedTuple):
    """What the addresses of a request depend on, apart from the page."""

    urls: str | None
    prefix: str


def where() -> Where:
    """Of the request at hand. Asking takes longer than filling in an address: ask once for a page."""
    return Where(get_urlconf(), get_script_prefix())


def path_of(view_name: str, *parts: int | str, at: Where | None = None) -> str:
    """The address of ``view_name`` for these numbers, and few different words, as ``reverse`` gives it.

    Raises NoReverseMatch as it does.
    """
    numbers: list[int] = []
    words: list[str | None] = []
    for part in parts:
        if isinstance(part, int):
            numbers.append(part)
            words.append(None)
        else:
            words.append(part)
    pattern = _pattern(view_name, tuple(words), at or where())
    if pattern is None or (numbers and min(numbers) < 0):
        return reverse(view_name, args=parts)
    return pattern % tuple(numbers)


@lru_cache(maxsize=1_000)
def _pattern(view_name: str, words: tuple[str | None, ...], _at: Where) -> str | None:
    """The address with %d for each number; None where it is no page of plain numbers."""
    parts = [_MARK + at if word is None else word for at, word in enumerate(words)]
    marks = [part for part in parts if isinstance(part, int)]
    try:
        found = reverse(view_name, args=parts)
    except NoReverseMatch:
        return None
    pattern = found.replace("%", "%%")
    for mark in marks:
        if pattern.count(str(mark)) != 1:
            return None
        pattern = pattern.replace(str(mark), "%d")
    return pattern
