"""Pages: in three languages, within their query budgets, with forms that work without JavaScript."""

from __future__ import annotations

import html
import io
import re
import uuid
from collections.abc import Callable

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.models import Kit, Round, Sample, Tube
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from tests.product.lab_testing.night import Night, open_night, plan
from tests.product.world import World, demo_identity

Browse = Callable[..., Client]
LANGUAGES = {"zh-hans": "漏检", "zh-hant": "漏檢", "en": "Missing"}


def at(name: str, *args: object) -> str:
    return reverse(f"lab_testing:{name}", args=args)


@pytest.fixture
def busy(night: Night) -> Night:
    """A night with a kit, a sealed tube of two, an open tube and a call."""
    with night.as_("community") as actor:
        team = services.create_team(
            actor=actor, round_id=night.round.pk, name="一组", route=[night.world.places["b1u1"].pk]
        )
        packing = services.Packing(capacity=10, count=3)
        services.pack_kits(actor=actor, round_id=night.round.pk, team_id=team.pk, packing=packing)
    tube = night.open_tube("T0001")
    for name in ("陈建国", "王丽华"):
        night.swab(tube, name)
    with night.as_("sampler") as actor:
        services.seal_tube(actor=actor, tube_id=tube.pk, counted=2)
    night.swab(night.open_tube("T0002"), "赵大勇")
    with night.as_("community") as actor:
        given = services.Try("phone", "promised")
        services.note_contact(actor=actor, round_id=night.round.pk, person_id=night.person("孙梅"), given=given)
    return night


