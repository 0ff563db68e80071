"""Every code that opening can emit has a text with the same gaps in every language."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import lianfang.engine.intake.files as package

LANGUAGES = ("zh-Hans", "zh-Hant", "en")
_CODE = re.compile(r'(?:RefusedError|Problem|problem|_reader_errors)\(\s*"([a-z_]+)"')


def _texts(language: str) -> dict[str, str]:
    resource = files("lianfang.foundation.texts").joinpath(language, "files.toml")
    return tomllib.loads(resource.read_text("utf-8"))["problem"]


def _emitted() -> set[str]:
    codes = set()
    # What a reading process says of itself stands beside the folder.
    for resource in [*files(package).iterdir(), files("lianfang.engine.intake").joinpath("isolation.py")]:
        if resource.name.endswith(".py"):
            codes |= set(_CODE.findall(resource.read_text("utf-8")))
    return codes


def test_every_emitted_code_has_a_text_and_no_text_is_left_over():
    indirect = {
        "undecodable_bytes_more",
        "unclosed_quote_more",
        "no_cells",
        "no_sheet_readable",
        "half_written",
        "damaged",
    }
    assert _emitted() | indirect == set(_texts("en"))


def test_all_languages_have_the_same_keys_and_gaps():
    def gaps(language: str) -> dict[str, set[str]]:
        return {code: set(re.findall(r"{(\w+)}", text)) for code, text in _texts(language).items()}

    assert gaps("zh-Hans") == gaps("zh-Hant") == gaps("en")
