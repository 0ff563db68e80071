"""The table of readings is what pypinyin says of each character."""

from __future__ import annotations

import subprocess
import sys

from pypinyin import lazy_pinyin

from lianfang.engine.syllables import FIRST, LAST, syllable


def test_every_character_sounds_as_pypinyin_says() -> None:
    characters = [chr(code) for code in range(ord(FIRST), ord(LAST) + 1)]
    assert [syllable(one) for one in characters] == [lazy_pinyin(one)[0] for one in characters]


def test_what_is_not_chinese_stays_as_it_is() -> None:
    assert [syllable(one) for one in ("a", "3", "·", "\u33ff", "\ua000", "𠮷")] == list("a3·\u33ff\ua000𠮷")


def test_names_are_read_without_the_dictionary_of_phrases() -> None:
    program = (
        "import sys; from lianfang.engine.linkage.names import pinyin; from lianfang.engine.syllables import syllable; "
        "print(pinyin('欧阳明月'), syllable('吕'), 'pypinyin' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["ouyangmingyue", "lv", "False"]