def pages(night: Night) -> list[str]:
    pk = night.round.pk
    with acting_as(system_actor("test")):
        tube = Tube.objects.get(code="T0001").pk
    return [
        at("rounds"),
        at("plan"),
        at("round", pk),
        f"{at('round', pk)}?by=building",
        f"{at('round', pk)}?by=unit",
        at("proof", pk),
        at("people", pk),
        f"{at('people', pk)}?q=陈",
        at("missing", pk),
        at("missing_print", pk),
        at("kits", pk),
        at("desk", pk),
        at("batch", pk),
        at("tubes", pk),
        at("tube", tube),
        at("hand_over", pk),
        at("receive"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_in_every_language(busy: Night, browse: Browse, language: str) -> None:
    for login in ("community", "township"):
        client = browse(login, language)
        busy.world.accounts[login].language = language
        busy.world.accounts[login].save()
        for path in pages(busy):
            answer = client.get(path)
            assert answer.status_code == 200, f"{path} as {login}: {answer.status_code}"
        assert LANGUAGES[language] in client.get(at("round", busy.round.pk)).content.decode()


def test_the_live_page_shows_figures_that_add_up_and_who_is_late(busy: Night, browse: Browse) -> None:
    page = browse("community").get(at("round", busy.round.pk)).content.decode()
    assert "应检 8 = 免检 0 + 外出 0 + 已采 3 + 漏检 5" in page
    assert "every 5s" in page


def test_the_live_part_alone_answers_to_htmx(busy: Night, browse: Browse) -> None:
    answer = browse("community").get(f"{at('round', busy.round.pk)}?live=1", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert text.lstrip().startswith('<div id="coverage"') and "<html" not in text


def test_a_round_is_planned_opened_and_closed_by_hand(world: World, browse: Browse) -> None:
    client = browse("community")
    form = {
        "name": "", "places": [world.places["east"].pk], "starts_at": "2022-08-30T10:00", "ends_at": "2022-08-30T16:00",
        "pool_size": 10, "result_due_hours": 24, "is_must_test": "on",
    }  # fmt: skip
    answer = client.post(at("plan"), form)
    assert answer.status_code == 302
    round_ = Round.objects.get()
    assert (round_.name, round_.state) == ("第1轮", "planned")
    client.post(at("move_round", round_.pk), {"move": "open"})
    assert "已开始，应检 8 人" in client.get(at("round", round_.pk)).content.decode()
    client.post(at("move_round", round_.pk), {"move": "close"})
    round_.refresh_from_db()
    assert round_.state == "closed"


def test_a_plan_that_is_refused_keeps_what_was_typed(world: World, browse: Browse) -> None:
    form = {
        "name": "夜间一轮", "places": [world.places["east"].pk], "starts_at": "2022-08-30T10:00",
        "ends_at": "2022-08-30T09:00", "pool_size": 10, "result_due_hours": 24,
    }  # fmt: skip
    answer = browse("community").post(at("plan"), form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "夜间一轮" in text and "结束时间不晚于开始时间" in text
    assert not Round.objects.exists()


def test_places_of_others_are_not_offered_and_not_taken(world: World, browse: Browse) -> None:
    form = {
        "places": [world.places["west"].pk], "starts_at": "2022-08-30T10:00", "ends_at": "2022-08-30T12:00",
        "pool_size": 10, "result_due_hours": 24,
    }  # fmt: skip
    assert browse("community").post(at("plan"), form).status_code == 422
    assert not Round.objects.exists()


def scan(client: Client, night: Night, line: str, **hidden: object) -> str:
    given = {"line": line, "client_id": str(uuid.uuid4()), **hidden}
    answer = client.post(at("desk", night.round.pk), given, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def hidden_of(page: str) -> dict[str, list[str]]:
    """The hidden fields of the desk's form, as a browser would send them back."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page):
        if name not in ("csrfmiddlewaretoken", "client_id"):
            found.setdefault(name, []).append(html.unescape(value))
    return found


def test_a_desk_works_from_the_first_tube_to_the_seal_by_text_and_enter(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    page = scan(client, night, "22083001")
    assert "试管 22083001" in page
    for line, said in (
        (demo_identity(1), "陈建国 ✓ 第 1 人"),
        (demo_identity(1), "已在本管第 1 位"),
        ("王丽华 102", "王丽华 ✓ 第 2 人"),
        ("赵大勇", "赵大勇 ✓ 第 3 人"),
        ("-", "已撤销 赵大勇"),
        ("=3", "多 1 支"),
        ("=2", "已封管，2 支"),
    ):
        page = scan(client, night, line, **hidden_of(page))
        assert said in page, f"{line}: {page[:2000]}"
    assert [night.state(name) for name in ("陈建国", "王丽华", "赵大勇")] == ["sampled", "sampled", "missing"]


def test_a_desk_asks_which_and_takes_the_number(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    page = scan(client, night, "22083001")
    page = scan(client, night, "101", **hidden_of(page))
    assert "输入序号选择" in page
    page = scan(client, night, "1", **hidden_of(page))
    assert "✓ 第 1 人" in page
    assert night.counts()["sampled"] == 1


def test_a_desk_asks_before_it_fills_a_tube_over_and_before_it_takes_a_stranger(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    night.open_tube("22083001", capacity=1)
    page = scan(client, night, "22083001")
    page = scan(client, night, "陈建国", **hidden_of(page))
    page = scan(client, night, "过路人", **hidden_of(page))
    assert "名册里找不到" in page
    page = scan(client, night, "+", **hidden_of(page))
    assert "容量 1 人" in page
    page = scan(client, night, "+", **hidden_of(page))
    assert "过路人 ✓ 第 2 人" in page and "超过管容量" in page
    with acting_as(system_actor("test")):
        assert Sample.objects.get(name="过路人").warnings == ["not_on_roster", "over_full"]


def test_an_unknown_card_asks_for_the_name(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    page = scan(client, night, "22083001")
    number = demo_identity(1777)
    page = scan(client, night, number, **hidden_of(page))
    assert "请输入姓名" in page
    page = scan(client, night, "外地人", **hidden_of(page))
    assert "外地人 ✓" in page
    with acting_as(system_actor("test")):
        assert Sample.objects.get(name="外地人").id_index is not None


def unrecorded(page: str) -> list[str]:
    return hidden_of(page).get("unrecorded", [])


def test_what_was_refused_or_passed_over_stays_on_the_desk_until_it_is_recorded(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    page = scan(client, night, "陈建国")
    assert unrecorded(page) == ["陈建国"]
    page = scan(client, night, "22083001", **hidden_of(page))
    page = scan(client, night, "101", **hidden_of(page))
    page = scan(client, night, "过路人", **hidden_of(page))
    assert unrecorded(page) == ["陈建国", "101"]
    page = scan(client, night, "+", **hidden_of(page))
    assert unrecorded(page) == ["陈建国", "101"]
    page = scan(client, night, "陈建国", **hidden_of(page))
    assert unrecorded(page) == ["101"]
    page = scan(client, night, "101", **hidden_of(page))
    page = scan(client, night, "1", **hidden_of(page))
    assert unrecorded(page) == []


def test_a_code_of_letters_and_digits_is_a_tube_or_with_a_name_a_document(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    page = scan(client, night, "AB1234567")
    assert "试管 AB1234567" in page
    page = scan(client, night, "EA7654321", **hidden_of(page))
    assert "是新试管吗" in page
    named = scan(client, night, "张外宾", **hidden_of(page))
    assert "张外宾 ✓" in named
    page = scan(client, night, "+", **hidden_of(page))
    assert "试管 EA7654321" in page


def test_a_person_of_another_community_is_taken_by_the_card_and_shown_by_the_family_name(
    night: Night, browse: Browse
) -> None:
    client = browse("sampler")
    page = scan(client, night, "22083001")
    number = demo_identity(9)
    page = scan(client, night, number, **hidden_of(page))
    assert "郑* ✓" in page and "郑海" not in page
    assert night.state("郑海") == "sampled"


def test_the_same_form_sent_twice_is_one_swab(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    hidden = hidden_of(scan(client, night, "22083001")) | {"client_id": [str(uuid.uuid4())], "line": ["陈建国"]}
    for _ in range(2):
        client.post(at("desk", night.round.pk), hidden)
    with acting_as(system_actor("test")):
        assert Sample.objects.count() == 1


def test_a_batch_books_what_it_can_and_gives_the_rest_back_below_its_tube(night: Night, browse: Browse) -> None:
    lines = ["22083001", demo_identity(1), "990101198001019999", "王丽华 102", "=2", "22083002", "赵大勇", "不存在1"]
    answer = browse("sampler").post(
        at("batch", night.round.pk), {"lines": "\n".join(lines), "client_id": str(uuid.uuid4())}
    )
    text = answer.content.decode()
    assert "登记 6 行，2 行要看一下" in text
    assert "22083001\n990101198001019999\n22083002\n不存在1" in text
    assert night.counts()["sampled"] == 3


def test_a_batch_books_nobody_on_the_tube_before_a_refused_one(night: Night, browse: Browse) -> None:
    lines = ["22083001", "陈建国", "R1-000001X", "王丽华"]
    answer = browse("sampler").post(
        at("batch", night.round.pk), {"lines": "\n".join(lines), "client_id": str(uuid.uuid4())}
    )
    assert "登记 2 行，2 行要看一下" in answer.content.decode()
    assert (night.state("陈建国"), night.state("王丽华")) == ("sampled", "missing")


def test_one_tap_answers_with_the_row_and_keeps_the_note(busy: Night, browse: Browse) -> None:
    path = at("contact", busy.round.pk, busy.person("林秀英"))
    answer = browse("community").post(path, {"outcome": "away", "note": "外地务工"}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "外出" in text and "<tr" in text and "<html" not in text
    assert busy.state("林秀英") == "away"
    refused = browse("community").post(path, {"outcome": "nonsense"})
    assert refused.status_code == 302


def test_the_missing_list_filters_by_contact_and_building(busy: Night, browse: Browse) -> None:
    client = browse("community")
    building = busy.world.places["b2"].pk
    page = client.get(f"{at('missing', busy.round.pk)}?building={building}").content.decode()
    assert "周志强" in page and "孙梅" not in page
    page = client.get(f"{at('missing', busy.round.pk)}?outcome=promised").content.decode()
    assert "孙梅" in page and "周志强" not in page


def test_the_list_shows_masked_phones_and_never_whole_ones(busy: Night, browse: Browse) -> None:
    client = browse("community")
    for path in (at("missing", busy.round.pk), at("missing_print", busy.round.pk)):
        page = client.get(path).content.decode()
        assert "199****" in page and "1990000" not in page


def test_the_export_is_in_walking_order_with_formulas_as_text(busy: Night, browse: Browse) -> None:
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=busy.person("吴桂芳")).update(name="=HYPERLINK(1)")
    answer = browse("community").get(at("missing_export", busy.round.pk))
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    names = [cell for row in rows for cell in row if cell in ("林秀英", "陈小宝", "孙梅", "周志强", "=HYPERLINK(1)")]
    assert names == ["林秀英", "陈小宝", "孙梅", "周志强", "=HYPERLINK(1)"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=HYPERLINK(1)"]
    assert [cell.data_type for cell in cells] == ["s"]
    with acting_as(system_actor("test")):
        assert Entry.objects.filter(action="testing.missing_exported").count() == 1


def test_kits_are_packed_signed_out_and_returned_by_hand(night: Night, browse: Browse) -> None:
    client = browse("community")
    path = at("kits", night.round.pk)
    assert (
        client.post(
            path, {"form": "team", "team-name": "二组", "team-route": [night.world.places["b2u1"].pk]}
        ).status_code
        == 302
    )
    pack = {"form": "pack", "pack-capacity": "10", "pack-kits": "1", "pack-count": "2", "pack-team": ""}
    assert client.post(path, pack).status_code == 302
    kit = Kit.objects.get()
    client.post(at("sign_out", kit.pk), {"taken_by": "李护士"})
    client.post(at("return_kit", kit.pk), {"unused": "1", "lost": "0", "returned_by": "李护士"})
    assert "还差 1 个" in client.get(path).content.decode()
    client.post(at("return_kit", kit.pk), {"unused": "2", "lost": "0", "returned_by": "李护士"})
    kit.refresh_from_db()
    assert kit.state == "returned"


@pytest.mark.parametrize("sheet", ["4x10", "3x8", "5x13"])
def test_label_sheets_are_pdfs_with_a_page_for_each_forty_labels(busy: Night, browse: Browse, sheet: str) -> None:
    with busy.as_("township") as actor:
        packing = services.Packing(10, first="22080001", last="22080045")
        (kit,) = services.pack_kits(actor=actor, round_id=busy.round.pk, packing=packing, name="甲")
    answer = browse("sampler").get(f"{at('labels', kit.pk)}?sheet={sheet}")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert answer.content.count(b"/Type /Page\n") == {"4x10": 2, "3x8": 2, "5x13": 1}[sheet]


def test_tubes_are_handed_over_and_received_by_hand(busy: Night, browse: Browse) -> None:
    with acting_as(system_actor("test")):
        tube = Tube.objects.get(code="T0001").pk
    client = browse("courier")
    path = at("hand_over", busy.round.pk)
    form = {"tube": [tube], "given_by": "李护士", "taken_by": "王师傅", "counted": "2"}
    refused = client.post(path, form)
    assert refused.status_code == 422
    assert "清点 2 根，清单上选了 1 根" in refused.content.decode() and "王师傅" in refused.content.decode()
    answer = client.post(path, {**form, "counted": "1"})
    slip = client.get(answer.headers["Location"]).content.decode()
    assert "T0001" in slip and "李护士" in slip and "王师傅" in slip
    answer = client.post(at("receive"), {"codes": "T0001\nT7777", "received_by": "赵医生", "laboratory": "县医院"})
    text = answer.content.decode()
    assert "签收 1 根" in text and "查无此管" in text


def test_a_courier_sees_tubes_and_no_people(busy: Night, browse: Browse) -> None:
    with acting_as(system_actor("test")):
        tube = Tube.objects.get(code="T0001").pk
    client = browse("courier")
    page = client.get(at("tube", tube)).content.decode()
    assert "T0001" in page and "陈建国" not in page
    assert client.get(at("missing", busy.round.pk)).status_code == 403


def test_ids_of_another_community_are_not_found(world: World, browse: Browse) -> None:
    night = open_night(world, places=("west",))
    tube = night.open_tube("W0001", "township", place_id=world.places["west"].pk)
    client = browse("community")
    for path in (
        at("round", night.round.pk),
        at("missing", night.round.pk),
        at("desk", night.round.pk),
        at("tube", tube.pk),
        at("kits", night.round.pk),
        at("tubes", night.round.pk),
        at("hand_over", night.round.pk),
        at("proof", night.round.pk),
        at("people", night.round.pk),
        at("missing_export", night.round.pk),
    ):
        assert client.get(path).status_code == 404, path
    for path, form in (
        (at("change_tube", tube.pk), {"do": "void", "reason": "x"}),
        (at("move_round", night.round.pk), {"move": "close"}),
    ):
        assert client.post(path, form).status_code == 404, path
    with acting_as(system_actor("test")):
        assert Tube.objects.get().state == "open"


def test_a_building_chief_sees_the_own_building_only(busy: Night, browse: Browse) -> None:
    page = browse("building_chief").get(at("missing", busy.round.pk)).content.decode()
    assert "孙梅" in page and "周志强" not in page
    assert "应检 6 =" in browse("building_chief").get(at("round", busy.round.pk)).content.decode()


def test_exemptions_are_recorded_withdrawn_and_refused_in_words(busy: Night, browse: Browse) -> None:
    client = browse("community")
    path = at("excuse", busy.round.pk, busy.person("林秀英"))
    client.post(path, {"do": "exempt", "reason": "拒检", "q": "林秀英"})
    assert "不能作为免检" in client.get(f"{at('people', busy.round.pk)}?q=林秀英").content.decode()
    client.post(path, {"do": "exempt", "reason": "疫苗接种"})
    assert busy.state("林秀英") == "exempt"
    client.post(path, {"do": "withdraw", "reason": "不实"})
    assert busy.state("林秀英") == "missing"


BUDGETS = {"rounds": 22, "round": 34, "missing": 30, "desk": 26, "tubes": 22, "people": 26, "kits": 26, "hand_over": 20}


@pytest.mark.parametrize("name", BUDGETS)
def test_pages_keep_their_query_budget(busy: Night, browse: Browse, name: str) -> None:
    client = browse("community")
    path = at(name) if name == "rounds" else at(name, busy.round.pk)
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    asked = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= BUDGETS[name], "\n".join(asked)


def test_a_scan_keeps_its_query_budget(night: Night, browse: Browse) -> None:
    client = browse("sampler")
    page = scan(client, night, "22083001")
    with CaptureQueriesContext(connection) as captured:
        scan(client, night, demo_identity(1), **hidden_of(page))
    asked = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 48, "\n".join(asked)


def test_the_number_of_queries_does_not_grow_with_the_list(world: World, browse: Browse) -> None:
    few, many = plan(world, "community", ("b2",)), plan(world, "community", ("east",))
    client, counts = browse("community"), []
    for round_ in (few, many):
        with acting_as(world.actor("community")) as actor:
            services.open_round(actor=actor, round_id=round_.pk)
        client.get(at("missing", round_.pk))
        with CaptureQueriesContext(connection) as captured:
            client.get(at("missing", round_.pk))
        counts.append(len(captured))
    assert counts[0] == counts[1]
