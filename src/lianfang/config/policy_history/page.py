"""The page of a history as one file that needs no server: styles, icons and the table stand in it."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lianfang.engine.packs import Pack

STYLES = (
    "lianfang/vendor/tabler.min.css",
    "lianfang/css/tokens.css",
    "lianfang/css/frame.css",
    "lianfang/css/parts.css",
    "policy/history.css",
)
PRINTED = "lianfang/css/print.css"
_USE = re.compile(r'<use href="[^"#]*#([^"]+)"')


def page(history: Mapping[str, Any], packs: Iterable[Pack], language: str) -> str:
    """The page in one of the three languages; sets up as much of Django as templates need, unless somebody has."""
    _set_up()
    from django.template.loader import render_to_string
    from django.utils import translation

    from lianfang.domains.policy.history import shown

    with translation.override(language.lower()):
        whole = shown(history, packs)
        context = {
            "history": whole,
            "language": language,
            "styles": _styles(),
            "script": _static("lianfang/js/theme.js"),
            "table": _table([whole.columns, *whole.rows]),
            "icons": "",
        }
        drawn = render_to_string("policy/history_alone.html", context)
        context["icons"] = _icons(set(_USE.findall(drawn)))
        return _USE.sub(r'<use href="#\1"', render_to_string("policy/history_alone.html", context))


def _set_up() -> None:
    import django
    from django.conf import settings

    if settings.configured:
        return
    domain = Path(__file__).resolve().parents[2] / "domains" / "policy"
    settings.configure(
        INSTALLED_APPS=["django.contrib.staticfiles", "lianfang.foundation.web"],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "DIRS": [domain / "templates"],
            "OPTIONS": {"builtins": ["lianfang.foundation.web.templatetags.lianfang"]},
        }],
        STATICFILES_DIRS=[domain / "static"],
        STATIC_URL="/static/",
        LANGUAGE_CODE="zh-hans",
        LANGUAGES=[("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")],
        USE_TZ=True,
        TIME_ZONE="Asia/Shanghai",
    )  # fmt: skip
    django.setup()


def _static(name: str) -> str:
    from django.contrib.staticfiles import finders

    found = finders.find(name)
    if not found:
        raise FileNotFoundError(f"no static file {name!r}")
    return Path(str(found)).read_text(encoding="utf-8")


def _styles() -> str:
    return "\n".join([*(_static(name) for name in STYLES), f"@media print {{ {_static(PRINTED)} }}"])


def _icons(names: Iterable[str]) -> str:
    """The symbols that the page uses, out of the product's sprite."""
    sprite = _static("lianfang/vendor/icons.svg")
    symbols = {
        found.group(1): found.group(0) for found in re.finditer(r'<symbol id="([^"]+)".*?</symbol>', sprite, re.DOTALL)
    }
    return f"<svg hidden>{''.join(symbols[name] for name in sorted(names))}</svg>"


def _table(rows: Iterable[Iterable[object]]) -> str:
    """The daily table as CSV that Excel reads, for a link that carries it."""
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return base64.b64encode(written.getvalue().encode("utf-8-sig")).decode("ascii")
