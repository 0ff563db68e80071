"""Registering, correcting and moving people."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from lianfang.domains.registry import events
from lianfang.domains.registry.errors import ChangedMeanwhileError, RegistryError
from lianfang.domains.registry.models import LivingState, Person, Place
from lianfang.domains.registry.selectors import household_history, person_history
from lianfang.domains.registry.services import (
    edit_household,
    edit_person,
    mark_away,
    mark_died,
    mark_moved_out,
    mark_returned,
    move_person,
    record_contact,
    register_person,
    set_key_person,
    set_special_needs,
)
from lianfang.foundation.access.actor import NotAllowedError
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.outbox.models import Event
from lianfang.foundation.privacy.numbers import blind_index, unseal
from tests.product.registry.factories import SYSTEM, a_household, clerk, identity, two_communities


@pytest.fixture
def home():
    with two_communities() as (east, _):
        return a_household(east)


@pytest.fixture
def actor(home):
    return clerk(Place.objects.get(pk=home.community_id))


def test_numbers_are_sealed_and_found_by_their_index(home, actor):
    with acting_as(actor):
        person = register_person(
            actor=actor, household=home, name=" 陈 建国 ", id_number=identity(12).lower(), phone="138 0013 8000"
        )
        stored = Person.objects.get(pk=person.pk)
        assert stored.name == "陈建国"
        assert unseal(stored.id_sealed) == identity(12)
        assert identity(12).encode() not in bytes(stored.id_sealed)
        assert bytes(stored.id_index) == blind_index("id", identity(12))
        assert bytes(stored.phone_tail_index) == blind_index("phone_tail", "8000")
        assert unseal(stored.phone_sealed) == "13800138000"
        assert (stored.name_pinyin, stored.name_initials) == ("chen jian guo", "cjg")
        assert (stored.sex, stored.birth_on) == ("female", date(1980, 1, 1))
        assert stored.id_is_valid is True
        assert stored.sort_key == home.sort_key


def test_a_registration_is_audited_and_told_in_its_transaction(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国", id_number=identity(12))
    entry = Entry.objects.get(action="registry.person_registered")
    assert (entry.actor_name, entry.target_id) == ("甲", str(person.pk))
    assert identity(12) not in str(entry.details)
    event = Event.objects.get(name=events.PERSON_REGISTERED)
    assert event.payload == {"person_id": person.pk, "household_id": home.pk}


def test_a_pseudonym_is_of_the_number_and_tells_people_without_one_apart(home, actor):
    with acting_as(actor):
        known = register_person(actor=actor, household=home, name="陈建国", id_number=identity(12))
        one = register_person(actor=actor, household=home, name="陈小宝")
        two = register_person(actor=actor, household=home, name="陈小宝")
    assert known.pseudonym == blind_index("person", identity(12)).hex()
    assert one.pseudonym != two.pseudonym


def test_one_number_is_registered_once_in_a_community(home, actor):
    with acting_as(actor):
        first = register_person(actor=actor, household=home, name="陈建国", id_number=identity(12))
        with pytest.raises(RegistryError) as problem:
            register_person(actor=actor, household=home, name="陈建", id_number=identity(12))
        assert (problem.value.code, problem.value.field) == ("identity_taken", "id_number")
        assert problem.value.gaps["person_id"] == first.pk
        assert Person.objects.count() == 1


def test_a_chief_is_told_that_a_number_is_taken_elsewhere_and_not_by_whom(home, actor):
    with acting_as(SYSTEM):
        other = a_household(Place.objects.get(pk=home.community_id), building="2")
        register_person(actor=SYSTEM, household=other, name="周志强", id_number=identity(12))
    chief = clerk(Place.objects.get(pk=home.building_id), Role.BUILDING_CHIEF)
    with acting_as(chief):
        with pytest.raises(RegistryError) as problem:
            register_person(actor=chief, household=home, name="陈建国", id_number=identity(12))
        assert problem.value.code == "identity_taken_elsewhere"
        assert dict(problem.value.gaps) == {}


def test_whoever_moved_out_may_be_registered_again(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国", id_number=identity(12))
        mark_moved_out(actor=actor, person=person, reason="回老家")
        again = register_person(actor=actor, household=home, name="陈建国", id_number=identity(12))
        assert again.pk != person.pk
        with pytest.raises(RegistryError) as problem:
            mark_returned(actor=actor, person=person, reason="登记错了")
        assert problem.value.code == "identity_taken"


def test_a_doubtful_number_is_kept_and_marked(home, actor):
    wrong = identity(12)[:-1] + ("1" if identity(12)[-1] != "1" else "2")
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国", id_number=wrong)
    assert person.id_is_valid is False
    assert unseal(person.id_sealed) == wrong


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": ""}, "name"), ({"id_number": "13800138000"}, "id_number"), ({"phone": "12"}, "phone"),
     ({"name": "张**"}, "name"),
     ({"birth_on": date.today() + timedelta(days=400)}, "birth_on"), ({"remark": "长" * 401}, "remark")],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_its_field(home, actor, given, field):
    with acting_as(actor), pytest.raises(RegistryError) as problem:
        register_person(actor=actor, household=home, **{"name": "陈建国", **given})
    assert problem.value.field == field
    with acting_as(SYSTEM):
        assert not Person.objects.exists()


def test_an_edit_changes_only_what_was_given(home, actor):
    with acting_as(actor):
        person = register_person(
            actor=actor, household=home, name="陈建国", id_number=identity(12), phone="13800138000", remark="狗咬人"
        )
        saved = edit_person(actor=actor, person=person, version=1, changes={"name": "陈健国", "class_kind": "流动人口"})
        assert (saved.name, saved.class_kind, saved.remark, saved.version) == ("陈健国", "floating", "狗咬人", 2)
        assert saved.name_initials == "cjg"
        assert unseal(saved.phone_sealed) == "13800138000"
        assert saved.pseudonym == person.pseudonym
        unchanged = edit_person(actor=actor, person=person, version=2, changes={"name": "陈健国"})
        assert unchanged.version == 2


def test_two_clerks_cannot_overwrite_each_other(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国")
        edit_person(actor=actor, person=person, version=1, changes={"occupation": "司机"})
        with pytest.raises(ChangedMeanwhileError) as conflict:
            edit_person(actor=actor, person=person, version=1, changes={"occupation": "厨师"})
        assert conflict.value.now.occupation == "司机"
        assert Person.objects.get(pk=person.pk).occupation == "司机"


def test_moving_takes_the_place_and_the_order_of_the_new_home(home, actor):
    with acting_as(SYSTEM):
        other = a_household(Place.objects.get(pk=home.community_id), room="1201", building="12")
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国")
        mark_away(actor=actor, person=person, reason="出差")
        moved = move_person(actor=actor, person=person, household=other)
    assert (moved.household_id, moved.building_id, moved.sort_key) == (other.pk, other.building_id, other.sort_key)
    assert moved.state == LivingState.LIVING
    assert Event.objects.get(name=events.PERSON_MOVED).payload["before_household_id"] == home.pk


def test_nobody_moves_a_person_into_a_neighbour_community(home, actor):
    with acting_as(SYSTEM):
        township = Place.objects.get(pk=home.township_id)
        west = Place.objects.get(parent=township, name="社区2")
        theirs = a_household(west)
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国")
        with pytest.raises(type(theirs).DoesNotExist):
            move_person(actor=actor, person=person, household=theirs)


def test_states_move_as_the_table_allows(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国")
        with pytest.raises(RegistryError):
            mark_returned(actor=actor, person=person)
        with pytest.raises(RegistryError):
            mark_away(actor=actor, person=person, reason=" ")
        with pytest.raises(RegistryError):
            mark_away(actor=actor, person=person, reason="出差", until_on=timezone.localdate() - timedelta(days=1))
        away = mark_away(actor=actor, person=person, reason="出差", until_on=timezone.localdate())
        assert (away.state, away.state_reason) == ("away", "出差")
        assert mark_away(actor=actor, person=person, reason="住院").state_reason == "住院"
        died = mark_died(actor=actor, person=person)
        with pytest.raises(RegistryError):
            mark_away(actor=actor, person=died, reason="出差")
        with pytest.raises(RegistryError):
            mark_returned(actor=actor, person=died)
        assert mark_returned(actor=actor, person=died, reason="登记错了").state == "living"


def test_a_contact_does_not_use_up_a_version(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国")
        record_contact(actor=actor, person=person, note="答应下楼")
        person.refresh_from_db()
        home.refresh_from_db()
        assert person.version == 1
        assert person.last_contact_at == home.last_contact_at is not None
        with pytest.raises(RegistryError):
            record_contact(actor=actor, person=person, at=timezone.now() + timedelta(hours=1))


def test_needs_keep_one_order_and_key_people_their_reason(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国")
        set_special_needs(actor=actor, person=person, needs=("infant", "dialysis", "infant"))
        set_key_person(actor=actor, person=person, kind="快递外卖")
        person.refresh_from_db()
    assert person.special_needs == ["dialysis", "infant"]
    assert person.key_person_kind == "快递外卖"


def test_who_samples_may_add_at_the_door_but_not_correct(home):
    sampler = clerk(Place.objects.get(pk=home.community_id), Role.SAMPLER)
    with acting_as(sampler):
        person = register_person(actor=sampler, household=home, name="过路人")
        with pytest.raises(NotAllowedError):
            edit_person(actor=sampler, person=person, version=1, changes={"name": "别人"})
    courier = clerk(Place.objects.get(pk=home.community_id), Role.COURIER)
    with acting_as(courier), pytest.raises(NotAllowedError):
        register_person(actor=courier, household=home, name="过路人")


def test_history_tells_what_changed_and_who_did_it_without_numbers(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国", phone="13800138000")
        edit_person(actor=actor, person=person, version=1, changes={"name": "陈健国", "phone": "13900139000"})
        newest, oldest = person_history(actor, person)
    assert (newest.kind, newest.by, oldest.kind) == ("update", "甲", "insert")
    assert {change.field: (change.before, change.after) for change in newest.changes} == {
        "name": ("陈建国", "陈健国"),
        "phone": (None, None),
    }


def test_a_household_that_changed_meanwhile_is_not_overwritten(home, actor):
    with acting_as(actor):
        person = register_person(actor=actor, household=home, name="陈建国")
        saved = edit_household(actor=actor, household=home, version=1, changes={"room": "0302室", "tenancy": "租住"})
        assert (saved.room, saved.floor, saved.tenancy, saved.version) == ("302", 3, "tenant", 2)
        assert saved.address.endswith("302室")
        person.refresh_from_db()
        assert person.sort_key == saved.sort_key
        with pytest.raises(ChangedMeanwhileError):
            edit_household(actor=actor, household=home, version=1, changes={"remark": "x"})
        assert household_history(actor, home)[0].changes[0].field == "room"
