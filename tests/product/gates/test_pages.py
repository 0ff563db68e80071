"""The desk pages of gates, as each role and in each language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lianfang.domains.gates.models import Gate, Permit
from lianfang.domains.gates.services import place_code_of, shown_at
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from tests.product.gates.conftest import Gates, decided
from tests.product.world import World

Browse = Callable[..., Client]


@pytest.fixture
def busy(gates: Gates) -> Gates:
    decided(gates.world, "王丽华", "red", since=timezone.now() - timedelta(hours=2))
    gates.bring(
        gates.sent(gates.body(temperature=36.6, plate="闽A12345")),
        gates.sent(gates.body("王丽华")),
        gates.sent(gates.body("郑海", answer="stop", reason="status_red", direction="out")),
        gates.sent({"gate": gates.compound.pk, "direction": "out", "words": "临产"}, kind="gate.emergency"),
    )
    far = gates.body(gate=gates.county, plate="闽AD12345", destination="江滨花园")
    gates.bring(gates.sent(far, device=gates.far_guard), device=gates.far_guard)
    return gates


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_every_page_is_whole_in_each_language(busy: Gates, browse: Browse, language: str) -> None:
    Account.objects.update(language=language)
    client = browse("community", language=language)
    made = client.post("/gates/permits/new/", {
        "person": busy.world.people["陈建国"].pk, "kind": "dialysis", "reason": "透析", "companions": "1",
        "ends_at": f"{timezone.localtime() + timedelta(days=3):%Y-%m-%dT%H:%M}", "weekdays": ["1", "3"],
        "from_time": "08:00",
    })  # fmt: skip
    permit = made.headers["Location"]
    person = busy.world.people["陈建国"].pk
    for path in (
        "/gates/", "/gates/new/", f"/gates/{busy.compound.pk}/", f"/gates/{busy.compound.pk}/edit/", "/gates/checks/",
        f"/gates/checks/?gate={busy.compound.pk}&answer=stop", "/gates/checks/?plate=none", "/gates/review/",
        "/gates/permits/", "/gates/permits/?state=refused", "/gates/permits/new/", "/gates/permits/new/?q=陈",
        f"/gates/permits/new/?person={person}", permit, f"{permit}print/", f"/registry/people/{person}/",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert "gates." not in text.replace("/gates.", ""), path


def test_the_first_page_counts_what_passed_and_what_waits(busy: Gates, browse: Browse) -> None:
    text = browse("community").get("/gates/").content.decode()
    assert "南门" in text and "高速出口" not in text
    text = browse("township").get("/gates/").content.decode()
    assert "南门" in text and "高速出口" in text


def test_the_list_masks_plates_filters_and_leaves_the_names_of_others_out(busy: Gates, browse: Browse) -> None:
    client = browse("community")
    text = client.get("/gates/checks/").content.decode()
    assert "闽A12345" not in text and "闽*****5" in text
    assert "陈建国" in text and "郑海" not in text and "别处登记的人" in text
    assert "王丽华" not in client.get("/gates/checks/?answer=stop").content.decode()
    assert "陈建国" in client.get("/gates/checks/?plate=闽A12345").content.decode()
    today = f"{timezone.localtime():%Y-%m-%d}"
    assert "陈建国" in client.get(f"/gates/checks/?since={today}&until={today}").content.decode()
    assert "陈建国" not in client.get("/gates/checks/?until=2020-01-01").content.decode()
    assert client.get("/gates/checks/?since=nonsense&gate=x&person=x").status_code == 200


def test_the_export_says_who_took_it(busy: Gates, browse: Browse) -> None:
    answer = browse("community").get("/gates/checks/export/")
    assert answer.status_code == 200 and "spreadsheet" in answer.headers["Content-Type"]


def test_what_happened_is_reviewed_on_one_page(busy: Gates, browse: Browse) -> None:
    client = browse("community")
    text = client.get("/gates/review/").content.decode()
    assert "临产" in text and "王丽华" in text
    for what in ("emergency", "difference"):
        from lianfang.domains.gates.models import Difference, GateEmergency

        with acting_as(busy.world.actor("community")) as actor:
            model = GateEmergency if what == "emergency" else Difference
            [row] = model.objects.visible_to(actor)
        assert client.post(f"/gates/review/{what}/{row.pk}/", {"note": ""}, follow=True).status_code == 200
        client.post(f"/gates/review/{what}/{row.pk}/", {"note": "已了解"})
    assert "没有等待复核的" in client.get("/gates/review/").content.decode()
    assert browse("supervisor").post("/gates/review/emergency/1/", {"note": "x"}).status_code == 403


def test_a_clerk_opens_changes_and_closes_a_gate_and_is_told_what_is_wrong(world: World, browse: Browse) -> None:
    client = browse("community")
    assert "还没有卡口" in client.get("/gates/").content.decode()
    form = {"place": world.places["c1"].pk, "kind": "compound", "name": "北门", "checks_in": "on", "fever_from": "37.3",
            "grade": "D", "asks_temperature": "on", "negative_hours": "24"}  # fmt: skip
    refused = client.post("/gates/new/", form)
    assert refused.status_code == 422 and "谁的规定" in refused.content.decode()
    done = client.post("/gates/new/", form | {"basis": "街道通知"})
    assert done.status_code == 302
    gate = Gate.objects.get(name="北门")
    assert client.post(f"/gates/{gate.pk}/edit/", form | {"basis": "街道通知", "name": "北二门"}).status_code == 302
    assert client.post(f"/gates/{gate.pk}/close/").status_code == 302
    gate.refresh_from_db()
    assert gate.name == "北二门" and gate.closed_at is not None
    assert client.post("/gates/new/", form | {"place": world.places["west"].pk, "basis": "x"}).status_code == 422


def test_the_place_code_of_a_gate_is_made_renewed_and_shows_who_was_there(gates: Gates, browse: Browse) -> None:
    client = browse("community")
    page = f"/gates/{gates.compound.pk}/"
    assert "还没有场所码" in client.get(page).content.decode()
    for _ in range(2):
        assert client.post(f"{page}place-code/").status_code == 302
    code = place_code_of(gates.compound)
    assert code is not None
    body = {"place_code": shown_at(code, timezone.now()), "pseudonym": gates.code("陈建国")}
    gates.bring(gates.sent(body, kind="place.entered"))
    text = client.get(page).content.decode()
    assert "到场" in text and "陈建国" in text
    assert client.post(f"/gates/{gates.county.pk}/place-code/").status_code == 404


def test_a_building_chief_asks_the_community_answers_and_strangers_see_nothing(world: World, browse: Browse) -> None:
    person = world.people["陈建国"].pk
    form = {"person": person, "kind": "hospital", "reason": "复诊", "companions": "0",
            "ends_at": f"{timezone.localtime() + timedelta(days=1):%Y-%m-%dT%H:%M}"}  # fmt: skip
    chief, desk = browse("building_chief"), browse("community")
    assert chief.post("/gates/permits/new/", form | {"ends_at": ""}).status_code == 422
    path = chief.post("/gates/permits/new/", form).headers["Location"]
    assert chief.get(f"{path}print/").status_code == 404
    assert "待批" in desk.get(path).content.decode()
    desk.post(f"{path}approve/")
    assert Permit.objects.count() in (0, 1)
    assert chief.get(f"{path}print/").status_code == 200
    assert desk.post(f"{path}nothing/").status_code == 404
    desk.post(f"{path}withdraw/", {"because": "已办完"})
    assert "已收回" in chief.get(path).content.decode()
    assert chief.get("/gates/permits/999999/").status_code == 404
