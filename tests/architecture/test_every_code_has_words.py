"""The engine speaks in codes; every code of a round has words in every language."""

from __future__ import annotations

import pytest

from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.rounds.contract import (
    ACTIONS,
    EXEMPT_STATES,
    FINDING_KINDS,
    OUTCOMES,
    RESULT_STATES,
    ROSTER_STATES,
    SAMPLE_STATES,
    TUBE_STATES,
)
from lianfang.foundation.texts import LANGUAGES, texts

CODES = {
    "round.fate.roster": ROSTER_STATES,
    "round.fate.samples": SAMPLE_STATES,
    "round.fate.results": RESULT_STATES,
    "round.fate.exempt": EXEMPT_STATES,
    "round.outcome": OUTCOMES,
    "round.action": tuple(action for action in ACTIONS if action != "none"),
    "round.tube_state": TUBE_STATES,
    "round.finding": tuple(kind for kind in FINDING_KINDS if kind != "contradicting"),
    "field": tuple(FIELDS),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", CODES)
def test_every_code_has_words(table: str, language: str) -> None:
    known = texts(language)
    assert [code for code in CODES[table] if f"{table}.{code}" not in known] == []
