# ruff: noqa: E501
"""Laboratory files: what becomes of every row, whatever the order, repetition, or accident."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from lianfang.domains.lab_testing import services as testing
from lianfang.domains.lab_testing.models import LoadRow, LoadState, Result, ResultLoad, ResultState
from lianfang.domains.lab_testing.refusals import NotFoundError, RefusedError
from lianfang.domains.lab_testing.results import services
from lianfang.domains.lab_testing.results.services import files, loads
from lianfang.engine.intake.mapping import Decision
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.lab_testing.night import Night
from tests.product.lab_testing.results.laboratory import conclusion, filled_pool, holds, load, results_file, states
from tests.product.world import demo_identity

pytestmark = pytest.mark.usefixtures("read_here")


def fates(done: ResultLoad) -> dict[str, int]:
    return dict(done.summary["fates"])


def test_every_row_of_a_file_is_kept_with_what_became_of_it(night: Night, tmp_path: Path) -> None:
    now = timezone.localtime()
    filled_pool(night)
    filled_pool(night, "T0002", ("孙梅",))
    void = filled_pool(night, "T0003", ("赵大勇",))
    with night.as_("sampler") as actor:
        testing.void_tube(actor=actor, tube_id=void.pk, reason="破损")
    rows = [("T0001", "阴性", now), ("T0001", "阴性", now), ("T0002", "检测中", now), ("T0003", "阴性", now), ("T0404", "阳性", now),
            ("T0002", "阴性", now - timedelta(days=2)), ("T0002", "", now)]  # fmt: skip
    done = load(night, results_file(tmp_path, rows))
    assert done.state == LoadState.APPLIED
    assert fates(done) == {
        "counted": 1,
        "repeated": 1,
        "unreadable": 1,
        "tube_void": 1,
        "orphan": 1,
        "before_sample": 1,
        "empty": 1,
    }
    assert len(states(night)) == 6
    assert (conclusion(night, "T0001"), conclusion(night, "T0002"), conclusion(night, "T0003")) == ("negative", "", "")
    with acting_as(system_actor("test")):
        assert not LoadRow.objects.exists()


def test_a_row_that_repeats_the_time_of_a_void_tube_clears_nobody_through_the_new_one(
    night: Night, tmp_path: Path
) -> None:
    now = timezone.localtime().replace(second=30, microsecond=0)
    first, second = now - timedelta(minutes=50), now - timedelta(minutes=20)
    old = night.open_tube("T0001")
    night.swab(old, "陈建国", sampled_at=first)
    with night.as_("sampler") as actor:
        testing.void_tube(actor=actor, tube_id=old.pk, reason="破损")
    night.swab(night.open_tube("T0002"), "陈建国", sampled_at=second)
    path = tmp_path / "脱敏.csv"
    number = demo_identity(1)
    path.write_text(
        "姓名,身份证号,采样管编号,采样时间,检测时间,检测结果\n"
        f"陈建国,{number},,{first:%Y-%m-%d %H:%M},{now:%Y-%m-%d %H:%M},阴性\n", encoding="utf-8",
    )  # fmt: skip
    done = load(night, path)
    assert fates(done) == {"tube_void": 1}, done.files
    assert conclusion(night, "T0002") == ""


def test_the_same_file_twice_doubles_nothing_and_is_recognised(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    path = results_file(tmp_path, [("T0001", "阳性"), ("T0404", "阴性")])
    first = load(night, path)
    before = states(night)
    again = load(night, path)
    assert fates(again) == {"known": 2}
    assert states(night) == before
    with night.as_("township") as actor:
        assert [one.pk for one in services.same_files(actor, again)] == [first.pk]


def test_an_orphan_finds_its_tube_when_it_appears(night: Night, tmp_path: Path) -> None:
    load(night, results_file(tmp_path, [("T0077", "阳性")]))
    assert states(night) == [("T0077", "positive", "orphan")]
    filled_pool(night, "T0077", ("陈建国", "林秀英"))
    while handle_waiting():
        pass
    # Tested before the swab was written down, within the tolerance of clocks: it counts.
    assert conclusion(night, "T0077") == "positive"
    assert holds(night) == {"陈建国": "held", "林秀英": "held"}


def test_an_orphan_with_a_misread_code_is_given_to_its_tube(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    load(night, results_file(tmp_path, [("TO001", "阳性")]))
    with night.as_("township") as actor:
        services.assign_result(actor=actor, result_id=Result.objects.get().pk, code="T0001")
    assert conclusion(night, "T0001") == "positive"


def test_what_a_community_loads_for_anothers_tube_waits_for_the_township(night: Night, tmp_path: Path) -> None:
    tube = night.open_tube("W0001", login="township", place_id=night.world.places["west"].pk)
    for name in ("郑海", "冯雪"):
        night.swab(tube, name, login="township")
    done = load(night, results_file(tmp_path, [("W0001", "阳性")]), login="community")
    assert fates(done) == {"elsewhere": 1}
    assert holds(night) == {}
    with night.as_("community") as actor:
        assert not Result.objects.visible_to(actor).exists()
        with pytest.raises(RefusedError):
            services.accept_elsewhere(actor=actor)
    with night.as_("township") as actor:
        assert services.accept_elsewhere(actor=actor) == 1
    assert holds(night) == {"郑海": "held", "冯雪": "held"}


def test_a_neighbours_load_is_not_there(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    done = load(night, results_file(tmp_path, [("T0001", "阴性")]), login="township")
    with night.as_("community") as actor, pytest.raises(NotFoundError):
        services.load_for(actor, done.pk)


FILES = {
    "a.csv": [("T0001", "阳性"), ("T0002", "阴性")],
    "b.csv": [("T0001", "阴性"), ("T0002", "阴性"), ("T0404", "阴性")],
    "c.csv": [("T0002", "可疑"), ("T0001", "阳性")],
}


def after(night: Night, tmp_path: Path, order: tuple[str, ...]) -> tuple[object, ...]:
    at = timezone.localtime().replace(microsecond=0)
    for number, name in enumerate(order):
        rows = [(*row, at + timedelta(seconds=len(name) + ord(name[0]))) for row in FILES[name]]
        load(night, results_file(tmp_path / str(number), rows, name, laboratory=f"实验室{name[0]}"))
    return states(night), holds(night), [conclusion(night, code) for code in ("T0001", "T0002")]


@pytest.mark.parametrize("order", [*itertools.permutations(FILES), ("a.csv", "a.csv", "b.csv", "c.csv", "b.csv")])
def test_any_order_and_repetition_of_files_gives_the_same_state(
    night: Night, tmp_path: Path, order: tuple[str, ...]
) -> None:
    filled_pool(night)
    filled_pool(night, "T0002", ("孙梅", "赵大勇"))
    found = after(night, tmp_path, order)
    assert found[1] == dict.fromkeys(("陈建国", "林秀英", "王丽华"), "held")
    assert found[2] == ["contradicting", "indeterminate"]
    assert [state for _, _, state in found[0]].count("counted") == 6  # type: ignore[attr-defined]


def test_a_load_that_breaks_off_applies_nothing_and_runs_again(
    night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled_pool(night)
    actor = night.world.actor("township")
    with acting_as(actor):
        made = services.start_load(actor=actor, round_id=night.round.pk, kind="results",
                                   files=[("r.csv", [results_file(tmp_path, [("T0001", "阳性")]).read_bytes()])])  # fmt: skip
    services.read_load(made.pk)
    with acting_as(actor):
        services.approve_load(actor=actor, load_id=made.pk)

    def breaks(load: ResultLoad) -> dict[str, object]:
        apply_rows(load)
        raise RuntimeError("the power went out")

    apply_rows = loads._apply_rows
    monkeypatch.setattr(loads, "_apply_rows", breaks)
    with pytest.raises(RuntimeError):
        services.apply_load(made.pk)
    assert (states(night), holds(night)) == ([], {})
    monkeypatch.undo()
    assert services.apply_load(made.pk).state == LoadState.APPLIED
    assert services.apply_load(made.pk).tries == 2
    assert holds(night) == dict.fromkeys(("陈建国", "林秀英", "王丽华"), "held")


def test_the_preview_changes_nothing_and_says_what_applying_does(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    actor = night.world.actor("township")
    path = results_file(tmp_path, [("T0001", "阳性"), ("T0404", "阴性")])
    with acting_as(actor):
        made = services.start_load(
            actor=actor, round_id=night.round.pk, kind="results", files=[(path.name, [path.read_bytes()])]
        )
    preview = services.read_load(made.pk)
    assert (preview.state, preview.summary["held"], fates(preview)) == (
        LoadState.REVIEW,
        3,
        {"counted": 1, "orphan": 1},
    )
    assert (states(night), holds(night)) == ([], {})
    with acting_as(actor):
        services.discard_load(actor=actor, load_id=made.pk)
        with pytest.raises(RefusedError):
            services.approve_load(actor=actor, load_id=made.pk)
        assert not LoadRow.objects.exists()


def test_codes_are_read_only_once_somebody_declared_them(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    filled_pool(night, "T0002", ("孙梅",))
    actor = night.world.actor("township")
    path = results_file(tmp_path, [("T0001", "0"), ("T0002", "1")])
    with acting_as(actor):
        made = services.start_load(
            actor=actor, round_id=night.round.pk, kind="results", files=[(path.name, [path.read_bytes()])]
        )
    assert fates(services.read_load(made.pk)) == {"unreadable": 2}
    with acting_as(actor):
        services.decide_reading(actor=actor, load_id=made.pk, decisions=[Decision("code", "检测结果", "0", "negative"),
                                                                        Decision("code", "检测结果", "1", "positive")])  # fmt: skip
    assert fates(services.read_load(made.pk)) == {"counted": 2}
    with acting_as(actor):
        services.approve_load(actor=actor, load_id=made.pk)
    services.apply_load(made.pk)
    assert (conclusion(night, "T0001"), conclusion(night, "T0002")) == ("negative", "positive")
    # Kept for the next file.
    filled_pool(night, "T0003", ("赵大勇",))
    load(night, results_file(tmp_path, [("T0003", "0")], "下一个.csv"))
    assert conclusion(night, "T0003") == "negative"


def test_a_file_that_is_none_is_refused_in_words_and_applies_nothing(night: Night, tmp_path: Path) -> None:
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    done = load(night, tmp_path / "坏.xlsx")
    assert (done.state, done.failure) == (LoadState.FAILED, {"code": "nothing_usable"})
    assert done.files[0]["understood"]["problems"]


def test_a_list_of_samples_makes_tubes_and_swabs_of_registered_people(night: Night, tmp_path: Path) -> None:
    at = timezone.localtime()
    lines = ["采样管编号,姓名,房号,采样时间,容量", f"P0001,陈建国,1号楼1单元101,{at:%Y-%m-%d %H:%M:%S},10",
             f"P0001,柳青青,,{at:%Y-%m-%d %H:%M:%S},10"]  # fmt: skip
    path = tmp_path / "采样.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = load(night, path, kind="samples")
    assert done.state == LoadState.APPLIED, (done.failure, done.files)
    assert done.summary["new_tubes"] == 1
    again = load(night, path, kind="samples")
    assert fates(again) == {"known": 2}
    load(night, results_file(tmp_path, [("P0001", "阴性", at + timedelta(minutes=1))]))
    assert conclusion(night, "P0001") == "negative"


def test_files_are_removed_when_a_load_is_closed(night: Night, tmp_path: Path) -> None:
    made = files.keep("a.csv", [b"x"])
    assert (files.folder() / made["stored_as"]).exists()
    files.remove([made])
    files.remove([made])
    assert not (files.folder() / made["stored_as"]).exists()


def test_a_state_exists_for_every_way_a_row_may_end() -> None:
    from lianfang.domains.lab_testing.results.views.loads import FATES
    from lianfang.foundation.texts import texts as texts_of

    texts = texts_of("en")
    for name in {*FATES, *ResultState.values}:
        assert texts(f"lab_results.result_state.{name}")
        assert texts(f"lab_results.fate_text.{name}")
