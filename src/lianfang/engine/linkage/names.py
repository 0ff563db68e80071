"""How alike two names are: masked, sounding alike, looking alike, one character off."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from rapidfuzz.distance import JaroWinkler, Levenshtein

from lianfang.engine.syllables import syllable

MASKS = "*＊×✱○〇●□"
_IGNORED = re.compile(r"[\s·•‧・．.'’`\-,，、_]+")
_SOMEBODY = re.compile(r"^([一-鿿]{1,2}?)(某某?|[xX]{1,2})$")
# Surnames whose reading as a surname is not the character's usual one.
_SURNAME_READINGS = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "翟": "zhai", "查": "zha",
    "盖": "ge", "朴": "piao", "尉": "yu", "万": "wan", "缪": "miao", "种": "chong", "乐": "yue", "员": "yun",
    "召": "shao", "秘": "bi", "冼": "xian", "折": "she", "黑": "he", "晁": "chao", "洗": "xian", "覃": "qin",
}  # fmt: skip
_SOFTENED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))

# From most to least alike; the codes double as the model's levels and, prefixed, as what differs.
NAME_LEVELS = ("same", "masked", "sounds", "looks", "order", "one_off", "similar", "surname", "different")


def name_key(name: str | None) -> str | None:
    """The form in which names are compared: no spaces or dots, lower case, every mask sign a ``*``."""
    if name is None:
        return None
    key = _IGNORED.sub("", name).casefold()
    somebody = _SOMEBODY.match(key)
    if somebody:
        key = somebody[1] + "*" * len(somebody[2])
    for sign in MASKS:
        key = key.replace(sign, "*")
    return key or None


@lru_cache(maxsize=1)
def _representatives() -> dict[int, str]:
    text = files("lianfang.engine.linkage").joinpath("look_alikes.toml").read_text(encoding="utf-8")
    table: dict[str, set[str]] = {}
    for group in tomllib.loads(text)["groups"]:
        for char in group:
            table.setdefault(char, set()).update(group)
    return {ord(char): "".join(sorted(alike)) for char, alike in table.items()}


def looks_like(a: str, b: str) -> bool:
    """Whether two single characters are listed as looking alike."""
    return a == b or b in _representatives().get(ord(a), "")


@lru_cache(maxsize=200_000)
def pinyin(key: str) -> str:
    """The name as sounds without tones, surname readings applied; Latin letters stay as they are."""
    first = _SURNAME_READINGS.get(key[0]) or syllable(key[0])
    return first + "".join([syllable(char) for char in key[1:]])


# SQL: ``sound`` with the sounds that southern accents do not tell apart folded together.
SOFTENED_SQL = "{sound}"
for _exact, _soft in _SOFTENED:
    SOFTENED_SQL = f"replace({SOFTENED_SQL}, '{_exact}', '{_soft}')"


def spoken(key: str) -> tuple[str | None, str | None]:
    """Pinyin of a name and of its first character, not softened; None for what is masked."""
    first = syllable(key[0])
    surname = _SURNAME_READINGS.get(key[0]) or first
    return None if "*" in key else surname + "".join(map(syllable, key[1:])), None if key[0] == "*" else surname


@lru_cache(maxsize=200_000)
def softened_pinyin(key: str) -> str:
    """Pinyin with the sounds that southern accents do not tell apart folded together."""
    sound = pinyin(key)
    for exact, soft in _SOFTENED:
        sound = sound.replace(exact, soft)
    return sound


def is_masked(key: str) -> bool:
    return "*" in key


def mask_fits(mask: str, other: str) -> bool:
    """Whether a masked name may stand for ``other``: visible characters agree from both ends.

    ``张*`` also fits 张小明, since many systems print one star for any given name; ``张**`` does not fit 张伟. Two
    masked names fit where their lengths are equal and no visible character differs. Stars in a Latin name may also
    stand for the spaces that ``name_key`` leaves out.
    """
    if is_masked(other):
        return len(mask) == len(other) and all(a == b or "*" in (a, b) for a, b in zip(mask, other, strict=True))
    head, _, tail = mask.partition("*")
    tail = tail.lstrip("*")
    stars = len(mask) - len(head) - len(tail)
    hidden = len(other) - len(head) - len(tail)
    fits = hidden == stars or (stars == 1 and hidden in (1, 2, 3)) or (other.isascii() and 0 < stars - hidden <= 3)
    return fits and bool(head or tail) and other.startswith(head) and other.endswith(tail)


def masked_level_sql(a: str, b: str) -> str:
    """SQL: ``compare_names`` of the columns ``a`` and ``b`` where at least one of them is masked."""
    is_left = f"contains({a}, '*')"
    head = "left(mask, strpos(mask, '*') - 1)"
    tail = "ltrim(substr(mask, strpos(mask, '*')), '*')"
    return f"""(SELECT CASE WHEN CASE
            WHEN contains(other, '*') THEN length(mask) = length(other) AND len(list_filter(range(1, length(mask) + 1),
                lambda i: mask[i] <> other[i] AND mask[i] <> '*' AND other[i] <> '*')) = 0
            ELSE (hidden = stars OR (stars = 1 AND hidden IN (1, 2, 3))
                  OR (regexp_full_match(other, '[\\x00-\\x7f]*') AND stars - hidden BETWEEN 1 AND 3))
                AND head || tail <> '' AND starts_with(other, head) AND ends_with(other, tail) END
        THEN 'masked' ELSE 'different' END
        FROM (SELECT *, length(mask) - length(head) - length(tail) AS stars,
                     length(other) - length(head) - length(tail) AS hidden
              FROM (SELECT *, {head} AS head, {tail} AS tail
                    FROM (SELECT CASE WHEN {is_left} THEN {a} ELSE {b} END AS mask,
                                 CASE WHEN {is_left} THEN {b} ELSE {a} END AS other))))"""


def compare_names(a: str, b: str) -> str:
    """The level of ``NAME_LEVELS`` for two name keys; symmetric."""
    if a == b and not is_masked(a):
        return "same"
    if is_masked(a) or is_masked(b):
        mask, other = (a, b) if is_masked(a) else (b, a)
        return "masked" if mask_fits(mask, other) else "different"
    if _sound_alike(a, b):
        return "sounds"
    distance = Levenshtein.distance(a, b, score_cutoff=2)
    if len(a) == len(b) and all(map(looks_like, a, b)):
        return "looks"
    if sorted(a) == sorted(b):
        return "order"
    if distance == 1 and min(len(a), len(b)) >= 2 and max(len(a), len(b)) >= 3:
        return "one_off"
    if softened_pinyin(a) == softened_pinyin(b):
        return "one_off"
    if distance == 1 and a[0] != b[0] and len(a) == len(b):
        return "similar"
    if min(len(a), len(b)) >= 5 and JaroWinkler.similarity(a, b) >= 0.88:
        return "similar"
    return "surname" if a[0] == b[0] else "different"


def _sound_alike(a: str, b: str) -> bool:
    """Equal pinyin; a Latin spelling may put the surname last, as passports do."""
    sound_a, sound_b = pinyin(a), pinyin(b)
    if sound_a == sound_b:
        return True
    if a.isascii() == b.isascii() or len(sound_a) != len(sound_b):
        return False
    han = b if a.isascii() else a
    latin = sound_a if a.isascii() else sound_b
    return any(latin == pinyin(han[i:]) + pinyin(han[:i]) for i in range(1, len(han)))
