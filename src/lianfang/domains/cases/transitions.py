"""What may become of a case and of an exposure.

An answer of a doctor or laboratory narrows a screening positive, and corrects. An exposure ends by itself with its last
stage; what was closed early may still turn out to have been none, what was withdrawn is over.
"""

from __future__ import annotations

from lianfang.domains.cases.models import CaseKind

MOVES: dict[str, frozenset[str]] = {
    CaseKind.SCREENING_POSITIVE: frozenset({CaseKind.CONFIRMED, CaseKind.ASYMPTOMATIC}),
    # Symptoms may begin days after the test; the other way round is a correction of the record.
    CaseKind.ASYMPTOMATIC: frozenset({CaseKind.CONFIRMED}),
    CaseKind.CONFIRMED: frozenset({CaseKind.ASYMPTOMATIC}),
}

OPEN, CLOSED, WITHDRAWN = "open", "closed", "withdrawn"
EXPOSURE_MOVES: dict[str, frozenset[str]] = {
    OPEN: frozenset({CLOSED, WITHDRAWN}),
    CLOSED: frozenset({WITHDRAWN}),
    WITHDRAWN: frozenset(),
}
