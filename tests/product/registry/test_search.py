"""Finding people by what is at hand, in the actor's own places, through indexes."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from lianfang.domains.registry.models import Person, Place
from lianfang.domains.registry.naming import initials_of, name_pinyin
from lianfang.domains.registry.selectors import search, search_people
from lianfang.domains.registry.selectors.searching import people_named, read_address_query
from lianfang.domains.registry.services import mark_moved_out, register_person
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.access.scope import acting_as
from tests.product.registry.factories import SYSTEM, a_household, clerk, identity, settle, two_communities


@pytest.fixture
def east():
    with two_communities() as (east, west):
        home = a_household(east, "301", building="10")
        for name, number, phone in (
            ("陈建国", 1, "13800136018"),
            ("张建国", 2, "13900139000"),
            ("欧阳明月", 3, "13700137018"),
            ("曾小贤", 4, ""),
            ("John Smith", 5, ""),
        ):
            register_person(actor=SYSTEM, household=home, name=name, id_number=identity(number), phone=phone)
        theirs = a_household(west, "301", building="10")
        register_person(actor=SYSTEM, household=theirs, name="陈建军", id_number=identity(6), phone="13600136018")
    return east


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("陈建国", ["陈建国"]), ("建国", ["张建国", "陈建国"]), ("陈", ["陈建国"]),
        ("明月", ["欧阳明月"]), ("月", ["欧阳明月"]),
        ("j", ["John Smith"]), ("cjg", ["陈建国"]), ("CJG", ["陈建国"]), ("chenjianguo", ["陈建国"]),
        ("jianguo", ["张建国", "陈建国"]),
        ("chen jian", ["陈建国"]), ("oymy", ["欧阳明月"]), ("zxx", ["曾小贤"]), ("smith", ["John Smith"]),
        ("6018", ["陈建国"]), ("7018", ["欧阳明月"]), ("138 0013 6018", ["陈建国"]), ("+86 13800136018", ["陈建国"]),
        (identity(2), ["张建国"]), (identity(2).lower(), ["张建国"]), (identity(6), []), ("13600136018", []),
        ("陈建军", []),
        ("建军", []), ("cjj", []), ("不存在", []), ("", []), ("   ", []), ("'; DROP TABLE", []), ("%", []), ("\\", []),
        ("o'brien", []), ("🙂", []), ("9" * 60, []),
    ],
)  # fmt: skip
def test_what_is_typed_finds_who_is_meant_and_no_neighbour(east, query, found):
    actor = clerk(east)
    with acting_as(actor):
        assert sorted(person.name for person in search_people(actor, query)) == sorted(found)


@pytest.mark.parametrize(
    ("query", "rooms"),
    [
        ("10-1-301", ["临江花园10号楼1单元301室"]), ("10号楼1单元301", ["临江花园10号楼1单元301室"]),
        ("十号楼一单元301室", ["临江花园10号楼1单元301室"]), ("临江花园10-1-301", ["临江花园10号楼1单元301室"]),
        ("10-301", ["临江花园10号楼1单元301室"]), ("301", ["临江花园10号楼1单元301室"]),
        ("10-1-302", []), ("9-1-301", []),
        ("望江苑10-1-301", []),
    ],
)  # fmt: skip
def test_rooms_are_found_as_people_write_them(east, query, rooms):
    actor = clerk(east)
    with acting_as(actor):
        page = search(actor, query)
        assert [household.address for household in page.households] == rooms


def test_a_whole_room_also_finds_its_people_and_a_building_itself(east):
    actor = clerk(east)
    with acting_as(actor):
        assert len(search(actor, "10-1-301").people) == 5
        assert [place.name for place in search(actor, "10号楼").buildings] == ["10"]


def test_four_digits_are_a_phone_tail_and_a_room(east):
    with acting_as(SYSTEM):
        a_household(east, "6018", building="10")
    actor = clerk(east)
    with acting_as(actor):
        page = search(actor, "6018")
        assert ([one.name for one in page.people], len(page.households)) == (["陈建国"], 1)


def test_whoever_moved_out_is_still_found(east):
    actor = clerk(east)
    with acting_as(actor):
        mark_moved_out(actor=actor, person=search_people(actor, "陈建国")[0])
        assert [person.state for person in search_people(actor, "陈建国")] == ["moved_out"]


def test_results_go_on_where_the_page_ended(east):
    with acting_as(SYSTEM):
        home = a_household(east, "302", building="10")
        for number in range(7):
            register_person(actor=SYSTEM, household=home, name=f"郑{'甲乙丙丁戊己庚'[number]}")
    actor = clerk(east)
    with acting_as(actor):
        seen, cursor = [], ""
        for _ in range(4):
            page = search(actor, "郑", limit=3, cursor=cursor)
            seen += [person.name for person in page.people]
            cursor = page.cursor
            if not cursor:
                break
        assert len(seen) == len(set(seen)) == 7


def test_each_level_searches_its_own_places(east):
    township = Place.objects.get(pk=east.township_id)
    county = Place.objects.get(pk=east.county_id)
    block = Place.objects.get(community_id=east.pk, kind="building")
    expected = {
        clerk(township, Role.TOWNSHIP): 2, clerk(county, Role.DISTRICT): 2, clerk(east): 1,
        clerk(block, Role.BUILDING_CHIEF): 1,
    }  # fmt: skip
    for actor, count in expected.items():
        with acting_as(actor):
            assert len(search_people(actor, "陈建")) == count, actor.level
            assert len(people_named("jian", 50)) == count + 1, actor.level
    with acting_as(SYSTEM):
        assert len(search_people(SYSTEM, "陈建")) == 2


def test_residents_and_auditors_search_nothing(east):
    household_id = Person.objects.none()
    for role, level in (
        (Role.RESIDENT, Level.HOUSEHOLD),
        (Role.AUDITOR, Level.NOWHERE),
        (Role.ADMINISTRATOR, Level.NOWHERE),
    ):
        actor = Actor(name="某", role=role, level=level, scope_ids=())
        with acting_as(actor):
            with pytest.raises(NotAllowedError):
                search_people(actor, "陈")
            assert people_named("建国", 50) == []
    assert not household_id


def test_the_search_function_gives_nothing_to_a_session_without_a_scope(east):
    assert people_named("建国", 50) == []


def test_a_scope_that_is_no_number_finds_nobody(east):
    actor = clerk(east)
    with acting_as(actor), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lianfang.scope', 'everything', true)")
        cursor.execute("SELECT registry_people_named('建国', 50)")


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [("欧阳明月", "ou yang ming yue", "oymy"), ("曾小贤", "zeng xiao xian", "zxx"), ("单田芳", "shan tian fang", "stf"),
     ("尉迟恭", "wei chi gong", "wcg"), ("买买提·吐尔逊", "mai mai ti tu er xun", "mmttex"),
     ("John Smith", "john smith", "js")],
)  # fmt: skip
def test_names_sound_as_surnames_do(name, pinyin, initials):
    expected = "yu chi gong" if name == "尉迟恭" else pinyin
    assert name_pinyin(name) == expected
    assert initials_of(pinyin)[1:] == initials[1:]


def test_an_address_is_told_from_a_name():
    assert read_address_query("建国") is None
    assert read_address_query("ABC") is None
    assert read_address_query("3号楼") == read_address_query("3栋")
    assert read_address_query("0301").room == "301"


PART_OF_A_NAME = (
    "EXPLAIN SELECT id FROM registry_person WHERE registry_name_terms(name, name_pinyin, name_initials) "
    "@@ '''jianguo'':*'::tsquery AND township_id = %s ORDER BY sort_key, id LIMIT 50"
)


@pytest.mark.committed
def test_a_township_of_60_000_is_searched_through_indexes():
    with acting_as(SYSTEM):
        township, outcome = settle(60_500)
        assert outcome.added == 60_500
    with connections["owner"].cursor() as cursor:
        # As autovacuum does a minute later.
        cursor.execute("ANALYZE registry_person, registry_household, registry_place")
        cursor.execute(PART_OF_A_NAME, [township.pk])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "registry_person_named" in plan
    assert "Seq Scan" not in plan
    actor = clerk(township, Role.TOWNSHIP)
    with acting_as(actor):
        person = Person.objects.filter(township_id=township.pk).order_by("-id").first()
        sound = person.name_pinyin.replace(" ", "")
        for query in (person.name, person.name[1:], person.name_initials, sound, sound[3:], "6018", "10-1-301"):
            before = _scans()
            search(actor, query)
            after = _scans()
            assert after["seq_rows"] - before["seq_rows"] < 1_000, query
            assert after["index_scans"] > before["index_scans"], query
            assert after["read"] - before["read"] < 8_000, query


def _scans() -> dict[str, int]:
    """What this transaction has read of the people and households so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read), sum(idx_scan), sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables "
            "WHERE relname IN ('registry_person', 'registry_household')"
        )
        seq_rows, index_scans, read = cursor.fetchone()
    return {"seq_rows": int(seq_rows), "index_scans": int(index_scans), "read": int(read)}


def test_a_search_needs_few_queries(east):
    actor = clerk(east)
    with acting_as(actor):
        for query in ("陈", "建国", "cjg", "6018", "10-1-301", identity(1)):
            with CaptureQueriesContext(connection) as queries:
                search(actor, query)
            assert len(queries) <= 5, (query, [one["sql"][:80] for one in queries])
