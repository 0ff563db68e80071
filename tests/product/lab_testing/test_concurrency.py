"""Two desks at the same moment: one swab, one tube, one count, and nobody waits for ever."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.models import Sample, Tube
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.services import Swab, Who
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.lab_testing.night import Night, open_night, plan
from tests.product.world import make_world

pytestmark = pytest.mark.committed


@pytest.fixture
def shared() -> Night:
    """As ``night``, but committed: other connections see it."""
    return open_night(make_world())


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread and connection of its own, from one starting line; gives back results or errors."""
    line, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            line.wait(10)
            results[place] = work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a desk waits for ever"
    return results


def test_one_label_scanned_at_two_desks_is_one_tube(shared: Night) -> None:
    first, second = at_once(*[lambda: shared.open_tube("T0001")] * 2)
    assert first.pk == second.pk


def test_one_person_scanned_into_one_tube_at_two_desks_is_one_swab(shared: Night) -> None:
    tube = shared.open_tube()
    results = at_once(*[lambda: shared.swab(tube, "陈建国")] * 4)
    assert sorted(one.is_repeat for one in results) == [False, True, True, True]
    assert len(shared.swabs(tube)) == 1


def test_one_person_scanned_into_two_tubes_at_once_is_kept_twice_and_one_is_marked(shared: Night) -> None:
    tubes = [shared.open_tube(code) for code in ("T0001", "T0002")]
    results = at_once(*[lambda tube=tube: shared.swab(tube, "陈建国") for tube in tubes])
    assert sorted(one.warnings for one in results) == [[], ["twice_sampled"]]
    assert shared.counts()["sampled"] == 1


def test_the_last_place_of_a_tube_is_given_once(shared: Night) -> None:
    tube = shared.open_tube(capacity=1)
    results = at_once(lambda: shared.swab(tube, "陈建国"), lambda: shared.swab(tube, "王丽华"))
    assert sorted(isinstance(one, RefusedError) for one in results) == [False, True]
    assert len(shared.swabs(tube)) == 1


def test_voiding_one_swab_while_another_is_recorded_leaves_the_person_sampled(shared: Night) -> None:
    for turn in range(5):
        first = shared.open_tube(f"A{turn:04d}")
        second = shared.open_tube(f"B{turn:04d}")
        sample = shared.swab(first, "陈建国").sample

        def void(sample: Sample = sample) -> Sample:
            with shared.as_("sampler") as actor:
                return services.void_sample(actor=actor, sample_id=sample.pk, reason="扫错")

        void_answer, recorded = at_once(void, lambda second=second: shared.swab(second, "陈建国"))
        assert void_answer.is_void and not recorded.is_repeat
        assert shared.state("陈建国") == "sampled"
        with shared.as_("sampler") as actor:
            services.void_tube(actor=actor, tube_id=second.pk, reason="再来")
        assert shared.state("陈建国") == "missing"


def test_transfers_in_both_directions_at_once_do_not_wait_in_a_circle(shared: Night) -> None:
    tubes = [shared.open_tube(code) for code in ("T0001", "T0002")]
    shared.swab(tubes[0], "陈建国")
    shared.swab(tubes[1], "王丽华")

    def move(source: Tube, target: Tube) -> Any:
        with shared.as_("sampler") as actor:
            return services.move_samples(actor=actor, from_tube_id=source.pk, to_tube_id=target.pk, reason="换管")

    at_once(lambda: move(*tubes), lambda: move(*reversed(tubes)))
    with acting_as(system_actor("test")):
        assert Sample.objects.filter(is_void=False).count() == 2
    assert shared.counts()["sampled"] == 2


def test_sealing_while_somebody_is_scanned_counts_what_was_there(shared: Night) -> None:
    tube = shared.open_tube()
    shared.swab(tube, "陈建国")

    def seal() -> Tube:
        with shared.as_("sampler") as actor:
            return services.seal_tube(actor=actor, tube_id=tube.pk, counted=1)

    sealed, recorded = at_once(seal, lambda: shared.swab(tube, "王丽华"))
    # Whoever came first, the other was told: never a sealed tube with an uncounted swab.
    assert isinstance(sealed, RefusedError) != isinstance(recorded, RefusedError)


def test_kits_packed_at_once_share_no_label(shared: Night) -> None:
    def pack() -> Any:
        with shared.as_("township") as actor:
            (kit,) = services.pack_kits(actor=actor, round_id=shared.round.pk, packing=services.Packing(10, count=20))
            return kit

    kits = at_once(pack, pack, pack)
    assert len({code for kit in kits for code in kit.codes}) == 60


def test_a_round_opened_twice_at_once_is_opened_once(shared: Night) -> None:
    round_ = plan(shared.world)

    def open_it() -> Any:
        with shared.as_("township") as actor:
            return services.open_round(actor=actor, round_id=round_.pk)

    results = at_once(open_it, open_it)
    assert sorted(isinstance(one, RefusedError) for one in results) == [False, True]
    with acting_as(system_actor("test")):
        assert round_.people.count() == 10


def test_one_upload_sent_twice_at_once_is_one_swab(shared: Night) -> None:
    tube, mark = shared.open_tube(), uuid.uuid4()

    def upload() -> Any:
        with shared.as_("sampler") as actor:
            return services.record_sample(
                actor=actor, tube_id=tube.pk, who=Who(shared.person("陈建国")), swab=Swab(client_id=mark)
            )

    first, second = at_once(upload, upload)
    assert first.sample.pk == second.sample.pk
