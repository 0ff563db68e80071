"""Every code that a device or the desk is answered with has words in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils.translation import override

import lianfang
from lianfang.foundation.devices.wording import code_words
from lianfang.foundation.texts import LANGUAGES, texts

ROOT = Path(lianfang.__file__).parent
DEVICES = sorted((ROOT / "foundation" / "devices").rglob("*.py"))
SERVER = sorted((ROOT / "interfaces" / "field").glob("*.py"))
CODES = {
    "devices.problem": (DEVICES, re.compile(r'DeviceProblemError\("(\w+)"')),
    "devices.refused": (
        [*DEVICES, *SERVER],
        re.compile(
            r'(?:ItemRefusedError|BatchError)\("(\w+)"|RequestProblemError\(\s*\d{3}(?: if .+? else \d{3})?, "(\w+)"'
        ),
    ),
}


def codes(table: str) -> set[str]:
    paths, pattern = CODES[table]
    found = {group for path in paths for match in pattern.findall(path.read_text("utf-8"))
             for group in ([match] if isinstance(match, str) else match) if group}  # fmt: skip
    more = {"devices.refused": {"malformed", "changed_content", "revoked", "expired", "token_unknown", "token_ended"}}
    return found | more.get(table, {"gives_role", "place_outside"})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", CODES)
def test_every_code_has_words(table: str, language: str) -> None:
    found = codes(table)
    assert len(found) > 8
    assert sorted(code for code in found if f"{table}.{code}" not in texts(language)) == []


_REFUSED_FIELD = re.compile(r'field="(\w+)"|(?:text_of|number_of|number_needed|_word)\(body, "(\w+)"')
FIELD_KINDS = [
    *(ROOT / "domains" / "lab_testing" / "field").rglob("*.py"),
    *(ROOT / "domains" / "gates" / "field").rglob("*.py"),
    ROOT / "domains" / "registry" / "sweeps" / "field.py",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_that_a_refusal_names_has_words(language: str) -> None:
    found = {name for path in FIELD_KINDS for match in _REFUSED_FIELD.findall(path.read_text("utf-8"))
             for name in match if name}  # fmt: skip
    assert {"outcome", "tubes", "direction"} <= found
    assert sorted(name for name in found if f"devices.body.{name}" not in texts(language)) == []


def test_a_refusal_names_the_field_in_the_readers_words() -> None:
    with override("zh-hans"):
        assert "“结果”" in code_words("sweeps.refused.incomplete", {"field": "outcome"})
    with override("en"):
        assert "“Outcome”" in code_words("sweeps.refused.incomplete", {"field": "outcome"})
        assert "“neverland”" in code_words("sweeps.refused.incomplete", {"field": "neverland"})
