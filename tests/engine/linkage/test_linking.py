from __future__ import annotations

import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.engine.linkage import Decisions, link_people, linked_people, pair_key, record_key

_spec = importlib.util.spec_from_file_location("linkage_people", Path(__file__).with_name("people.py"))
assert _spec and _spec.loader
people = importlib.util.module_from_spec(_spec)
sys.modules["linkage_people"] = people
_spec.loader.exec_module(people)
person, records, room, number, together, groups, town = (
    people.person, people.records, people.room, people.number, people.together, people.groups, people.town,
)  # fmt: skip

ID = number("19851203", 123)


def test_the_same_valid_document_is_one_person_in_every_file():
    linkage = link_people(
        records(person("roster", "张伟", ID), person("samples", "张伟", ID), person("results", None, ID))
    )
    assert groups(linkage) == {frozenset({0, 1, 2})}
    assert {row["how"] for row in linkage.members.to_pylist()} == {"identity"}


def test_the_people_are_known_before_what_is_listed_of_them_and_the_lists_may_be_made_in_another_thread():
    rows = records(
        *town(),
        person("roster", "欧阳晓", ID, phone="13900000001"),
        person("samples", "欧阳笑", phone="13900000001"),
        person("samples", "张三", ID),
    )
    whole = link_people(rows)
    with linked_people(rows) as linked, ThreadPoolExecutor(1) as beside:
        assert linked.members.equals(whole.members)
        listed = beside.submit(linked.listed).result()
    assert whole.conflicts.num_rows
    for name in ("members", "conflicts", "unsure", "sure"):
        assert getattr(listed, name).equals(getattr(whole, name))


def test_name_and_phone_link_a_record_without_a_document():
    linkage = link_people(
        records(person("roster", "张伟", ID, phone="13900000001"), person("samples", "张 伟", phone="13900000001"))
    )
    assert together(linkage, (0, 1))
    assert linkage.members.to_pylist()[1]["how"] == "name+phone"


def test_name_and_room_link_even_where_one_side_leaves_out_the_community():
    linkage = link_people(
        records(person("roster", "张伟", ID, **room(community="东湖社区")), person("samples", "张伟", **room()))
    )
    assert linkage.members.to_pylist()[1]["how"] == "name+room"
    assert together(linkage, (0, 1))


def test_the_same_name_in_the_same_room_of_another_community_is_not_linked_for_sure():
    linkage = link_people(
        records(
            person("roster", "张伟", **room(community="东湖社区")),
            person("samples", "张伟", **room(community="西湖社区")),
        )
    )
    assert not together(linkage, (0, 1))


def test_two_different_valid_numbers_never_merge_however_much_else_agrees():
    twins = [person("roster", "李明", number("20150606", order), phone="13900000002", **room()) for order in (121, 123)]
    assert groups(link_people(records(*twins))) == {frozenset({0}), frozenset({1})}


def test_a_record_that_fits_two_people_of_one_name_is_unsure():
    linkage = link_people(
        records(
            *town(),
            person("roster", "欧阳晓", **room("3", "1", "901")),
            person("roster", "欧阳晓", **room("3", "2", "902")),
            person("samples", "欧阳晓", building="3"),
        )
    )
    assert not together(linkage, (300, 302))
    assert not together(linkage, (301, 302))
    asked = {(row["record_a"], row["record_b"]) for row in linkage.unsure.to_pylist()}
    assert asked == {(300, 302), (301, 302)}
    assert all(row["score"] <= 0.5 for row in linkage.unsure.to_pylist())


def test_parent_and_child_with_one_name_and_phone_leave_a_record_without_number_unsure():
    linkage = link_people(
        records(
            person("roster", "王强", number("19600101", 121), phone="13900000003", **room()),
            person("roster", "王强", number("19900101", 121), phone="13900000003", **room(door="402")),
            person("samples", "王强", phone="13900000003"),
        )
    )
    assert groups(linkage) == {frozenset({0}), frozenset({1}), frozenset({2})}
    assert linkage.unsure.num_rows == 2


