from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files

import pytest

from lianfang.foundation.texts import LANGUAGES, Texts, best_language, gaps_of, load_entries, texts

# Characters that exist in one script only and that a text of this field is sure to need.
TRADITIONAL_ONLY = set(
    "採樣單檢測陽陰樓棟戶號碼證電話員區鄉鎮會對與這裡無讀寫檔欄發現應實驗結報總個為請資訊顯邊說語開關點機構處後從來時間"
)
SIMPLIFIED_ONLY = set(
    "样单检测阳阴楼栋户号码证电话员区乡镇会对与这无读写档栏发现应实验结报总个为请资讯显边说语开关点机构处后从来时间"
)


def entries_of_all() -> Iterator[tuple[str, str, str]]:
    for language in LANGUAGES:
        for key, text in load_entries(language).items():
            yield language, key, text


def test_every_text_stands_in_all_three_languages() -> None:
    keys = {language: set(load_entries(language)) for language in LANGUAGES}
    for language in LANGUAGES:
        assert sorted(keys["zh-Hans"] ^ keys[language]) == []


def test_every_text_has_the_same_gaps_in_all_three_languages() -> None:
    simplified = load_entries("zh-Hans")
    different = [
        f"{language} {key}"
        for language, key, text in entries_of_all()
        if gaps_of(text) != gaps_of(simplified.get(key, text))
    ]
    assert different == []


def test_every_gap_of_every_text_has_a_name() -> None:
    assert [f"{language} {key}" for language, key, text in entries_of_all() if "" in gaps_of(text)] == []


def test_no_text_is_empty() -> None:
    blank_on_purpose = {"report.column.pair_side"}
    empty = {key for _, key, text in entries_of_all() if not text.strip()}
    assert empty <= blank_on_purpose


@pytest.mark.parametrize(
    ("language", "foreign"),
    [
        ("zh-Hans", TRADITIONAL_ONLY - SIMPLIFIED_ONLY),
        ("zh-Hant", SIMPLIFIED_ONLY - TRADITIONAL_ONLY),
    ],
)
def test_neither_script_has_characters_of_the_other(language: str, foreign: set[str]) -> None:
    assert len(foreign) > 30
    found = [f"{key}: {text}" for key, text in load_entries(language).items() if foreign & set(text)]
    assert found == []


def test_every_area_file_is_there_in_every_language() -> None:
    areas = {
        language: {file.name for file in (files("lianfang.foundation.texts") / language).iterdir()}
        for language in LANGUAGES
    }
    assert areas["zh-Hans"] == areas["zh-Hant"] == areas["en"] != set()


def test_a_key_is_the_path_through_the_tables() -> None:
    folder = files("lianfang.foundation.texts") / "en"
    report = tomllib.loads((folder / "report.toml").read_text("utf-8"))
    assert texts("en")("report.sheet.missing") == report["report"]["sheet"]["missing"] == "Missing"


def test_gaps_are_filled_by_name() -> None:
    assert texts("en")("report.footer.page", page="&P", pages=7) == "Page &P of 7"


def test_an_unknown_key_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match=r"report\.no\.such"):
        texts("en")("report.no.such")


def test_a_gap_left_open_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match=r"report\.footer\.page.*'pages'"):
        texts("en")("report.footer.page", page="1")


def test_a_code_is_looked_for_in_one_table_after_the_other() -> None:
    known = Texts("en", {"a.one": "first", "b.two": "second {n}"})
    assert known.of_code("a", "one") == "first"
    assert known.of_code(("a", "b"), "two", {"n": 2}) == "second 2"


def test_a_code_without_a_text_comes_out_as_itself() -> None:
    known = Texts("en", {})
    assert known.of_code("a", "strange_code") == "strange_code"
    assert known.of_code("a", "strange_code", {"row": 3}) == "strange_code (row=3)"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh_CN.UTF-8", "zh-Hans"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh_HK.UTF-8", "zh-Hant"),
        ("zh-Hant", "zh-Hant"),
        ("zh-MO", "zh-Hant"),
        ("en-US", "en"),
        ("EN", "en"),
        ("fr_FR", "en"),
        ("C", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_language_is_told_from_any_usual_name(name: str | None, language: str) -> None:
    assert best_language(name) == language


def test_a_catalogue_answers_to_every_usual_name_and_to_no_unknown_one() -> None:
    assert texts("zh-TW") is texts("zh-Hant")
    with pytest.raises(ValueError, match="fr"):
        texts("fr")
