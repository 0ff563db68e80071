"""From files to the registry and back: nobody twice, nobody lost, nobody of somebody else's places."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import TestCase
from django.utils import timezone

from lianfang.domains.registry.imports import selectors, services, steps
from lianfang.domains.registry.imports.files import folder
from lianfang.domains.registry.imports.meanings import remember
from lianfang.domains.registry.imports.tidying import tidy_imports
from lianfang.domains.registry.models import Household, Import, ImportConflict, ImportRow, ImportUndo, Person, Place
from lianfang.domains.registry.services import edit_person, register_person
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.models import Account, Posting
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.privacy.numbers import unseal
from tests.product.registry.factories import identity
from tests.product.registry.imports.rosters import applied, imported, reads_here, roster, row  # noqa: F401
from tests.product.world import World, demo_identity

pytestmark = pytest.mark.usefixtures("reads_here")
SYSTEM = system_actor("test")


def everything() -> dict[str, list[Any]]:
    """All that is registered, numbers in clear, without versions."""
    with acting_as(SYSTEM):
        people = [
            {**{name: value for name, value in one.items() if name not in ("version", "id_sealed", "phone_sealed")},
             "numbers": (unseal(one["id_sealed"]), unseal(one["phone_sealed"]))}
            for one in Person.objects.order_by("pk").values()
        ]  # fmt: skip
        return {"people": people, "households": list(Household.objects.order_by("pk").values()),
                "places": list(Place.objects.order_by("pk").values())}  # fmt: skip


def test_new_people_come_with_their_places_and_numbers_sealed(world: World) -> None:
    clerk = world.actor("community")
    batch = applied(
        clerk,
        roster([row("钱一", 身份证号=identity(1), 联系电话="13900000001"), row("钱二", 房号="302", 单元="3单元")]),
    )
    assert (batch.state, batch.summary["add"], batch.summary["read"]) == ("applied", 2, 2)
    with acting_as(SYSTEM):
        person = Person.objects.select_related("household").get(name="钱一")
        assert unseal(person.id_sealed) == identity(1)
        assert unseal(person.phone_sealed) == "13900000001"
        assert person.import_id == batch.pk
        assert Person.objects.get(name="钱二").household.room == "302"
        kept = ImportRow.objects.filter(batch=batch).order_by("number").first()
        assert identity(1) not in str(kept.values) and "13900000001" not in str(kept.values)
        assert Entry.objects.filter(action="registry.import_applied").count() == 1


def test_the_file_on_the_disk_cannot_be_read_without_its_row(world: World) -> None:
    imported(world.actor("community"), roster([row("钱一", 身份证号=identity(1))]))
    stored = list(folder().iterdir())
    assert stored and all(identity(1).encode() not in one.read_bytes() for one in stored)


def test_who_is_registered_is_updated_field_by_field_and_nothing_is_erased(world: World) -> None:
    clerk = world.actor("community")
    content = roster([row("陈建国", 房号="101", 身份证号=demo_identity(1), 联系电话="13900000009", 备注="新备注")])
    batch = imported(clerk, content)
    with acting_as(SYSTEM):
        made = ImportRow.objects.get(batch=batch)
    assert made.action == "update"
    assert made.changes["phone"] == ["199****0001", "139****0009"]
    services.apply_import(actor=clerk, import_id=batch.pk)
    with acting_as(SYSTEM):
        person = Person.objects.get(pk=world.people["陈建国"].pk)
    assert (unseal(person.phone_sealed), person.remark, person.sex) == ("13900000009", "新备注", "female")
    assert unseal(person.id_sealed) == demo_identity(1)


def test_the_same_file_again_changes_nothing_and_says_who_gave_it_before(world: World) -> None:
    clerk = world.actor("community")
    content = roster([row("钱一", 身份证号=identity(1)), row("钱二"), row("钱二", 房号="402", 联系电话="13900000002")])
    first = applied(clerk, content)
    before = everything()
    again = applied(clerk, content)
    assert (again.summary["add"], again.summary["update"], again.summary["same"]) == (0, 0, 3)
    assert everything() == before
    with acting_as(clerk):
        (found,) = selectors.same_files_before(clerk, again)
    assert (found.import_id, found.made_by, found.file) == (first.pk, clerk.name, "名册1.csv")


def test_rows_of_other_communities_are_refused_with_the_reason_and_stay_listed(world: World) -> None:
    clerk = world.actor("community")
    rows = [row("钱一"), row("外人", 社区="西湖社区"), row("远人", 社区="无此社区"), row("无名社区", 社区="")]
    batch = applied(clerk, roster(rows))
    assert (batch.summary["add"], batch.summary["refused"]) == (2, 2)
    assert batch.summary["refused_why"] == {"community_not_yours": 1, "community_unknown": 1}
    with acting_as(SYSTEM):
        assert not Person.objects.filter(name__in=("外人", "远人")).exists()
        # One community is the clerk's own: where the file names none, it is that.
        assert Person.objects.get(name="无名社区").community_id == world.places["east"].pk
        assert list(ImportRow.objects.filter(batch=batch, action="refused").values_list("problems", flat=True)) == [
            ["community_not_yours"], ["community_unknown"],
        ]  # fmt: skip


def test_who_may_not_import_is_refused_before_anything_is_kept(world: World) -> None:
    with pytest.raises(NotAllowedError):
        services.begin_import(actor=world.actor("building_chief"), uploads=[("a.csv", b"x")])
    with acting_as(SYSTEM):
        assert not Import.objects.exists()


def test_a_move_is_asked_about_and_decided_either_way(world: World) -> None:
    clerk = world.actor("community")
    content = roster([row("陈建国", 房号="909", 身份证号=demo_identity(1))])
    batch = imported(clerk, content, decide=False)
    with acting_as(clerk):
        found = {one.kind: one for one in ImportConflict.objects.filter(batch=batch)}
    # The world's numbers have no day of birth: their check fails, which is asked about as well.
    assert set(found) == {"moved", "identity_check"}
    conflict = found["moved"]
    assert (conflict.suggestion, batch.summary["open"]) == ("take", 2)
    with pytest.raises(services.NotNowError) as open_still:
        services.apply_import(actor=clerk, import_id=batch.pk)
    assert open_still.value.code == "conflicts_open"
    choices = {conflict.number: "keep", found["identity_check"].number: "keep"}
    services.decide_conflicts(actor=clerk, import_id=batch.pk, choices=choices)
    kept = services.prepare_import(actor=clerk, import_id=batch.pk)
    assert (kept.summary["same"], kept.summary["update"], kept.summary["open"]) == (1, 0, 0)
    with acting_as(clerk):
        number = ImportConflict.objects.get(batch=batch, kind="moved").number
    services.decide_conflicts(actor=clerk, import_id=batch.pk, choices={number: "take"})
    services.prepare_import(actor=clerk, import_id=batch.pk)
    services.apply_import(actor=clerk, import_id=batch.pk)
    with acting_as(SYSTEM):
        assert Person.objects.select_related("household").get(pk=world.people["陈建国"].pk).household.room == "909"


def test_who_stands_in_two_rooms_lives_where_the_fuller_row_says_or_in_the_other(world: World) -> None:
    clerk = world.actor("community")
    given = {"身份证号": identity(1)}
    content = roster(
        [row("钱一", 房号="301", **given), row("钱一", 楼栋="2号楼", 房号="102", 联系电话="13900000001", **given)]
    )
    for choice, building in (("keep", "2"), ("take", "1")):
        batch = imported(clerk, content, decide=False)
        with acting_as(SYSTEM):
            conflict = ImportConflict.objects.get(batch=batch, kind="several_rooms")
        assert [one["value"] for one in conflict.differs] == [
            "江滨花园 2号楼 1单元 102室",
            "江滨花园 1号楼 1单元 301室",
        ]
        services.decide_conflicts(actor=clerk, import_id=batch.pk, choices={conflict.number: choice})
        if choice == "take":
            with pytest.raises(services.NotNowError, match="preview_old"):
                services.apply_import(actor=clerk, import_id=batch.pk)
            services.prepare_import(actor=clerk, import_id=batch.pk)
        services.apply_import(actor=clerk, import_id=batch.pk)
        with acting_as(SYSTEM):
            person = Person.objects.get(name="钱一")
            assert Place.objects.get(pk=person.building_id).name == building
        services.undo_import(actor=clerk, import_id=batch.pk)


def test_what_was_shown_is_written_without_linking_again_as_long_as_nothing_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = world.actor("community")
    batches = [imported(clerk, roster([row(name, 身份证号=number)])) for name, number in PAIRS]
    linked: list[int] = []
    link = services.link

    def watched(*given: Any) -> Any:
        linked.append(1)
        return link(*given)

    monkeypatch.setattr(services, "link", watched)
    services.apply_import(actor=clerk, import_id=batches[0].pk)
    assert not linked
    # The first was written since the second was shown: it is worked out again, and nothing else comes of it.
    assert services.apply_import(actor=clerk, import_id=batches[1].pk).state == "applied"
    assert linked
    with acting_as(SYSTEM):
        assert Person.objects.filter(name__in=[name for name, _ in PAIRS]).count() == 2


PAIRS = (("钱一", identity(1)), ("钱二", identity(2)))


def test_a_job_whose_author_no_longer_serves_there_does_nothing_and_says_so(world: World) -> None:
    clerk, before = world.actor("community"), everything()
    batch = imported(clerk, roster([row("钱一")]))
    asked = steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    Posting.objects.filter(pk=clerk.posting_id).update(ends_at=timezone.now())
    steps.do_step(import_id=batch.pk, step="apply", turn=asked.turn)
    with acting_as(SYSTEM):
        batch.refresh_from_db()
        assert Entry.objects.get(action="registry.import_refused").details["step"] == "apply"
    assert (batch.state, batch.failure) == ("review", {"step": "apply", "error": "posting_ended"})
    assert everything()["people"] == before["people"]
    # Somebody who serves there now asks again.
    chief = world.actor("township")
    asked = steps.request_step(actor=chief, import_id=services.begin_import(actor=chief, uploads=[]).pk, step="prepare")
    Account.objects.filter(pk=chief.account_id).update(is_active=False)
    steps.do_step(import_id=asked.pk, step="prepare", turn=asked.turn)
    with acting_as(SYSTEM):
        asked.refresh_from_db()
    assert (asked.state, asked.failure["error"]) == ("failed", "posting_ended")


def test_one_document_with_two_names_never_gives_two_people_the_number(world: World) -> None:
    clerk = world.actor("community")
    content = roster([row("钱一", 身份证号=identity(7)), row("孙大圣", 房号="302", 身份证号=identity(7))])
    batch = imported(clerk, content, decide=False)
    with acting_as(clerk):
        conflict = ImportConflict.objects.get(batch=batch, kind="identity_names")
    services.decide_conflicts(actor=clerk, import_id=batch.pk, choices={conflict.number: "different"})
    services.prepare_import(actor=clerk, import_id=batch.pk)
    while services.take_suggestions(actor=clerk, import_id=batch.pk):
        services.prepare_import(actor=clerk, import_id=batch.pk)
    services.apply_import(actor=clerk, import_id=batch.pk)
    with acting_as(SYSTEM):
        found = dict(Person.objects.filter(name__in=("钱一", "孙大圣")).values_list("name", "id_sealed"))
    assert len(found) == 2
    assert sorted(unseal(sealed) or "" for sealed in found.values()) == ["", identity(7)]


def test_identical_rows_with_only_a_name_are_one_person_or_several_as_decided(world: World) -> None:
    clerk = world.actor("community")
    rows = [row("张伟", 房号="", 楼栋="", 单元="", 小区="") for _ in range(3)]
    batch = imported(clerk, roster(rows), decide=False)
    with acting_as(clerk):
        conflict = ImportConflict.objects.get(batch=batch, kind="repeated_rows")
    assert (batch.summary["add"], batch.summary["repeat"]) == (1, 2)
    services.decide_conflicts(actor=clerk, import_id=batch.pk, choices={conflict.number: "different"})
    batch = services.prepare_import(actor=clerk, import_id=batch.pk)
    assert (batch.summary["add"], batch.summary["repeat"]) == (3, 0)
    services.decide_conflicts(actor=clerk, import_id=batch.pk, choices={conflict.number: "skip"})
    batch = services.prepare_import(actor=clerk, import_id=batch.pk)
    assert (batch.summary["add"], batch.summary["skip"]) == (0, 3)


def test_every_row_is_accounted_for(world: World) -> None:
    rows = [
        row("钱一", 身份证号=identity(1)),
        row("钱一", 身份证号=identity(1)),
        row("外人", 社区="西湖社区"),
        row("陈建国", 房号="101", 身份证号=demo_identity(1)),
    ]
    summary = imported(world.actor("community"), roster(rows)).summary
    assert summary["read"] == sum(summary[name] for name in ("add", "update", "same", "repeat", "skip", "refused")) == 4
    assert summary["not_in_files"] == 7


def test_the_second_of_two_users_sees_what_changed_meanwhile(world: World) -> None:
    clerk, township = world.actor("community"), world.actor("township")
    content = roster(
        [
            row("钱一", 身份证号=identity(1)),
            row("陈建国", 房号="101", 身份证号=demo_identity(1), 联系电话="13900000009"),
        ]
    )
    mine, theirs = imported(clerk, content), imported(township, content)
    assert services.apply_import(actor=township, import_id=theirs.pk).state == "applied"
    later = services.apply_import(actor=clerk, import_id=mine.pk)
    assert (later.state, later.summary["changed"]) == ("review", True)
    assert (later.summary["add"], later.summary["same"]) == (0, 2)
    assert services.apply_import(actor=clerk, import_id=mine.pk).state == "applied"
    with acting_as(SYSTEM):
        assert Person.objects.filter(name="钱一").count() == 1


def test_somebody_registered_at_the_door_meanwhile_is_not_registered_twice(world: World) -> None:
    clerk = world.actor("community")
    batch = imported(clerk, roster([row("钱一", 房号="101")]))
    with acting_as(clerk):
        register_person(actor=clerk, household=world.households["b1-101"], name="钱一")
    later = services.apply_import(actor=clerk, import_id=batch.pk)
    assert (later.state, later.summary["changed"], later.summary["add"]) == ("review", True, 0)


def test_an_import_that_dies_while_writing_leaves_nothing_and_can_be_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = world.actor("community")
    content = roster(
        [
            row("钱一", 身份证号=identity(1)),
            row("陈建国", 房号="101", 身份证号=demo_identity(1), 联系电话="13900000009"),
        ]
    )
    batch = imported(clerk, content)
    before = everything()

    class KilledError(Exception):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise KilledError

    monkeypatch.setattr("lianfang.domains.registry.imports.applying._Marks.save_undo", killed)
    asked = steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    with pytest.raises(KilledError):
        steps.do_step(import_id=batch.pk, step="apply", turn=asked.turn)
    assert everything() == before
    with acting_as(SYSTEM):
        batch.refresh_from_db()
    assert (batch.state, batch.failure) == ("review", {"step": "apply", "error": "KilledError"})
    monkeypatch.undo()
    monkeypatch.setattr(services, "read_files", None)  # what was read before is kept
    asked = steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    steps.do_step(import_id=batch.pk, step="apply", turn=asked.turn - 1)
    assert everything() == before, "a step whose turn has passed does nothing"
    steps.do_step(import_id=batch.pk, step="apply", turn=asked.turn)
    steps.do_step(import_id=batch.pk, step="apply", turn=asked.turn)
    with acting_as(SYSTEM):
        assert Person.objects.filter(name="钱一").count() == 1


def test_undo_puts_everything_back(world: World) -> None:
    clerk = world.actor("community")
    before = everything()
    rows = [
        row("钱一", 楼栋="9号楼", 身份证号=identity(1)),
        row("陈建国", 房号="909", 身份证号=demo_identity(1), 备注="新"),
        row("钱二", 小区="新花园"),
    ]
    batch = applied(clerk, roster(rows))
    assert everything() != before
    undone = services.undo_import(actor=clerk, import_id=batch.pk)
    assert undone.summary["undone"] == {"removed": 2, "restored": 1, "kept": 0}
    assert everything() == before


def test_undo_leaves_whoever_was_changed_since_and_says_so(world: World) -> None:
    clerk = world.actor("community")
    batch = applied(
        clerk,
        roster(
            [
                row("钱一", 身份证号=identity(1)),
                row("钱二", 房号="302"),
                row("陈建国", 房号="101", 身份证号=demo_identity(1), 备注="新"),
            ]
        ),
    )
    with acting_as(clerk):
        for name in ("钱一", "陈建国"):
            person = Person.objects.get(name=name)
            edit_person(actor=clerk, person=person, version=person.version, changes={"remark": "电话核实"})
    undone = services.undo_import(actor=clerk, import_id=batch.pk)
    assert undone.summary["undone"] == {"removed": 1, "restored": 0, "kept": 2}
    with acting_as(SYSTEM):
        assert Person.objects.get(name="陈建国").remark == "电话核实"
        assert not Person.objects.filter(name="钱二").exists()
        assert set(ImportUndo.objects.exclude(kept_because="").values_list("kept_because", flat=True)) == {"changed"}


def test_undo_does_not_remove_somebody_others_speak_of(world: World) -> None:
    from django.utils import timezone

    from lianfang.domains.cases.models import Case

    clerk = world.actor("community")
    batch = applied(clerk, roster([row("钱一", 身份证号=identity(1))]))
    with acting_as(SYSTEM):
        person = Person.objects.get(name="钱一")
        keys = {name: getattr(person, name) for name in ("county_id", "township_id", "community_id", "building_id")}
        Case.objects.create(
            **keys, person_id=person.pk, kind="suspected", found_at=timezone.now(), recorded_at=timezone.now()
        )
    undone = services.undo_import(actor=clerk, import_id=batch.pk)
    assert undone.summary["undone"] == {"removed": 0, "restored": 0, "kept": 1}


def test_what_a_column_means_is_remembered_for_the_next_files_of_the_place(world: World) -> None:
    clerk = world.actor("community")
    content = roster([row("钱一", 备注="快递员")])
    batch = imported(clerk, content)
    with acting_as(clerk):
        remember(actor=clerk, batch=batch, label="备注", fields="occupation")
    services.prepare_import(actor=clerk, import_id=batch.pk)
    services.apply_import(actor=clerk, import_id=batch.pk)
    with acting_as(SYSTEM):
        assert Person.objects.get(name="钱一").occupation == "快递员"
    applied(clerk, roster([row("钱二", 房号="302", 备注="司机")]))
    with acting_as(SYSTEM):
        assert Person.objects.get(name="钱二").occupation == "司机"


def test_a_file_that_cannot_be_read_is_named_with_the_fix_and_the_others_are_used(world: World) -> None:
    clerk = world.actor("community")
    batch = services.begin_import(
        actor=clerk, uploads=[("坏.xlsx", b"PK\x03\x04broken"), ("好.csv", roster([row("钱一")]))]
    )
    batch = services.prepare_import(actor=clerk, import_id=batch.pk)
    assert (batch.summary["files_refused"], batch.summary["add"]) == (1, 1)
    with acting_as(clerk):
        bad = batch.files.get(name="坏.xlsx")
    assert bad.understood["problems"]


def test_what_is_written_needs_no_file_and_can_be_taken_back_without_it(world: World) -> None:
    clerk, before = world.actor("community"), everything()
    others = {path.name for path in folder().iterdir()}
    with TestCase.captureOnCommitCallbacks(execute=True):
        batch = imported(clerk, roster([row("钱一", 身份证号=identity(1))]))
        kept = {path.name for path in folder().iterdir()}
        assert len(kept - others) == 3, "the file, what was read of it, and what is to be written"
        services.apply_import(actor=clerk, import_id=batch.pk)
        with acting_as(SYSTEM):
            file = batch.files.get()
        assert (file.stored_as, file.key_sealed) == ("", None)
        assert {path.name for path in folder().iterdir()} == kept, "they go when what is written stands"
    assert {path.name for path in folder().iterdir()} == others
    services.undo_import(actor=clerk, import_id=batch.pk)
    assert everything() == before


def test_drafts_go_after_a_month_and_taking_back_still_works(world: World) -> None:
    clerk, before = world.actor("community"), everything()
    done = applied(clerk, roster([row("钱一", 身份证号=identity(1))]))
    open_one = imported(clerk, roster([row("钱二", 身份证号=identity(2))]))
    assert (tidy_imports().given_up, tidy_imports().cleared) == (0, 0)
    tidied = tidy_imports(timezone.now() + timedelta(days=31))
    # The one that nobody went on with is given up, and cleared like the other.
    assert (tidied.given_up, tidied.cleared) == (1, 2)
    assert tidy_imports(timezone.now() + timedelta(days=31)).cleared == 0
    with acting_as(SYSTEM):
        assert not ImportRow.objects.exists()
        open_one.refresh_from_db()
        done.refresh_from_db()
        assert open_one.state == "discarded"
        assert done.summary["add"] == 1
        assert set(done.files.values_list("name", "stored_as")) == {("名册1.csv", "")}
        assert all(not understood for understood in done.files.values_list("understood", flat=True))
        assert Entry.objects.filter(action="registry.import_discarded").count() == 1
    services.undo_import(actor=clerk, import_id=done.pk)
    assert everything() == before


def test_giving_up_removes_files_and_drafts(world: World) -> None:
    clerk = world.actor("community")
    batch = imported(clerk, roster([row("钱一")]))
    services.discard_import(actor=clerk, import_id=batch.pk)
    with acting_as(SYSTEM):
        assert not ImportRow.objects.exists()
        assert list(batch.files.values_list("stored_as", flat=True)) == [""]
    with pytest.raises(services.NotNowError):
        services.apply_import(actor=clerk, import_id=batch.pk)
