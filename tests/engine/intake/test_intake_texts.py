"""Every code that intake emits has its text in every language, and every field its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lianfang.engine.intake.contract import ROLES
from lianfang.engine.intake.fields import FIELDS
from lianfang.foundation.texts import LANGUAGES, texts

ENGINE = Path(__file__).resolve().parents[3] / "src" / "lianfang" / "engine" / "intake"
EMITTED = re.compile(r'(?:Problem\(\s*|return )"([a-z_]+)"')


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_has_a_name_in_every_language(language: str) -> None:
    assert [name for name in FIELDS if f"field.{name}" not in texts(language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_of_intake_has_a_text_in_every_language(language: str) -> None:
    codes = {
        code
        for module in ("columns", "assembling", "reading", "mapping")
        for code in EMITTED.findall((ENGINE / f"{module}.py").read_text(encoding="utf-8"))
    }
    codes |= {"essential_fields_missing"} | {f"looks_like_{role}" for role in ROLES}
    assert len(codes) > 10
    assert [code for code in sorted(codes) if f"problem.{code}" not in texts(language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_to_skip_a_row_has_a_text(language: str) -> None:
    reasons = ("empty", "total", "repeated_header", "note", "banner", "example")
    assert all(f"skipped.{reason}" in texts(language) for reason in reasons)
