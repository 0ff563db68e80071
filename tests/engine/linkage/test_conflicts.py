from __future__ import annotations

import importlib.util
from pathlib import Path

from lianfang.engine.linkage import find_conflicts, link_people

_spec = importlib.util.spec_from_file_location("linkage_people_c", Path(__file__).with_name("people.py"))
assert _spec and _spec.loader
people = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(people)
person, records, room, number = people.person, people.records, people.room, people.number
ID = number("19851203", 123)


def conflicts(*rows: dict[str, object]) -> dict[str, set[int]]:
    """The records of each kind of conflict."""
    table = records(*rows)
    found: dict[str, set[int]] = {}
    for row in find_conflicts(table, link_people(table).members).to_pylist():
        found.setdefault(row["kind"], set()).add(row["record_id"])
    return found


def test_one_identity_with_two_names_is_a_conflict():
    assert conflicts(person("roster", "张伟", ID), person("samples", "李红梅", ID)) == {"identity_names": {0, 1}}


def test_a_masked_name_beside_the_whole_one_is_no_conflict():
    assert conflicts(person("roster", "张伟", ID), person("results", "张*", ID)) == {}


def test_a_household_may_share_a_phone_but_two_rooms_may_not():
    home = [person("roster", name, phone="13900000001", **room()) for name in ("张伟", "李红", "张小")]
    assert conflicts(*home) == {}
    other = person("roster", "王强", phone="13900000001", **room(door="502"))
    assert conflicts(*home, other) == {"phone_shared": {0, 1, 2, 3}}


def test_a_number_that_fails_its_check_is_shown_beside_the_right_one():
    wrong = ID[:9] + str((int(ID[9]) + 1) % 10) + ID[10:]
    found = conflicts(
        person("roster", "张伟", ID, phone="13900000001"),
        person("samples", "张伟", wrong, id_is_valid=False, phone="13900000001"),
    )
    assert found == {"identity_digit": {0, 1}}


def test_near_identical_valid_numbers_under_one_name_are_a_conflict():
    near = next(
        number("19851203", order)
        for order in range(100, 999)
        if order != 123 and sum(a != b for a, b in zip(number("19851203", order), ID, strict=True)) == 2
    )
    assert conflicts(person("roster", "张伟", ID), person("samples", "张伟", near)) == {"identity_digit": {0, 1}}
    assert conflicts(person("roster", "张伟", ID), person("samples", "李红", near)) == {}


def test_one_person_in_two_rooms_of_the_roster_is_a_conflict():
    assert conflicts(person("roster", "张伟", ID, **room()), person("roster", "张伟", ID, **room(door="502"))) == {
        "several_rooms": {0, 1}
    }


def test_one_name_in_one_room_with_two_documents_is_a_conflict():
    rows = [person("roster", "张伟", number(birth, 121), **room()) for birth in ("19600101", "19900202")]
    assert conflicts(*rows) == {"room_identities": {0, 1}}


def test_repeated_rows_with_no_more_than_a_name_are_shown():
    assert conflicts(person("roster", "张伟", building="3"), person("roster", "张伟", building="3")) == {
        "repeated_rows": {0, 1}
    }


def test_the_key_of_a_conflict_does_not_depend_on_the_order_of_the_rows():
    rows = [person("roster", "张伟", ID), person("samples", "李红梅", ID)]
    keys = []
    for order in (rows, rows[::-1]):
        table = records(*order)
        keys.append(set(find_conflicts(table, link_people(table).members).column("conflict_key").to_pylist()))
    assert keys[0] == keys[1] and len(keys[0]) == 1


PASSPORT = {"id_type": "passport", "id_is_valid": None}


def test_passports_of_namesakes_are_alike_by_accident():
    rows = [
        person("roster", "PARK SOYEON", "ZZ2469145", **PASSPORT, phone="13900000001", **room()),
        person("roster", "PARK SOYEON", "ZZ2469135", **PASSPORT, phone="13900000002", **room("7")),
        person("samples", "PARK SOYEON", "ZZ2469145", id_type="other", id_is_valid=None, phone="13900000001"),
        person("samples", "PARK SOYEON", "ZZ2469135", id_type="other", id_is_valid=None, phone="13900000002"),
        person("samples", "PARK SOYEON", "ZZ2469155", id_type="other", id_is_valid=None, phone="13900000003"),
    ]
    assert "identity_digit" not in conflicts(*rows)


def test_a_passport_a_digit_off_at_the_same_phone_is_a_conflict():
    rows = [
        person("roster", "PARK SOYEON", "ZZ2469145", **PASSPORT, phone="13900000001"),
        person("samples", "PARK SOYEON", "ZZ2469135", **PASSPORT, phone="13900000001"),
    ]
    assert conflicts(*rows)["identity_digit"] == {0, 1}
