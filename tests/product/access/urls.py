"""Every URL of the product, found by walking the resolver: nothing can be left out of the access table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True, slots=True)
class Url:
    """``name`` with its namespaces; ``converters``: name of each part → name of its converter."""

    name: str
    route: str
    view: Callable[..., Any]
    converters: tuple[tuple[str, str], ...]

    @property
    def access(self) -> Any:
        """What ``allow`` or ``public`` wrote on the view; None where neither did."""
        return getattr(self.view, "lianfang_access", None)


def every_url() -> list[Url]:
    return sorted(_walk(get_resolver(), "", ""), key=lambda url: url.name)


def _walk(resolver: URLResolver, prefix: str, names: str) -> Iterator[Url]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, route, names + (f"{entry.namespace}:" if entry.namespace else ""))
        elif isinstance(entry, URLPattern):
            parts = tuple((name, type(part).__name__) for name, part in entry.pattern.converters.items())
            yield Url(names + (entry.name or f"unnamed {route}"), route, entry.callback, parts)
