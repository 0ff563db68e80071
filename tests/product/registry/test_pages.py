"""The registry's pages as their readers use them."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from lianfang.domains.registry import marks, panels
from lianfang.domains.registry.models import Household, Person, Place
from lianfang.domains.registry.services import (
    edit_person,
    register_person,
    set_special_needs,
)
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.privacy.numbers import unseal
from tests.product.registry.factories import SYSTEM, a_household, identity

LANGUAGES = ("zh-hans", "zh-hant", "en")


@pytest.fixture
def home(world):
    """A household of the east community, made by the services, with two people."""
    with acting_as(SYSTEM):
        household = a_household(world.places["east"], "301", building="10")
        head = register_person(
            actor=SYSTEM, household=household, name="钱多多", id_number=identity(41), phone="13800136018",
            relation_to_head="户主",
        )  # fmt: skip
        set_special_needs(actor=SYSTEM, person=head, needs=("dialysis",))
        register_person(actor=SYSTEM, household=household, name="钱小小", relation_to_head="子女")
    return household


def people_of(home: Household) -> list[Person]:
    with acting_as(SYSTEM):
        return list(Person.objects.filter(household=home).order_by("pk"))


def pages_of(home: Household) -> list[str]:
    person = people_of(home)[0]
    return [
        reverse("registry:places"),
        reverse("registry:place", args=[home.community_id]),
        reverse("registry:place", args=[home.compound_id]),
        reverse("registry:new_place") + f"?in={home.compound_id}",
        reverse("registry:building", args=[home.building_id]),
        reverse("registry:building", args=[home.building_id]) + "?show=needs&round=1",
        reverse("registry:roll", args=[home.building_id]),
        reverse("registry:household", args=[home.pk]),
        reverse("registry:new_household") + f"?place={home.building_id}",
        reverse("registry:change_household", args=[home.pk]),
        reverse("registry:people"),
        reverse("registry:people") + f"?place={home.building_id}&q=钱&sort=-name&size=25",
        reverse("registry:people") + "?state=died",
        reverse("registry:special_needs"),
        reverse("registry:special_needs") + "?need=dialysis",
        reverse("registry:key_people"),
        reverse("registry:responsible"),
        reverse("registry:new_person") + f"?household={home.pk}",
        reverse("registry:person", args=[person.pk]),
        reverse("registry:change_person", args=[person.pk]),
        reverse("registry:change_state", args=[person.pk]) + "?to=away",
        reverse("registry:move_person", args=[person.pk]) + "?home=10-1-301",
        reverse("registry:search"),
        reverse("registry:search") + "?q=钱",
        reverse("registry:search") + "?q=10-1-301",
        reverse("registry:search") + "?q=没有这个人",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_every_language(browse, home, world, language):
    world.accounts["community"].language = language
    world.accounts["community"].save()
    client = browse("community", language)
    for url in pages_of(home):
        answer = client.get(url, follow=True)
        assert answer.status_code == 200, (url, answer.content.decode()[:2000])
        text = answer.content.decode()
        assert not re.search(
            r"registry\.[a-z_]+\.[a-z_]+", re.sub(r'(?:href|src|action|hx-[a-z]+)="[^"]*"', "", text)
        ), url
        assert "{{" not in text
        assert "{%" not in text


def test_no_page_of_a_neighbour_opens(browse, world):
    client = browse("community")
    theirs = world.households["w1-101"]
    person = world.people["郑海"]
    west = world.places["west"]
    for url in (
        reverse("registry:place", args=[west.pk]),
        reverse("registry:building", args=[world.places["w1"].pk]),
        reverse("registry:roll", args=[world.places["w1"].pk]),
        reverse("registry:household", args=[theirs.pk]),
        reverse("registry:change_household", args=[theirs.pk]),
        reverse("registry:new_household") + f"?place={world.places['w1'].pk}",
        reverse("registry:new_person") + f"?household={theirs.pk}",
        reverse("registry:person", args=[person.pk]),
        reverse("registry:change_person", args=[person.pk]),
        reverse("registry:change_state", args=[person.pk]),
        reverse("registry:move_person", args=[person.pk]),
        reverse("registry:person", args=[999_999_999]),
    ):
        answer = client.get(url)
        assert answer.status_code == 404, url
        assert "郑海" not in answer.content.decode()
    for url in (
        reverse("registry:contact_person", args=[person.pk]),
        reverse("registry:contact_household", args=[theirs.pk]),
    ):
        assert client.post(url, {"note": "x"}).status_code == 404
    assert "郑海" not in client.get(reverse("registry:search") + "?q=郑").content.decode().replace("“郑”", "")
    assert client.get(reverse("registry:people") + f"?place={west.pk}").content.decode().count("郑海") == 0


def test_a_household_is_registered_at_the_door_in_two_forms(browse, home, world):
    client = browse("community")
    unit = home.place_id
    answer = client.post(
        reverse("registry:new_household"),
        {"place": home.building_id, "unit": unit, "room": "０402室", "tenancy": "tenant"},
    )
    with acting_as(SYSTEM):
        made = Household.objects.get(room="402")
    assert answer.headers["Location"] == reverse("registry:new_person") + f"?household={made.pk}"
    form = client.get(answer.headers["Location"]).content.decode()
    assert re.search(r'<option value="head" selected', form)
    answer = client.post(
        reverse("registry:new_person"),
        {"household": made.pk, "name": "孙 大圣", "phone": "13911112222", "special_needs": ["infant"], "another": "1"},
    )
    assert answer.status_code == 302
    with acting_as(SYSTEM):
        person = Person.objects.get(household=made)
        assert (person.name, person.special_needs, unseal(person.phone_sealed)) == ("孙大圣", ["infant"], "13911112222")


def test_a_wrong_form_comes_back_with_all_that_was_typed(browse, home):
    client = browse("community")
    typed = {"household": home.pk, "name": "孙大圣", "id_number": "13800138000", "phone": "12",
             "occupation": "取经<人>", "special_needs": ["infant"], "remark": "西边"}  # fmt: skip
    answer = client.post(reverse("registry:new_person"), typed)
    assert answer.status_code == 422
    text = unescape(answer.content.decode())
    for value in ("孙大圣", "13800138000", "取经<人>", "西边"):
        assert value in text
    assert re.search(r'value="infant"[^>]*checked', text)
    assert "手机号，未采用" in text
    assert re.search(r"<details open>", text)
    assert len(people_of(home)) == 2


def test_a_number_that_is_taken_leads_to_who_has_it(browse, home):
    client = browse("community")
    first = people_of(home)[0]
    answer = client.post(
        reverse("registry:new_person"), {"household": home.pk, "name": "别人", "id_number": identity(41)}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert reverse("registry:person", args=[first.pk]) in text
    assert "没有重复登记" in text


def test_a_doubtful_number_is_saved_and_said(browse, home):
    client = browse("community")
    wrong = identity(77)[:-1] + ("1" if identity(77)[-1] != "1" else "2")
    answer = client.post(
        reverse("registry:new_person"), {"household": home.pk, "name": "孙大圣", "id_number": wrong}, follow=True
    )
    assert "校验码不对" in answer.content.decode()


def test_numbers_stay_masked_and_an_empty_field_keeps_them(browse, home):
    client = browse("community")
    person = people_of(home)[0]
    page = client.get(reverse("registry:person", args=[person.pk])).content.decode()
    form = client.get(reverse("registry:change_person", args=[person.pk])).content.decode()
    for text in (page, form):
        assert identity(41) not in text
        assert "13800136018" not in text
        assert "138****6018" in text
    client.post(reverse("registry:change_person", args=[person.pk]), _typed(person, name="钱满满"))
    saved = people_of(home)[0]
    assert (saved.name, unseal(saved.id_sealed), unseal(saved.phone_sealed)) == ("钱满满", identity(41), "13800136018")
    client.post(reverse("registry:change_person", args=[person.pk]), _typed(saved, clear_phone="on"))
    assert people_of(home)[0].phone_sealed is None


def _typed(person: Person, **changed: object) -> dict[str, object]:
    plain = (
        "name",
        "sex",
        "relation_to_head",
        "class_kind",
        "key_person_kind",
        "occupation",
        "employer",
        "id_type",
        "remark",
    )
    typed: dict[str, object] = {name: getattr(person, name) for name in plain}
    typed |= {"birth_on": person.birth_on or "", "special_needs": person.special_needs, "version": person.version}
    return {**typed, **changed}


def test_two_clerks_see_both_versions_and_lose_nothing(browse, home, world):
    client = browse("community")
    person = people_of(home)[1]
    theirs = world.actor("township")
    with acting_as(theirs):
        edit_person(
            actor=theirs,
            person=person,
            version=1,
            changes={"occupation": "司机", "remark": "别人写的", "class_kind": "permanent"},
        )
    mine = _typed(
        person, occupation="厨师", employer="老字号", phone="13700137000", special_needs=["infant", "elderly"]
    )
    answer = client.post(reverse("registry:change_person", args=[person.pk]), mine)
    assert answer.status_code == 409
    text = answer.content.decode()
    for words in ("司机", "厨师", "老字号", "别人写的", "常住"):
        assert words in text
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text)
    picked = re.findall(r'name="(pick_\w+)" value="(\w+)" checked', text)
    assert dict(picked) == {
        "pick_phone": "mine", "pick_class_kind": "theirs", "pick_special_needs": "mine", "pick_occupation": "mine",
        "pick_employer": "mine", "pick_remark": "theirs",
    }  # fmt: skip
    again: dict[str, list[str]] = {}
    for name, value in (*kept, *picked):
        again.setdefault(name, []).append(unescape(value))
    again["pick_occupation"] = ["theirs"]
    assert client.post(reverse("registry:change_person", args=[person.pk]), again).status_code == 302
    saved = people_of(home)[1]
    assert (saved.occupation, saved.employer, saved.remark, saved.class_kind) == (
        "司机",
        "老字号",
        "别人写的",
        "permanent",
    )
    assert (saved.special_needs, unseal(saved.phone_sealed), saved.version) == (["infant", "elderly"], "13700137000", 3)


def test_a_household_form_that_is_too_late_keeps_what_was_typed(browse, home):
    client = browse("community")
    url = reverse("registry:change_household", args=[home.pk])
    assert client.post(url, {"room": "301", "remark": "先", "version": 1}).status_code == 302
    answer = client.post(url, {"room": "301", "remark": "后", "version": 1})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "先" in text
    assert "后" in text
    assert 'name="version" value="2"' in text


def test_states_and_contacts_are_kept_with_their_words(browse, home):
    client = browse("community")
    person = people_of(home)[0]
    url = reverse("registry:change_state", args=[person.pk])
    assert client.post(url, {"state": "away", "reason": ""}).status_code == 422
    assert client.post(url, {"state": "away", "reason": "住院", "until_on": "2999-01-01"}).status_code == 302
    assert client.post(reverse("registry:contact_person", args=[person.pk]), {"note": "儿子接的"}).status_code == 302
    text = client.get(reverse("registry:person", args=[person.pk])).content.decode()
    assert "外出至 2999-01-01（住院）" in text
    assert "儿子接的" in text
    assert "状态：在家 → 外出" in text


def test_a_person_moves_to_the_household_that_was_found(browse, home, world):
    client = browse("community")
    with acting_as(SYSTEM):
        target = a_household(world.places["east"], "502", building="10")
    person = people_of(home)[1]
    url = reverse("registry:move_person", args=[person.pk])
    assert target.address in client.get(url + "?home=10-1-502").content.decode()
    assert client.post(url, {"household": target.pk}).status_code == 302
    assert people_of(target)[0].pk == person.pk
    assert client.post(url, {"household": world.households["w1-101"].pk}).status_code == 404
    assert client.post(url, {"household": "nonsense"}).status_code == 404


def test_the_search_page_answers_htmx_with_results_alone(browse, home):
    client = browse("community")
    answer = client.get(reverse("registry:search") + "?q=钱", headers={"HX-Request": "true", "HX-Target": "results"})
    text = answer.content.decode()
    assert "<html" not in text
    assert "钱多多" in text
    assert "钱小小" in text


def test_an_export_is_masked_audited_and_needs_a_purpose(browse, home):
    client = browse("community")
    url = reverse("registry:export_people") + "?q=钱"
    assert client.post(url, {"purpose": ""}).status_code == 302
    answer = client.post(url, {"purpose": "contact"})
    cells = _cells(answer)
    assert "138****6018" in cells
    assert identity(41) not in cells
    whole = _cells(client.post(url, {"purpose": "contact", "whole": "1"}))
    assert {identity(41), "13800136018", "钱多多"} <= whole
    assert "陈建国" not in whole
    entries = Entry.objects.filter(action="registry.people_exported").order_by("id")
    assert [(one.purpose, one.details["whole_numbers"], one.details["count"]) for one in entries] == [
        ("contact", False, 2),
        ("contact", True, 2),
    ]


def test_a_supervisor_exports_no_whole_numbers(browse, home):
    client = browse("supervisor")
    url = reverse("registry:export_people") + "?q=钱"
    assert client.post(url, {"purpose": "contact", "whole": "1"}).status_code == 403
    assert "138****6018" in _cells(client.post(url, {"purpose": "contact"}))


def _cells(answer) -> set[str]:
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    return {
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    }


def test_a_resident_sees_their_own_household_and_nothing_else(browse, world):
    client = browse("resident")
    text = client.get(reverse("registry:my_household")).content.decode()
    assert "陈建国" in text
    assert "陈小宝" in text
    assert "王丽华" not in text
    for url in (
        reverse("registry:people"), reverse("registry:search") + "?q=王",
        reverse("registry:household", args=[world.households["b1-102"].pk]),
        reverse("registry:person", args=[world.people["陈建国"].pk]),
    ):  # fmt: skip
        assert client.get(url).status_code == 403


def test_a_chief_sees_the_own_building_and_finds_nobody_beside_it(browse, world):
    client = browse("building_chief")
    assert client.get(reverse("registry:building", args=[world.places["b1"].pk])).status_code == 200
    assert client.get(reverse("registry:building", args=[world.places["b2"].pk])).status_code == 404
    listed = client.get(reverse("registry:people")).content.decode()
    assert "陈建国" in listed
    assert "周志强" not in listed


def test_an_administrator_walks_the_tree_without_people(browse, world):
    client = browse("administrator")
    assert client.get(reverse("registry:places"), follow=True).status_code == 200
    answer = client.get(reverse("registry:place", args=[world.places["east"].pk]))
    assert answer.status_code == 200
    assert reverse("registry:people") not in answer.content.decode()
    assert client.get(reverse("registry:person", args=[world.people["陈建国"].pk])).status_code == 403


def test_places_are_added_renamed_closed_and_reopened_on_their_page(browse, home, world):
    client = browse("community")
    url = reverse("registry:new_place")
    assert client.post(url, {"in": home.compound_id, "kind": "building", "name": "12号楼"}).status_code == 302
    made = Place.objects.get(parent_id=home.compound_id, name="12")
    assert client.post(url, {"in": home.compound_id, "kind": "city", "name": "某市"}).status_code == 422
    assert client.post(url, {"in": home.compound_id, "kind": "building", "name": ""}).status_code == 422
    client.post(reverse("registry:rename_place", args=[made.pk]), {"name": "13"})
    made.refresh_from_db()
    assert made.name == "13"
    client.post(reverse("registry:close_place", args=[made.pk]))
    made.refresh_from_db()
    assert made.closed_on is not None
    client.post(reverse("registry:reopen_place", args=[made.pk]))
    made.refresh_from_db()
    assert made.closed_on is None
    answer = client.post(reverse("registry:close_place", args=[home.building_id]), follow=True)
    assert "还登记着 2 人" in answer.content.decode()


def test_a_division_table_with_a_wrong_row_says_which(browse):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = browse("administrator")
    url = reverse("registry:divisions")
    good = SimpleUploadedFile("areas.csv", "code,name\n97,某省\n970101,某县\n".encode())
    assert "新增" in client.post(url, {"files": good}).content.decode()
    assert Place.objects.get(code="970101000000").parent.name == "某省"
    wrong = SimpleUploadedFile("areas.csv", "code,name\n97010,某县\n".encode())
    answer = client.post(url, {"files": wrong})
    assert answer.status_code == 422
    assert "97010" in answer.content.decode()
    assert client.post(url, {}).status_code == 422
    assert browse("community").get(url).status_code == 403


def test_higher_domains_colour_rooms_and_add_panels(browse, home, monkeypatch):
    monkeypatch.setattr(marks, "_modes", {})
    monkeypatch.setattr(panels, "_panels", {})
    monkeypatch.setattr(panels, "_badges", {})
    asked: list[object] = []

    def missing(actor, building, round_id):
        asked.append((building.pk, round_id))
        return {home.pk: marks.Mark("bad", "漏检 1 人", note="1/2", text="有人漏检")}

    person = people_of(home)[0]
    marks.register("missing", missing, text_key="registry.field.state")
    panels.register("status", lambda actor, row: panels.Panel("registry/parts/responsible.html", {"who": row.pk}))
    panels.register_badges("status", lambda actor, ids: {person.pk: panels.Badge("warn", "黄码")})
    client = browse("community")
    text = client.get(reverse("registry:building", args=[home.building_id]) + "?show=missing&round=5").content.decode()
    assert asked == [(home.building_id, 5)]
    assert "有人漏检" in text
    assert "1/2" in text
    assert "lf-tone-bad" in text
    assert "黄码" in client.get(reverse("registry:people")).content.decode()
    assert "黄码" in client.get(reverse("registry:person", args=[person.pk])).content.decode()
    with pytest.raises(ValueError, match="missing"):
        marks.register("missing", lambda *_: {})


@pytest.mark.parametrize(
    "page", ["building", "household", "people", "person", "place", "special_needs", "responsible", "roll"]
)
def test_a_page_needs_the_same_queries_however_many_people_there_are(browse, home, page):
    """Query budgets: twice the people, not one query more."""
    client = browse("community")
    person = people_of(home)[0]
    args = {
        "building": [home.building_id], "roll": [home.building_id], "household": [home.pk], "person": [person.pk],
        "place": [home.community_id],
    }.get(page, [])  # fmt: skip
    url = reverse(f"registry:{page}", args=args)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    count()
    before = count()
    with acting_as(SYSTEM):
        for number in range(12):
            other = a_household(Place.objects.get(pk=home.community_id), f"{number + 4}02", building="10")
            made = register_person(
                actor=SYSTEM,
                household=other,
                name=f"孙{'甲乙丙丁戊己庚辛壬癸子丑'[number]}",
                phone=f"1390000{number:04d}",
            )
            set_special_needs(actor=SYSTEM, person=made, needs=("oxygen",))
            register_person(actor=SYSTEM, household=home, name=f"钱{'甲乙丙丁戊己庚辛壬癸子丑'[number]}")
    after = count()
    assert after <= before + 1
    assert after <= 32
