"""The demo's planted rosters: as many people per building as ``lianfang reconcile`` expects, and building 10 whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianfang.demo import write_demo
from lianfang.domains.registry.imports import services
from lianfang.domains.registry.imports.drafts import place_text
from lianfang.domains.registry.imports.services import import_files
from lianfang.domains.registry.models import Household, ImportConflict, Person, Place
from lianfang.domains.registry.services import register_place
from lianfang.domains.registry.services.bulk import Spot
from lianfang.engine.intake.mapping import Memory
from lianfang.engine.intake.reading import read_given
from lianfang.engine.reconciliation.reconcile import reconcile
from lianfang.engine.rounds import RoundSettings
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.registry.factories import identity
from tests.product.registry.imports.rosters import applied, reads_here, roster, row  # noqa: F401
from tests.product.registry.imports.test_flow import everything
from tests.product.world import World, demo_identity

pytestmark = pytest.mark.usefixtures("reads_here")
SYSTEM = system_actor("test")


def a_demo(folder: Path, people: int) -> tuple[Place, tuple[Path, ...]]:
    files = write_demo(folder / "demo", people=people)
    with acting_as(SYSTEM):
        county = register_place(actor=SYSTEM, parent=None, kind="county", name="示范县", code="990155000000")
    return county, files.rosters


def residents_per_building() -> Counter[tuple[str, str, str]]:
    with acting_as(SYSTEM):
        names = dict(Place.objects.values_list("pk", "name"))
        people = Person.objects.values_list("community_id", "household__compound_id", "building_id")
        return Counter((names[a], names.get(b, ""), names.get(c, "")) for a, b, c in people)


@pytest.mark.parametrize("people", [1_700, 6_000])
def test_the_counts_per_building_are_those_that_reconcile_expects(tmp_path: Path, people: int) -> None:
    county, paths = a_demo(tmp_path, people)
    batch = import_files(SYSTEM, paths, "ask", new_below=county)
    with acting_as(SYSTEM):
        # Whoever is written into two buildings is counted where reconcile counts them.
        assert ImportConflict.objects.filter(batch=batch, kind="several_rooms").exists()
    services.take_suggestions(actor=SYSTEM, import_id=batch.pk)
    batch = services.apply_import(actor=SYSTEM, import_id=batch.pk)
    assert (batch.state, batch.summary["refused"]) == ("applied", 0)
    as_of = services._as_of(batch)
    readings = [("roster", read_given(path, "roster", as_of, Memory())) for path in paths]
    answer = reconcile(readings, settings=RoundSettings(as_of=as_of))
    expected = Counter(
        (one["community"] or "", one["compound"] or "", one["building"] or "")
        for one in answer.round.people.to_pylist()
    )
    found = residents_per_building()
    assert found == expected
    shown = {one["place"]: one["after"] for one in batch.summary["buildings"]}
    assert shown == {_on_lists(*key): count for key, count in found.items()}


def _on_lists(community: str, compound: str, building: str) -> str:
    return " ".join((community, place_text(Spot(0, compound, building)))).strip()


def test_building_ten_has_its_74_households_and_143_people(tmp_path: Path) -> None:
    county, paths = a_demo(tmp_path, 6_000)
    batch = import_files(SYSTEM, paths, new_below=county)
    assert batch.state == "applied"
    with acting_as(SYSTEM):
        building = Place.objects.get(kind="building", name="10", parent__name="临江花园")
        assert Household.objects.filter(building_id=building.pk).count() == 74
        assert Person.objects.filter(building_id=building.pk).count() == 143


NAMES = st.sampled_from(("陈建国", "林秀英", "王丽华", "钱一", "钱二"))
ROWS = st.lists(
    st.builds(
        lambda name, building, room, number, phone, remark: row(
            name, 楼栋=f"{building}号楼", 房号=room, 身份证号=number, 联系电话=phone, 备注=remark
        ),
        NAMES, st.integers(1, 3), st.sampled_from(("", "101", "102", "909")),
        st.sampled_from(("", identity(1), identity(2), demo_identity(1), demo_identity(4))),
        st.sampled_from(("", "19900000001", "13900000001")), st.sampled_from(("", "新", "=1+1")),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ROWS, second=ROWS)
def test_import_and_undo_is_as_before_whatever_was_imported(
    world: World, first: list[dict[str, str]], second: list[dict[str, str]]
) -> None:
    clerk = world.actor("community")
    earlier = applied(clerk, roster(first))
    between = everything()
    batch = applied(clerk, roster(second))
    assert batch.state == "applied"
    undone = services.undo_import(actor=clerk, import_id=batch.pk)
    assert undone.summary["undone"]["kept"] == 0
    assert everything() == between
    # Restoring counts as a change: the earlier import no longer takes back those that the later one had changed.
    services.undo_import(actor=clerk, import_id=earlier.pk)
