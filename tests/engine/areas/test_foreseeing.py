"""The earliest day on which a level could be lowered: days pass, rounds are held, judgements turn out well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lianfang.engine.areas import foresee_lowering
from lianfang.engine.packs import load_pack
from lianfang.engine.packs.guards import Guard

PACKS = Path(__file__).resolve().parents[3] / "policy_packs"
ROUND = "round_all_negative_on_day"
CLEAN = {"fact": ROUND, "at_least": 7}
QUIET = {"fact": "days_without_infection", "at_least": 7}
TEN, THREE = {"fact": "days_without_infection", "at_least": 10}, {"fact": "days_in_level", "at_least": 3}
SEVENTH: dict[str, Any] = {"all": (QUIET, CLEAN)}
EITHER = {"any": ({"all": (TEN, THREE)}, SEVENTH)}
NONE_NEW = {"fact": "new_infections", "at_most": 0, "within_days": 14}
ILL = {"fact": "lives_here_infected", "at_most": 0}
SAFE = {"fact": "breteau_index", "at_most": 5}


def row(guard: dict[str, Any], value: float | None, outcome: str) -> dict[str, Any]:
    wanted = {key: bound for key, bound in guard.items() if key != "fact"}
    return {"fact": guard["fact"], "wanted": json.dumps(wanted), "value": value, "value_at_most": value,
            "outcome": outcome}  # fmt: skip


DAY_3 = [row(QUIET, 3, "not_met"), row(CLEAN, 3, "not_met")]


@pytest.mark.parametrize(
    ("condition", "rows", "in_days", "needs"),
    [
        (SEVENTH, DAY_3, 4, [ROUND]),
        (SEVENTH, [row(QUIET, 7, "met"), row(CLEAN, None, "unknown")], 0, [ROUND]),
        (SEVENTH, [row(QUIET, 8, "met"), row(CLEAN, 7, "met")], 0, []),
        (QUIET, [row(QUIET, None, "unknown")], None, []),
        # Of two ways the one that comes first; on one day the one that leaves people less to do.
        (EITHER, [*DAY_3, row(TEN, 3, "not_met"), row(THREE, 0, "not_met")], 4, [ROUND]),
        (EITHER, [row(TEN, 10, "met"), row(THREE, 3, "met"), row(QUIET, 10, "met"), row(CLEAN, 3, "not_met")], 0, []),
        ({"all": (NONE_NEW, QUIET)}, [row(NONE_NEW, 2, "not_met"), row(QUIET, 9, "met")], 5, []),
        (SAFE, [row(SAFE, 12, "not_met")], 0, ["breteau_index"]),
        (ILL, [row(ILL, 1, "not_met")], None, []),
    ],
)  # fmt: skip
def test_the_earliest_day_and_what_people_have_to_bring_about(
    condition: dict[str, Any], rows: list[dict[str, Any]], in_days: int | None, needs: list[str]
) -> None:
    found = foresee_lowering(Guard.model_validate(condition), rows)
    assert (found.in_days, list(found.needs)) == (in_days, needs)


def test_every_level_of_every_pack_can_be_foreseen_or_says_that_it_cannot() -> None:
    for folder in sorted(PACKS.glob("*/*/areas.yaml")):
        pack = load_pack(folder.parent)
        for level in pack.levels_at(pack.manifest.effective.from_):
            found = foresee_lowering(level.lower_when, [])
            assert found.in_days is None or 0 <= found.in_days <= 90
            assert set(found.needs) <= {str(one.fact) for one in found.way}