def test_a_masked_result_links_when_exactly_one_person_fits():
    rows = town()
    full = rows[17]
    mask = {
        "id_type": "resident_id",
        "id_mask": str(full["id_number"])[:4] + "*" * 10 + str(full["id_number"])[-4:],
        "phone_mask": str(full["phone"])[:3] + "****" + str(full["phone"])[-4:],
    }
    linkage = link_people(records(*rows, person("results", str(full["name"])[0] + "**", **mask)))
    assert together(linkage, (17, 300))
    assert linkage.members.to_pylist()[300]["how"] == "scored"


def test_a_masked_result_that_fits_two_people_is_left_to_a_person():
    rows = [
        *town(),
        person("roster", "谭明", number("19700101", 121), phone="13811110001"),
        person("roster", "谭亮", number("19800101", 121), phone="13822220001"),
    ]
    linkage = link_people(records(*rows, person("results", "谭*", phone_mask="138****0001")))
    assert not together(linkage, (300, 302)) and not together(linkage, (301, 302))
    assert {row["record_a"] for row in linkage.unsure.to_pylist()} == {300, 301}


@pytest.mark.parametrize(
    "wrong", [lambda n: n[:9] + str((int(n[9]) + 1) % 10) + n[10:], lambda n: n[:10] + n[11] + n[10] + n[12:]]
)
def test_a_digit_off_or_two_digits_swapped_still_find_the_person(wrong):
    rows = town()
    wrong_number = wrong(str(rows[42]["id_number"]))
    assert wrong_number != rows[42]["id_number"]
    sample = person("samples", rows[42]["name"], wrong_number, id_is_valid=False)
    linkage = link_people(records(*rows, sample))
    assert together(linkage, (42, 300))
    [pair] = linkage.sure.to_pylist()
    assert "id_one_digit" in pair["differs"]


def test_a_homophone_at_the_same_phone_is_found_and_what_differs_is_named():
    rows = [*town(), person("roster", "谭晓伟", number("19700101", 121), phone="13811110001", **room("4"))]
    linkage = link_people(records(*rows, person("samples", "谭小玮", phone="13811110001", **room("4"))))
    assert together(linkage, (300, 301))
    assert "name_sounds_alike" in linkage.sure.to_pylist()[0]["differs"]


def test_people_of_one_room_and_phone_with_other_names_stay_apart():
    home = {"phone": "13811110001", **room("4")}
    rows = [
        *town(),
        person("roster", "谭晓伟", **home),
        person("roster", "谭晓红", **home),
        person("samples", "谭建国", **home),
    ]
    assert {frozenset({at}) for at in (300, 301, 302)} <= groups(link_people(records(*rows)))


def test_a_name_alone_links_nobody():
    linkage = link_people(records(*town(), person("roster", "欧阳晓", **room("3")), person("samples", "欧阳晓")))
    assert not together(linkage, (300, 301))
    assert linkage.unsure.num_rows == 0


def test_name_and_tube_link_a_result_to_its_sample():
    linkage = link_people(
        records(person("samples", "张伟", ID, tube_code="T1"), person("results", "张伟", tube_code="T1"))
    )
    assert together(linkage, (0, 1))
    assert linkage.members.to_pylist()[1]["how"] == "name+tube"


def test_one_document_for_two_names_of_the_roster_loses_neither_person():
    linkage = link_people(
        records(
            person("roster", "张伟", ID, **room()),
            person("roster", "李红梅", ID, **room()),
            person("samples", "李红梅", ID),
        )
    )
    assert groups(linkage) == {frozenset({0}), frozenset({1, 2})}
    assert [row["how"] for row in linkage.unsure.to_pylist()] == ["identity"]


def test_a_permit_renewed_keeps_its_holder():
    permit = {"id_type": "hk_macao_permit", "id_is_valid": None}
    linkage = link_people(
        records(
            person("roster", "陈大文", "H1234567801", **permit), person("samples", "陈大文", "H1234567802", **permit)
        )
    )
    assert together(linkage, (0, 1))


