"""Until when a certificate holds is reckoned by tube; here for every order of anchors, as if by person."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations, product

import pytest

from lianfang.engine.backends import Stages
from lianfang.engine.status import kinds

AS_OF = datetime(2022, 8, 30, 8)
SPAN = timedelta(days=2)
# Two of them are what the stage asks with.
INSTANTS = (None, AS_OF, AS_OF + timedelta(minutes=15), AS_OF - timedelta(hours=47), AS_OF - timedelta(hours=49))
ANCHORS = ("tested_at", "sampled_at", "reported_at")
ORDERS = [order for number in (1, 2, 3) for order in permutations(ANCHORS, number)]


def _said(value: datetime | None) -> str:
    return "CAST(NULL AS TIMESTAMP)" if value is None else f"TIMESTAMP '{value}'"


@pytest.fixture(scope="module")
def db() -> Stages:
    stages = Stages(threads=1)
    stages.constants({"as_of": AS_OF, "trusted_until": AS_OF + timedelta(minutes=15)})
    stages.define(kinds.MACROS)
    cases = list(enumerate(product(INSTANTS, repeat=3)))
    tubes = " UNION ALL ".join(
        f"SELECT {number} AS tube_key, 'negative' AS state, TIMESTAMP '{AS_OF}' AS negative_received_at, "
        f"7 AS negative_result_id, {_said(tested)} AS negative_tested_at, {_said(reported)} AS negative_reported_at"
        for number, (tested, _, reported) in cases
    )
    swabs = " UNION ALL ".join(
        f"SELECT {number} AS person_id, {number} AS tube_key, {_said(swab)} AS earliest_at"
        for number, (_, swab, _) in cases
    )
    stages.stage("live_tubes", tubes)
    stages.stage("negative_swabs", swabs)
    stages.stage("seen_persons", f"SELECT range AS person_id FROM range({len(cases)})")
    stages.stage("several_negatives", "SELECT 0 AS person_id WHERE false")
    stages.stage("blocked", f"SELECT 0 AS person_id, TIMESTAMP '{AS_OF}' AS blocked_at WHERE false")
    return stages


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_the_first_anchor_that_is_known_decides(db: Stages, order: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{anchor}'" for anchor in order)
    db.stage(
        "rules", f"SELECT 'r' AS rule_id, 'negative_result' AS kind, [{listed}] AS anchors, INTERVAL 2 DAY AS span"
    )
    db.stage("certificates", kinds.CERTIFICATES)
    found = dict(db.rows(f"SELECT person_id, until FROM ({kinds.CERTIFIED}) c"))
    expected = {}
    for number, (tested, swab, reported) in enumerate(product(INSTANTS, repeat=3)):
        known = {"tested_at": tested, "sampled_at": swab, "reported_at": reported}
        start = next((known[anchor] for anchor in order if known[anchor] is not None), None)
        if start is not None and start + SPAN > AS_OF:
            expected[number] = start + SPAN
    assert found == expected
    assert expected
