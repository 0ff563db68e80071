"""How single Chinese characters sound, without tones, from a table of 80 kB.

The table (``syllables.txt``: a syllable, then its characters) is the first reading that pypinyin gives for each
character; a test holds it to that. Reading one character does not need that library's dictionary of phrases, which
takes 55 MiB in every process. Derived from pinyin-data by way of pypinyin (both MIT licence).
"""

from __future__ import annotations

from array import array
from functools import cache
from importlib.resources import files

FIRST, LAST = "\u3400", "\u9fff"


def syllable(character: str) -> str:
    """``ming`` for 明, ``lv`` for 吕; a character without a known reading, or that is not Chinese, as it is."""
    if not FIRST <= character <= LAST:
        return character
    names, places = _table()
    return names[places[ord(character) - ord(FIRST)]] or character


@cache
def _table() -> tuple[list[str], array[int]]:
    """The syllables, "" first, and for each character from FIRST on the place of its syllable among them."""
    names, places = [""], array("H", bytes(2 * (ord(LAST) - ord(FIRST) + 1)))
    text = files("lianfang.engine").joinpath("syllables.txt").read_text("utf-8")
    for line in text.splitlines():
        name, characters = line.split(" ")
        names.append(name)
        for character in characters:
            places[ord(character) - ord(FIRST)] = len(names) - 1
    return names, places
