"""Which kind of case may become which: an answer of a doctor or laboratory narrows a screening positive, and
corrects."""

from __future__ import annotations

from lianfang.domains.cases.models import CaseKind

MOVES: dict[str, frozenset[str]] = {
    CaseKind.SCREENING_POSITIVE: frozenset({CaseKind.CONFIRMED, CaseKind.ASYMPTOMATIC}),
    # Symptoms may begin days after the test; the other way round is a correction of the record.
    CaseKind.ASYMPTOMATIC: frozenset({CaseKind.CONFIRMED}),
    CaseKind.CONFIRMED: frozenset({CaseKind.ASYMPTOMATIC}),
}
