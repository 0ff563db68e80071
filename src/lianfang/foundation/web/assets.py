"""Addresses of static files that change with their content, so that browsers may keep them and still see updates."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

SPRITE = "lianfang/vendor/icons.svg"


@cache
def asset_url(path: str) -> str:
    """Raises FileNotFoundError for a file that no app has."""
    return f"{static(path)}?v={hashlib.sha256(_found(path).read_bytes()).hexdigest()[:10]}"


@cache
def icon_url(name: str) -> str:
    """Raises ValueError for an icon that the sprite does not have."""
    if name not in _icons():
        raise ValueError(f"the sprite has no icon {name!r}; add it to vendor/icons.txt and run tools/vendor.sh")
    return f"{asset_url(SPRITE)}#{name}"


@cache
def icon(name: str, css: str = "") -> SafeString:
    """An icon as decoration: its word stands beside it."""
    classes = f"icon {css}" if css else "icon"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, icon_url(name))


@cache
def _icons() -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([^"]+)"', _found(SPRITE).read_text("utf-8")))


def _found(path: str) -> Path:
    found = finders.find(path)
    if not found:
        raise FileNotFoundError(f"no static file {path!r}")
    return Path(str(found))
