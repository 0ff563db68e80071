"""Going on from an earlier run with those whom time or a fact can have touched gives what the full run gives."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.status.bulk import run_in_bulk
from lianfang.engine.status.comparing import compare_runs
from lianfang.engine.status.contract_people import TESTS_DUE
from lianfang.engine.status.touching import run_since
from tests.engine.backends.worlds import keep_facts, kept
from tests.engine.status.facts import AS_OF, V9, Facts, plausible, together, wild
from tests.engine.status.test_people_rules import guarded

__all__ = ["guarded"]

V8 = load_pack(V9.parent / "v8")
# From which hour to which: nothing happens, a night, a day over midnight, all of two days with what is yet to come.
STEPS = ((-1, 0), (-24, 0), (-3, 6), (-49, 1))


def worlds(seed: int) -> Facts:
    """Small worlds side by side, odd ones and such as are mostly in order; some was opened under the pack before."""
    facts = together([(plausible if each % 2 == 0 else wild)(seed + each) for each in range(40)])
    for name, key in (("exposures", "exposure_id"), ("orders", "order_id")):
        for row in facts[name]:
            row["opened_under"] = V8.id if row[key] % 3 == 0 else row["opened_under"]
    return facts


# Nothing is shrunk: a world that fails is small enough, and each attempt takes three runs.
@settings(
    max_examples=2, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 2**32), step=st.sampled_from(STEPS))
@pytest.mark.parametrize("has_guards", [False, True])
def test_only_the_touched_decided_anew_is_the_full_run(
    pack: Pack, guarded: Pack, has_guards: bool, seed: int, step: tuple[int, int]
) -> None:
    asked = guarded if has_guards else pack
    before, now = (AS_OF + timedelta(hours=hours) for hours in step)
    with TemporaryDirectory() as name:
        facts, was, full, some = (Path(name) / each for each in ("facts", "was", "full", "some"))
        keep_facts(worlds(seed), facts)
        run_in_bulk(asked, facts, was, before, superseded=[V8], threads=1)
        run_in_bulk(asked, facts, full, now, superseded=[V8], threads=1)
        _, touched = run_since(asked, facts, some, now, previous=was, before=before, superseded=[V8], threads=1)
        differs = {table: one.people for table, one in compare_runs(full, some).items() if not one.is_same}
        assert not differs.keys() - {"set_aside"}, f"of {step}: {differs}"
        assert kept(some, TESTS_DUE)
        assert touched.people < touched.persons


def test_a_value_of_the_pack_that_changes_meanwhile_touches_everybody(pack: Pack, tmp_path: Path) -> None:
    keep_facts(worlds(1), tmp_path / "facts")
    first = pack.manifest.effective.from_
    run_in_bulk(pack, tmp_path / "facts", tmp_path / "was", first, threads=1)
    changed = pack.parameters["certificate_hours"].values[0].model_copy(update={"from_": first + timedelta(days=1)})
    parameter = pack.parameters["certificate_hours"].model_copy(
        update={"values": (*pack.parameters["certificate_hours"].values, changed)}
    )
    later = dataclasses.replace(pack, parameters={**pack.parameters, "certificate_hours": parameter})
    _, touched = run_since(later, tmp_path / "facts", tmp_path / "now", first + timedelta(days=2),
                           previous=tmp_path / "was", before=first, threads=1)  # fmt: skip
    assert touched.people == touched.persons > 0
