"""Every code that a page puts into words has words, in every language."""

from __future__ import annotations

import pytest

from lianfang.domains.lab_testing.models.results import Outcome
from lianfang.domains.residents.models import (
    Consent,
    HelpKind,
    HelpState,
    ProposalState,
    Relation,
    Urgency,
    What,
)
from lianfang.foundation.texts import LANGUAGES, texts

SAID = [*Outcome.values, "positive_pool", "contradicting", "pending"]
TABLES = {
    "kind": HelpKind.values, "urgency": Urgency.values, "help_state": HelpState.values, "what": What.values,
    "proposal_state": ProposalState.values, "relation": Relation.values, "consent": Consent.values, "said": SAID,
    "said_means": SAID, "invite_state": ["open", "locked", "superseded", "used_up", "ended", "revoked"],
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    known = texts(language)
    missing = [f"residents.{table}.{code}" for table, codes in TABLES.items() for code in codes]
    assert [key for key in missing if key not in known] == []
