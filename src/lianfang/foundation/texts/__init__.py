"""Everything a person reads, in three languages: one TOML file per area in each language's folder.

A key is the path through the tables: ``texts("report.sheet.missing")``. Several files may fill the
same table (``[problem]``), never the same key. Gaps are named and filled by ``str.format``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter

LANGUAGES = ("zh-Hans", "zh-Hant", "en")

Gap = str | int | float

_TRADITIONAL = {"tw", "hk", "mo", "hant"}


class Texts:
    """The texts of one language.

    Calling it with a key gives the text; an unknown key raises KeyError naming the key, a gap that
    was not filled raises KeyError naming key and gap.
    """

    def __init__(self, language: str, entries: Mapping[str, str]) -> None:
        self.language = language
        self._entries = entries

    def __call__(self, key: str, **gaps: Gap) -> str:
        try:
            text = self._entries[key]
        except KeyError:
            raise KeyError(f"no text {key!r} in {self.language}") from None
        return self._fill(key, text, gaps)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def of_code(self, tables: str | tuple[str, ...], code: str, gaps: Mapping[str, Gap] | None = None) -> str:
        """The text of a code that the engine emitted, looked for in ``tables`` one after the other.

        A code without a text comes out as itself with its gaps: after half a minute of counting at
        3 a.m. a bare code in one cell is better than no answer. Tests hold that every code has one.
        """
        filled = dict(gaps or {})
        for table in (tables,) if isinstance(tables, str) else tables:
            key = f"{table}.{code}"
            if key in self._entries:
                return self._fill(key, self._entries[key], filled)
        if not filled:
            return code
        return f"{code} ({', '.join(f'{name}={value}' for name, value in filled.items())})"

    def _fill(self, key: str, text: str, gaps: Mapping[str, Gap]) -> str:
        try:
            return text.format_map(gaps)
        except KeyError as error:
            raise KeyError(f"the text {key!r} needs {error.args[0]!r}") from None


@cache
def texts(language: str) -> Texts:
    """The catalogue of ``language``: a name as in LANGUAGES, or any usual one such as zh_TW.UTF-8.

    Raises ValueError for a language that Lianfang does not speak.
    """
    known = _known_language(language)
    if known is None:
        raise ValueError(f"no texts in {language!r}; there are {', '.join(LANGUAGES)}")
    if known != language:
        return texts(known)
    return Texts(known, load_entries(known))


def best_language(name: str | None) -> str:
    """The catalogue that suits a locale name best; English where nothing else is known."""
    return _known_language(name or "") or "en"


def _known_language(name: str) -> str | None:
    parts = name.split(".")[0].split("@")[0].replace("_", "-").lower().split("-")
    if parts[0] == "en":
        return "en"
    if parts[0] in ("zh", "cmn", "yue"):
        written = set(parts[1:])
        return "zh-Hant" if "hans" not in written and written & _TRADITIONAL else "zh-Hans"
    return None


def load_entries(language: str) -> dict[str, str]:
    """All texts of one of LANGUAGES by full key.

    Raises ValueError where two files give the same key or a value is no text.
    """
    entries: dict[str, str] = {}
    folder = files(__name__) / language
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for key, text in _flatten(tomllib.loads(file.read_text("utf-8")), ""):
            if not isinstance(text, str):
                raise ValueError(f"{language}/{file.name}: {key} is no text")
            if key in entries:
                raise ValueError(f"{language}/{file.name}: {key} stands in another file too")
            entries[key] = text
    return entries


def gaps_of(text: str) -> frozenset[str]:
    """The names of the gaps in a text."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _flatten(table: Mapping[str, object], path: str) -> Iterable[tuple[str, object]]:
    for name, value in table.items():
        key = f"{path}{name}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{key}.")
        else:
            yield key, value
