"""How places and people are written and ordered: normal forms, addresses, walking order, pinyin for search."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from lianfang.domains.registry.models import PlaceKind
from lianfang.engine.intake.values.contract import ValueContext
from lianfang.engine.intake.values.folding import fold_text
from lianfang.engine.intake.values.places import read_building, read_room, read_unit
from lianfang.engine.syllables import syllable

_READ = {PlaceKind.BUILDING: read_building, PlaceKind.UNIT: read_unit}
# Buildings and rooms hold no dates; the context only bounds those.
_CONTEXT = ValueContext(datetime(2020, 1, 1), siblings=frozenset(("building", "unit", "floor", "room")))
_BARE = re.compile(
    r"(?:[0-9]{1,4}(?:-[0-9]{1,3})?[A-Z]?|[A-Z]{1,2}-?[0-9]{0,3}|[甲乙丙丁戊己庚辛壬癸东西南北中前后][0-9]{0,3})"
).fullmatch
_DIGITS = re.compile(r"[0-9]+")
_HAN = re.compile("[\u3400-\u9fff]")
_FLOOR_AND_DOOR = re.compile(r"[A-Z]?([0-9]{1,2})[0-9]{2}[A-Z东西南北中左右]?(?:边|侧)?(?:户|室|门)?").fullmatch
_WORDS: Mapping[str, str] = {PlaceKind.BUILDING: "号楼", PlaceKind.UNIT: "单元"}
_SEGMENT = 40

# Surnames that are read otherwise than the character is in other words.
_SURNAMES: Mapping[str, str] = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "朴": "piao", "盖": "ge", "葛": "ge",
    "任": "ren",
    "翟": "zhai", "种": "chong", "乐": "yue", "员": "yun", "召": "shao", "秘": "bi", "冼": "xian", "洗": "xian",
    "折": "she", "黑": "he", "缪": "miao", "繁": "po", "覃": "qin", "尉": "wei", "宓": "mi", "燕": "yan", "晁": "chao",
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "令狐": "ling hu", "澹台": "tan tai", "单于": "chan yu",
}  # fmt: skip

# Characters and words that sound otherwise in names of places than alone.
_PLACE_WORDS: Mapping[str, str] = {
    "长": "chang", "重": "chong", "都": "du", "厦门": "xia men", "六安": "lu an", "银行": "yin hang", "音乐": "yin yue",
    "商行": "shang hang", "什邡": "shi fang", "番禺": "pan yu", "洪洞": "hong tong", "蚌埠": "beng bu",
}  # fmt: skip
_PLACE_WORD = re.compile("|".join(_PLACE_WORDS))


class Named(Protocol):
    """A place as far as its name goes."""

    kind: str
    name: str


def normal_place_name(kind: str, name: str) -> str:
    """``10`` for 10号楼, ``2`` for 二单元, folded text for every other kind; "" for an empty name."""
    text = fold_text(str(name))[0].strip()
    reader = _READ.get(PlaceKind(kind))
    if not text or reader is None:
        return text
    return str(reader(text, _CONTEXT).value or "")


def normal_room(room: str) -> str:
    """``301`` for 0301室; "" for an empty one."""
    text = str(room or "").strip()
    return str(read_room(text, _CONTEXT).value or "") if text else ""


def place_name(place: Named) -> str:
    """The name with its word, as it is written on lists in every language: 10号楼, 2单元, 临江花园."""
    word = _WORDS.get(place.kind)
    return f"{place.name}{word}" if word and _BARE(place.name) else place.name


def room_name(room: str, in_village: bool = False) -> str:
    """The room with its word: 301室, 12号."""
    if not room or not _BARE(room):
        return room
    return f"{room}{'号' if in_village else '室'}"


def floor_of(room: str) -> int | None:
    """The floor that a room number begins with (1203 → 12); None where it does not say."""
    found = _FLOOR_AND_DOOR(room)
    return int(found[1]) if found and found[1] != "0" else None


@lru_cache(maxsize=8192)
def sort_segment(name: str) -> str:
    """A text whose code-point order is the natural order of names: numbers by value, words by sound."""
    if _HAN.search(name):
        # Letters first, the characters after: names of one sound stay apart.
        sounds = _PLACE_WORD.sub(lambda found: f" {_PLACE_WORDS[found[0]]} ", name)
        sounds = _HAN.sub(lambda found: f" {syllable(found[0])} ", sounds)
        name = " ".join([*sounds.split(), name])
    return _DIGITS.sub(lambda found: found[0].zfill(5)[-9:], name.lower())[:_SEGMENT]


def place_sort_key(kind: str, name: str, code: str | None = None) -> str:
    """The order of a place among its siblings. Committees stand in the order of their official codes."""
    return code or sort_segment(name)


def household_sort_key(segments: Sequence[str], floor: int | None, room: str) -> str:
    """Walking order: the places' segments from the community down, then floor and room."""
    level = "" if floor is None else f"{floor + 500:04d}"
    return "/".join((*segments, level, sort_segment(room)))[:250]


@lru_cache(maxsize=20_000)
def _surname(name: str) -> tuple[str, int]:
    """The surname's reading where it is unusual, and how many characters it has."""
    for length in (2, 1):
        if reading := _SURNAMES.get(name[:length]):
            return reading, length
    return "", 0


def name_pinyin(name: str) -> str:
    """The sound of a name, syllables apart, without tones: "ou yang ming yue"; Latin names in lower case."""
    if not name:
        return ""
    if not _HAN.search(name):
        return " ".join(re.split(r"[\s·•.,'-]+", name.lower())).strip()[:200]
    reading, taken = _surname(name)
    syllables = [reading] if reading else []
    syllables += [syllable(character).lower() for character in name[taken:] if character.isalnum()]
    return " ".join(syllables)[:200]


def initials_of(pinyin: str) -> str:
    """The first letters of the syllables: "oymy"."""
    return "".join([part[0] for part in pinyin.split()])[:40]
