"""Labels in Latin letters: English read word by word, identifiers (idCardNo, sample_no), and pinyin.

A rule of ``vocabulary/latin.toml`` names a field by slots of words; a label has the meaning of the rule that
takes most of its words and leaves none over but fillers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import permutations
from typing import Any

from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.vocabulary import LABEL, LIKELY, vocabulary

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*").fullmatch
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z]+[0-9a-z]*|#")
_SURE, _SPELLED, _INITIALS = 0.86, 0.75, 0.5
_SYLLABLES = re.compile(r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?[aeiou]{1,3}(?:ng|n|r)?){2,6}").fullmatch
_LETTERS = re.compile(r"[a-z]{2,40}").fullmatch
_OF_PERSON = frozenset(
    name
    for name, one in FIELDS.items()
    if one.group in ("person", "residence", "health", "testing") and name not in ("case_no", "class_kind")
)


@dataclass(frozen=True, slots=True)
class LatinReading:
    """The field ("" for none of ours), how sure the words are, and whether it is only initials of pinyin."""

    field: str
    confidence: float
    initials: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    field: str
    needed: tuple[frozenset[str], ...]
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Words:
    fillers: frozenset[str]
    person: frozenset[str]
    never: frozenset[str]
    rules: tuple[_Rule, ...]
    initials: dict[str, str]


def spelled_out(label: str) -> str:
    """An identifier as words: ``idCardNo`` is "id card no"; any other label as it is."""
    return _HUMP.sub(" ", label) if _IDENTIFIER(label.strip()) and _HUMP.search(label.strip()) else label


def _rule(field: str, slots: Sequence[str]) -> _Rule:
    split = [slot.split("|") for slot in slots]
    needed = tuple(frozenset(slot) for slot in split if "" not in slot)
    return _Rule(field, needed, frozenset(word for slot in split for word in slot if word))


def _alternatives(slots: list[Any]) -> list[list[str]]:
    return slots if slots and isinstance(slots[0], list) else [slots]


@cache
def _words() -> _Words:
    text = (files("lianfang.engine.intake.vocabulary") / "latin.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    if unknown := set(table["rules"]) - set(FIELDS):
        raise ValueError(f"latin.toml names unknown fields: {sorted(unknown)}")
    listed = [(field, rule) for field, slots in table["rules"].items() for rule in _alternatives(slots)]
    rules = [_rule(field, slots) for field, slots in listed]
    rules += [_rule("", slots) for slots in table["nothing"]["rules"]]
    return _Words(
        frozenset(table["fillers"]), frozenset(table["person"]), frozenset(table["never"]), tuple(rules),
        dict(table["initials"]),
    )  # fmt: skip


def _covers(rule: _Rule, tokens: Sequence[str]) -> bool:
    """Whether each needed slot is named, each by another word."""
    needed = rule.needed
    if len(needed) > len(tokens):
        return False
    if len(needed) == 1:
        return not needed[0].isdisjoint(tokens)
    return any(
        all(word in slot for word, slot in zip(chosen, needed, strict=True))
        for chosen in permutations(tokens, len(needed))
    )


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=4096)
def read_latin(folded: str) -> LatinReading | None:
    """What a folded label without Chinese characters says; None where a word is left over."""
    if not folded.isascii() or not any(ch.isalpha() for ch in folded):
        return None
    words = _words()
    text = re.sub(r"\b([a-z])\.\s?([a-z])\.\s?(?:([a-z])\b\.?)?", r"\1\2\3", folded)
    tokens = tuple(_singular(word) for word in _WORD.findall(re.sub(r"\([^)]*\)", " ", text)))
    if not 1 <= len(tokens) <= 8 or words.never & set(tokens):
        return None
    return _by_rules(tokens, words) or _by_pinyin(folded, words)


def _by_rules(tokens: tuple[str, ...], words: _Words) -> LatinReading | None:
    best: tuple[int, int, str] | None = None
    rivals: set[str] = set()
    for rule in words.rules:
        loose = words.fillers | (words.person if not rule.field or rule.field in _OF_PERSON else frozenset())
        taken = sum(word in rule.allowed for word in tokens)
        if not taken or any(word not in rule.allowed and word not in loose for word in tokens):
            continue
        if not _covers(rule, tokens):
            continue
        rank = (taken, len(rule.needed), rule.field)
        if best is None or rank[:2] > best[:2]:
            best, rivals = rank, {rule.field}
        elif rank[:2] == best[:2]:
            rivals.add(rule.field)
    if best is None:
        return None
    return LatinReading(best[2], _SURE if len(rivals) == 1 else 0.55)


@cache
def _by_sound() -> dict[str, str]:
    """The pinyin of the known labels; what means two things is left out."""
    # Here, because the dictionary takes a quarter of a second to load and few files have labels in pinyin.
    from pypinyin import lazy_pinyin

    found: dict[str, set[str]] = {}
    for label, senses in vocabulary().labels.items():
        if senses[0].strength >= LABEL and 2 <= len(label) <= 6 and re.fullmatch("[\u4e00-\u9fff]+", label):
            found.setdefault("".join(lazy_pinyin(label)), set()).add(senses[0].field)
    return {sound: next(iter(fields)) for sound, fields in found.items() if len(fields) == 1}


def _by_pinyin(folded: str, words: _Words) -> LatinReading | None:
    plain = re.sub(r"[ _\-']", "", folded)
    if not _LETTERS(plain):
        return None
    if plain in words.initials:
        return LatinReading(words.initials[plain], _INITIALS, initials=True)
    field = _by_sound().get(plain) if len(plain) >= 5 and _SYLLABLES(plain) else None
    return LatinReading(field, max(_SPELLED, LIKELY)) if field else None
