"""Last night's files by way of the product: the numbers are those of `lianfang reconcile` on the same files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lianfang.domains.lab_testing.models import Hold, LoadState, ResultLoad, RoundPerson, Sample, Tube
from lianfang.domains.lab_testing.results.services import load_files
from lianfang.domains.lab_testing.selectors import coverage
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.lab_testing.results.township import Township, make_township

pytestmark = pytest.mark.committed


def load_night(town: Township) -> dict[str, ResultLoad]:
    return {
        kind: load_files(town.actor, town.round, town.files(kind), kind, as_of=town.as_of)
        for kind in ("samples", "exempt", "results")
    }


def outcomes(town: Township) -> Counter[str]:
    """What each sampled person of the roster waits for, from conclusions and holds."""
    found: Counter[str] = Counter()
    with acting_as(system_actor("test")):
        expected = set(
            RoundPerson.objects.filter(round=town.round, state="sampled").values_list("person_id", flat=True)
        )
        holds: dict[int, list[Hold]] = {}
        for hold in Hold.objects.all():
            holds.setdefault(hold.person_id or 0, []).append(hold)
        said: dict[int, set[str]] = {}
        for person_id, tube_id, conclusion in Sample.objects.filter(is_void=False).values_list(
            "person_id", "tube_id", "tube__conclusion"
        ):
            held = {hold.tube_id: hold.state for hold in holds.get(person_id, [])}
            said.setdefault(person_id, set()).add(held.get(tube_id, conclusion))
    rank = ("case", "held", "expired", "indeterminate", "invalid", "", "released", "negative")
    words = {"case": "positive", "expired": "held", "indeterminate": "unclear", "invalid": "unclear", "": "pending"}
    for person_id in expected:
        worst = next(one for one in rank if one in said[person_id])
        found[words.get(worst, worst)] += 1
    return found


def test_the_files_of_a_night_give_the_numbers_of_reconcile(tmp_path: Path) -> None:
    town = make_township(tmp_path / "demo")
    loads = load_night(town)
    assert {kind: load.state for kind, load in loads.items()} == dict.fromkeys(loads, LoadState.APPLIED)
    with acting_as(town.actor):
        counted = coverage(town.actor, town.round)
    want = town.totals
    got = {name: getattr(counted.total, name) for name in ("expected", "exempt", "away", "sampled", "missing")}
    got["unrostered"] = counted.unrostered
    assert got == {name: want[name] for name in got}
    names = ("negative", "released", "pending", "unclear", "held", "positive")
    assert dict(outcomes(town)) == {name: want[name] for name in names if want[name]}
    with acting_as(system_actor("test")):
        tubes = Counter(Tube.objects.values_list("state", "conclusion"))
    states = Counter(town.answer.round.tubes["state"].to_pylist())
    assert sum(n for (_, said), n in tubes.items() if said in ("indeterminate", "invalid")) == states["unclear"]
    assert {said: tubes["resulted", said] for said in ("negative", "positive", "contradicting")} == {
        name: states[name] for name in ("negative", "positive", "contradicting")
    }
    assert sum(n for (state, _), n in tubes.items() if state == "void") == states["void"]
