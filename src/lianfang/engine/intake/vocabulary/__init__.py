"""The words of forms, read from the TOML files beside this module.

``vocabulary()`` is what ``labels.py`` parses with. Every text in it is folded by ``fold_label``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.values.folding import fold_text

LABEL, PATTERN, LIKELY, WEAK = 0.97, 0.92, 0.75, 0.5
_AREAS = ("person", "residence", "responsible", "movement", "health", "testing", "other")


class Sense(NamedTuple):
    """One meaning of a label: the field ("" is none of ours) and how sure the words alone are."""

    field: str
    strength: float


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose attribute a label names, and where each attribute goes. See owners.toml."""

    name: str
    kind: Literal["self", "home", "person", "member", "place"]
    words: tuple[str, ...]
    alone: str
    gives: Mapping[str, str]
    only_before: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Labels whose meaning the rest of the sheet decides: (context, field, confidence), first holds."""

    meanings: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence that asks for the fields."""

    fields: tuple[str, ...]
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything the label parser knows."""

    labels: Mapping[str, tuple[Sense, ...]]
    patterns: tuple[tuple[re.Pattern[str], Sense], ...]
    owners: tuple[Owner, ...]
    owner_of: Mapping[str, tuple[Owner, ...]]
    ambiguous: Mapping[str, Ambiguous]
    questions: tuple[Question, ...]


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def _to_simplified() -> dict[int, str]:
    table = _load("characters")
    pairs = zip(table["traditional"], table["simplified"], strict=True)
    return {ord(traditional): simplified for traditional, simplified in pairs}


_OPENING = str.maketrans("[【〔{<《「『", "((((((((")
_CLOSING = str.maketrans("]】〕}>》」』", "))))))))")
_HAN = re.compile("[\u3400-\u9fff]")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=20_000)
def fold_label(text: str) -> str:
    """A label in the form in which labels are compared: half width, simplified, lower case, and without
    spaces where it has Chinese characters; brackets of all kinds become ()."""
    folded = fold_text(text)[0].lower().translate(_to_simplified())
    folded = folded.translate(_OPENING).translate(_CLOSING).replace("；", ";").replace("，", ",")
    folded = folded.replace("：", ":").replace("（", "(").replace("）", ")").replace("？", "?")
    if _HAN.search(folded):
        return _SPACE.sub("", folded)
    return _SPACE.sub(" ", folded.replace("_", " ")).strip()


def _expand(pattern: str, words: Mapping[str, list[str]]) -> re.Pattern[str]:
    for name, alternatives in words.items():
        if "{" + name + "}" in pattern:
            ordered = sorted(alternatives, key=len, reverse=True)
            pattern = pattern.replace("{" + name + "}", "(?:" + "|".join(ordered) + ")")
    return re.compile(pattern)


def _senses(table: Mapping[str, Any], field: str) -> Iterable[tuple[str, Sense]]:
    for key, strength in (("labels", LABEL), ("likely", LIKELY), ("weak", WEAK)):
        for label in table.get(key, ()):
            yield fold_label(label), Sense(field, strength)


def _owners() -> tuple[Owner, ...]:
    return tuple(
        Owner(
            name,
            table["kind"],
            tuple(sorted({fold_label(word) for word in table["words"]}, key=len, reverse=True)),
            table.get("alone", ""),
            table.get("gives", {}),
            frozenset(table.get("only_before", ())),
        )
        for name, table in _load("owners").items()
    )


def _ambiguous() -> dict[str, Ambiguous]:
    found = {}
    for entry in _load("ambiguous")["ambiguous"]:
        meanings = tuple((one["when"], one["field"], float(one["confidence"])) for one in entry["meanings"])
        if meanings:
            found.update(dict.fromkeys(map(fold_label, entry["labels"]), Ambiguous(meanings)))
    return found


def _questions() -> tuple[Question, ...]:
    return tuple(
        Question(
            tuple(entry["fields"]),
            re.compile(entry["pattern"]),
            re.compile(entry["unless"]) if "unless" in entry else None,
            float(entry["confidence"]),
        )
        for entry in _load("questions")["question"]
    )


@cache
def vocabulary() -> Vocabulary:
    """The whole vocabulary; read once."""
    words = _load("words")["words"]
    labels: dict[str, dict[str, float]] = {}
    patterns: list[tuple[re.Pattern[str], Sense]] = []
    tables = {field: table for area in _AREAS for field, table in _load(area).items()}
    if unknown := set(tables) - set(FIELDS):
        raise ValueError(f"vocabulary names unknown fields: {sorted(unknown)}")
    nothing = _load("nothing")["nothing"]
    for field, table in (*tables.items(), ("", nothing)):
        for label, sense in _senses(table, field):
            known = labels.setdefault(label, {})
            known[field] = max(known.get(field, 0.0), sense.strength)
        strength = float(table.get("pattern_strength", PATTERN))
        patterns += [(_expand(pattern, words), Sense(field, strength)) for pattern in table.get("patterns", ())]
    owners = _owners()
    owner_of: dict[str, tuple[Owner, ...]] = {}
    for owner in owners:
        for word in owner.words:
            owner_of[word] = (*owner_of.get(word, ()), owner)
    return Vocabulary(
        {label: _sorted_senses(senses) for label, senses in labels.items()},
        tuple(patterns),
        owners,
        owner_of,
        _ambiguous(),
        _questions(),
    )


def _sorted_senses(senses: Mapping[str, float]) -> tuple[Sense, ...]:
    return tuple(sorted((Sense(*item) for item in senses.items()), key=lambda sense: -sense.strength))
