"""Nobody disappears: two entries of the roster are one person only by what speaks for the two entries."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.engine.linkage import link_people

_spec = importlib.util.spec_from_file_location("linkage_people_r", Path(__file__).with_name("people.py"))
assert _spec and _spec.loader
people = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(people)
person, records, room, number, together, groups, town = (
    people.person, people.records, people.room, people.number, people.together, people.groups, people.town,
)  # fmt: skip

PHONE = "13811110001"
FLAT = room("4", "1", "502", compound="江湾苑")


def asked(linkage) -> set[frozenset[int]]:
    """The pairs of records that a person is asked about."""
    return {frozenset((row["record_a"], row["record_b"])) for row in linkage.unsure.to_pylist()}


def test_one_name_twice_in_one_flat_without_more_is_two_people_and_asked():
    rows = [
        *town(),
        person("roster", "谭子豪", number("20020304", 121), **FLAT),
        person("roster", "谭子豪", phone=PHONE, **FLAT),
    ]
    linkage = link_people(records(*rows))
    assert not together(linkage, (300, 301))
    assert frozenset((300, 301)) in asked(linkage)


def test_one_name_twice_with_one_phone_is_one_entry_given_twice():
    rows = [
        *town(),
        person("roster", "谭子豪", number("20020304", 121), phone=PHONE, **FLAT),
        person("roster", "谭子豪", phone=PHONE, **FLAT),
    ]
    assert together(link_people(records(*rows)), (300, 301))


@pytest.mark.parametrize("second_tube", ["T2", "T1"])
def test_namesakes_under_one_roof_with_a_swab_each_are_two_people_and_keep_their_swabs(second_tube):
    flat = {"phone": PHONE, **FLAT}
    rows = [
        *town(),
        person("roster", "谭子豪", number("20020304", 121), **flat),
        person("roster", "谭子豪", **flat),
        person("samples", "谭子豪", number("20020304", 121), tube_code="T1", address="江湾苑4幢", **flat),
        person("samples", "谭子豪", tube_code=second_tube, sex="male", **flat),
    ]
    linkage = link_people(records(*rows))
    assert {frozenset({300, 302}), frozenset({301, 303})} <= groups(linkage)
    assert asked(linkage) == {frozenset((300, 301))}


def test_a_row_that_fits_two_entries_of_the_roster_does_not_make_them_one():
    rows = [
        *town(),
        person("roster", "谭子豪", phone=PHONE, **room("4", "1", "502")),
        person("roster", "谭子豪", phone="13822220002", **room("4", "2", "502")),
        person("samples", "谭子豪", phone=PHONE, building="4", room="502"),
    ]
    linkage = link_people(records(*rows))
    assert together(linkage, (300, 302))
    assert not together(linkage, (300, 301))


@pytest.mark.parametrize("wrong", ["20020304", "20020403"])
def test_a_number_a_digit_off_that_fits_two_entries_does_not_make_them_one(wrong):
    known = number(wrong, 121)
    typo = known[:16] + str((int(known[16]) + 2) % 10) + known[17:]
    rows = [
        *town(),
        person("roster", "谭子豪", known, **FLAT),
        person("roster", "谭子豪", sex="female", **FLAT),
        person("samples", "谭子豪", typo, id_is_valid=False, **FLAT),
    ]
    linkage = link_people(records(*rows))
    assert not together(linkage, (300, 301))


def test_names_that_sound_alike_in_one_flat_are_brothers_until_somebody_says_otherwise():
    rows = [*town(), person("roster", "谭子泽", **FLAT), person("roster", "谭梓泽", phone=PHONE, **FLAT)]
    assert not together(link_people(records(*rows)), (300, 301))


def test_people_who_queued_for_one_tube_are_not_one_person_because_of_it():
    near = {"community": "西峰社区", "compound": "光岸家园", "building": "9", "unit": "3"}
    rows = [
        *town(),
        person("roster", "谭梦琪", **near, room="201"),
        person("roster", "谭书琪", number("19971123", 120), phone=PHONE, **near, room="203"),
        person("samples", "谭梦琪", **near, room="201", tube_code="T9"),
        person("samples", "谭书琪", number("19971123", 120), phone=PHONE, **near, room="203", tube_code="T9"),
    ]
    linkage = link_people(records(*rows))
    assert {frozenset({300, 302}), frozenset({301, 303})} <= groups(linkage)


def test_a_typed_number_a_digit_off_still_tells_that_an_entry_is_given_twice():
    known = number("20020304", 121)
    typo = known[:9] + str((int(known[9]) + 1) % 10) + known[10:]
    rows = [
        *town(),
        person("roster", "谭子豪", known, phone=PHONE, **FLAT),
        person("roster", "谭子豪", typo, id_is_valid=False, phone="13822220002", **room("5", "1", "101")),
    ]
    assert together(link_people(records(*rows)), (300, 301))


def test_a_second_list_of_the_same_people_without_numbers_does_not_double_them():
    listed = town(240)
    again = [{**row, "id_number": None, "id_type": None, "id_is_valid": None, "phone": None} for row in listed]
    linkage = link_people(records(*listed, *again))
    assert len(groups(linkage)) == 240
    assert all(together(linkage, (at, at + 240)) for at in range(240))


def test_the_same_room_number_in_another_compound_takes_no_number_from_its_holder():
    known = number("19630427", 120)
    rows = [
        person("roster", "景玉林", known, **room("3", "4", "302", compound="鸿域公寓")),
        person("roster", "杨辉", number("19690910", 122), **room("3", "2", "302", compound="瑞城公寓")),
        person("samples", "杨辉", known, **room("3", "4", "302", compound="鸿域公寓")),
    ]
    assert together(link_people(records(*rows)), (0, 2))


def test_results_under_masked_names_of_different_length_are_two_people():
    mask = {"id_type": "resident_id", "id_mask": "990000********2154", "phone_mask": "164****0323", "tube_code": "T1"}
    rows = [*town(), person("results", "谭*", **mask), person("results", "谭*辰", **mask)]
    assert not together(link_people(records(*rows)), (300, 301))


_ENTRIES = st.lists(
    st.builds(
        lambda name, at, phone, door, sex: {
            **person("roster", name, (None, number("19851203", 123), number("19851203", 125))[at]),
            "phone": phone,
            "sex": sex,
            **({"building": "10", "room": door} if door else {}),
        },
        st.sampled_from(("张伟", "张玮")),
        st.integers(0, 2),
        st.sampled_from((None, PHONE, "13900000002")),
        st.sampled_from((None, "301", "302")),
        st.sampled_from((None, "male", "female")),
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_ENTRIES, st.sampled_from(("samples", "results")), st.sampled_from(("phone", "room", "sex")))
def test_rows_that_fit_several_entries_of_the_roster_make_no_two_of_them_one(entries, role, left_out):
    apart = groups(link_people(records(*entries)))
    unknown = {"role": role, "id_number": None, "id_type": None, "id_is_valid": None, left_out: None}
    others = [{**entry, **unknown, "tube_code": f"T{at}"} for at, entry in enumerate(entries)]
    for one in groups(link_people(records(*entries, *others))):
        of_roster = {at for at in one if at < len(entries)}
        assert any(of_roster <= before for before in apart)