def test_a_decision_merges_what_the_numbers_contradict_and_separates_what_agrees():
    a, b = person("roster", "李明", number("20150606", 121)), person("roster", "李明", number("20150606", 123))
    same = Decisions.from_rows([(pair_key(record_key(a), record_key(b)), "同一人")])
    assert together(link_people(records(a, b), decisions=same), (0, 1))
    c, d = person("roster", "张伟", ID, phone="13900000001"), person("samples", "张伟", phone="13900000001")
    apart = Decisions.from_rows([(pair_key(record_key(d), record_key(c)), "不是同一人")])
    linkage = link_people(records(c, d), decisions=apart)
    assert not together(linkage, (0, 1))
    assert linkage.unsure.num_rows == 0


def test_a_decision_separates_even_two_rows_of_one_document():
    a, b = person("roster", "张伟", ID, **room()), person("roster", "张伟", ID, **room(door="402"))
    apart = Decisions.from_rows([(pair_key(record_key(a), record_key(b)), "different")])
    assert groups(link_people(records(a, b), decisions=apart)) == {frozenset({0}), frozenset({1})}


def test_the_pair_key_of_a_listed_pair_is_the_one_made_from_its_records():
    rows = [*town(), person("roster", "欧阳晓", **room("3", "1", "901")), person("samples", "欧阳晓", building="3")]
    [pair] = link_people(records(*rows)).unsure.to_pylist()
    assert pair["pair_key"] == pair_key(record_key(rows[301]), record_key(rows[300]))


def test_no_records_make_no_people():
    linkage = link_people(records())
    assert linkage.members.num_rows == linkage.unsure.num_rows == linkage.sure.num_rows == 0


def test_records_that_say_nothing_are_nobody_in_particular_but_still_listed():
    linkage = link_people(records(person("roster"), person("samples", tube_code="T1")))
    assert linkage.members.num_rows == 2
    assert groups(linkage) == {frozenset({0}), frozenset({1})}


_NAMES = ("张伟", "张玮", "王强", "王*", None)
_ROWS = st.lists(
    st.builds(
        lambda role, name, number_at, phone, door, tube: {
            **person(
                role, name, (None, ID, number("19851203", 125), ID[:-1] + ("1" if ID[-1] != "1" else "2"))[number_at]
            ),
            **({"id_is_valid": False} if number_at == 3 else {}),
            "phone": phone,
            "tube_code": tube,
            **({"building": "10", "room": door} if door else {}),
        },
        st.sampled_from(("roster", "samples", "results")),
        st.sampled_from(_NAMES),
        st.integers(0, 3),
        st.sampled_from((None, "13900000001", "13900000002")),
        st.sampled_from((None, "301", "302")),
        st.sampled_from((None, "T1")),
    ),
    min_size=1,
    max_size=9,
)


def _keys(rows, order):
    table = records(*[rows[at] for at in order])
    linkage = link_people(table)
    members = sorted(linkage.members.to_pylist(), key=lambda row: row["record_id"])
    return {(at, row["person_key"]) for at, row in zip(order, members, strict=True)}, {
        (row["pair_key"], row["score"]) for row in linkage.unsure.to_pylist()
    }


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_ROWS, st.randoms(use_true_random=False))
def test_order_numbering_and_repetition_of_the_records_change_nothing(rows, rng):
    order = [*range(len(rows))]
    plain = _keys(rows, order)
    shuffled = [*order, *rng.choices(order, k=3)]
    rng.shuffle(shuffled)
    assert _keys(rows, shuffled) == plain


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_ROWS)
def test_nobody_has_two_valid_numbers(rows):
    linkage = link_people(records(*rows))
    members = sorted(linkage.members.to_pylist(), key=lambda row: row["record_id"])
    held: dict[str, set[str]] = {}
    for row, member in zip(rows, members, strict=True):
        if row.get("id_is_valid"):
            held.setdefault(member["person_key"], set()).add(str(row["id_number"]))
    assert all(len(numbers) == 1 for numbers in held.values())
