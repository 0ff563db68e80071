"""What cases do when something happens below them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lianfang.domains.cases.models import CaseKind
from lianfang.domains.cases.services import WITHDRAWN, close_without_evidence, open_case
from lianfang.domains.lab_testing.events import HOLD_SETTLED, PERSON_POSITIVE
from lianfang.foundation.access.scope import current_actor
from lianfang.foundation.outbox.services import handles


@handles(PERSON_POSITIVE)
def open_screening_positive(payload: Mapping[str, Any]) -> None:
    """A single positive result makes a screening positive; a doctor or a second laboratory says what it is."""
    open_case(
        actor=current_actor(), person_id=payload["person_id"], kind=CaseKind.SCREENING_POSITIVE,
        found_at=datetime.fromisoformat(payload["at"]), evidence_kind="result", evidence_id=payload["result_id"],
    )  # fmt: skip


@handles(HOLD_SETTLED)
def close_corrected(payload: Mapping[str, Any]) -> None:
    """A positive that was corrected, or whose swab was void, makes nobody a case any longer."""
    if payload["because"] in WITHDRAWN:
        close_without_evidence(
            actor=current_actor(), person_ids=payload["person_ids"], tube_ids=payload["tube_ids"],
            because=payload["because"],
        )  # fmt: skip
