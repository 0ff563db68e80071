"""The desk's pages of devices and of what they sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.devices.models import Device, InboxItem
from lianfang.foundation.devices.services import apply_waiting, enrol_device
from tests.product.devices.world import Notebook, enrolled, item, notebook, send
from tests.product.world import World

Browse = Callable[..., Client]
TOKEN = re.compile(r"/field/#enrol=([A-Za-z0-9_-]+)")


@pytest.fixture
def noted() -> Iterator[Notebook]:
    with notebook() as found:
        yield found


def asked(world: World, **changed: object) -> dict[str, object]:
    ends = timezone.localtime(timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    return {
        "name": "3号岗",
        "holder": "李娜",
        "role": "guard",
        "place": world.places["east"].pk,
        "ends_at": ends,
    } | changed


def only_device() -> Device:
    with acting_as(system_actor("test")):
        return Device.objects.get()


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_every_page_speaks_every_language(world: World, browse: Browse, noted: Notebook, language: str) -> None:
    device, _ = enrolled(world)
    noted.refuses.add("x")
    send(device, [item(1, {"word": "x", "phone": "19900001234"})])
    apply_waiting(device.pk)
    with acting_as(system_actor("test")):
        kept = InboxItem.objects.get()
    desk = browse("community", language)
    for path in ("", "invite/", f"{device.pk}/", "review/", "review/?state=settled", f"review/{kept.pk}/"):
        assert desk.get(f"/devices/{path}").status_code == 200, path
    shown = desk.get(f"/devices/review/{kept.pk}/").content.decode()
    assert "19900001234" not in shown and "199****1234" in shown


def test_an_invitation_shows_a_code_that_enrols_one_device_once(world: World, browse: Browse) -> None:
    answer = browse("community").post("/devices/invite/", asked(world))
    token = TOKEN.search(answer.content.decode())
    assert token is not None and "data:image/svg+xml" in answer.content.decode()
    assert enrol_device(token=token[1]).device == only_device()
    assert token[1] not in browse("community").get(f"/devices/{only_device().pk}/").content.decode()


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"role": "community"}, 422), ({"role": "nonsense"}, 422), ({"place": ""}, 422), ({"name": " "}, 422),
     ({"holder": ""}, 422), ({"ends_at": "2020-01-01T00:00"}, 422), ({"ends_at": "2099-01-01T00:00"}, 422)],
)  # fmt: skip
def test_what_is_wrong_with_an_invitation_is_said_and_what_was_typed_is_kept(
    world: World, browse: Browse, changed: dict[str, object], status: int
) -> None:
    answer = browse("community").post("/devices/invite/", asked(world, **changed))
    assert answer.status_code == status
    assert "lf-field-error" in answer.content.decode()
    with acting_as(system_actor("test")):
        assert not Device.objects.exists()


def test_a_community_invites_nobody_for_another_place(world: World, browse: Browse) -> None:
    assert browse("community").post("/devices/invite/", asked(world, place=world.places["west"].pk)).status_code == 422
    assert browse("township").post("/devices/invite/", asked(world, place=world.places["west"].pk)).status_code == 200


def test_a_neighbours_device_does_not_exist_for_the_desk(world: World, browse: Browse) -> None:
    device, _ = enrolled(world, place="west", by="township")
    desk = browse("community")
    assert desk.get(f"/devices/{device.pk}/").status_code == 404
    for do in ("renew", "revoke", "invite"):
        given = {"do": do, "because": "x", "ends_at": "2026-12-01T00:00"}
        assert desk.post(f"/devices/{device.pk}/change/", given).status_code == 404
    assert "李娜" not in desk.get("/devices/").content.decode()
    assert "李娜" in browse("administrator").get("/devices/").content.decode()
    assert "李娜" in browse("township").get("/devices/").content.decode()


def test_a_device_is_renewed_limited_and_revoked_with_a_reason(world: World, browse: Browse) -> None:
    device, _ = enrolled(world)
    desk, address = browse("community"), f"/devices/{device.pk}/change/"
    later = timezone.localtime(timezone.now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
    assert desk.post(address, {"do": "renew", "ends_at": later, "because": ""}).status_code == 422
    assert desk.post(address, {"do": "renew", "ends_at": later, "because": "夜班继续"}).status_code == 302
    assert timezone.localtime(only_device().ends_at).strftime("%Y-%m-%dT%H:%M") == later
    assert desk.post(address, {"do": "revoke", "because": "手机丢失"}).status_code == 302
    assert only_device().revoked_because == "手机丢失"
    assert desk.post(address, {"do": "renew", "ends_at": later, "because": "x"}).status_code == 422
    actions = set(Entry.objects.filter(target_kind="device").values_list("action", flat=True))
    assert actions == {"devices.invite", "devices.enrol", "devices.renew", "devices.revoke"}


def test_a_refused_item_stays_until_it_is_settled(world: World, browse: Browse, noted: Notebook) -> None:
    device, _ = enrolled(world)
    noted.refuses.add("item 1")
    send(device, [item(1)])
    apply_waiting(device.pk)
    desk = browse("community")
    with acting_as(system_actor("test")):
        kept = InboxItem.objects.get()
    address = f"/devices/review/{kept.pk}/settle/"
    assert str(kept.pk) in desk.get("/devices/review/").content.decode()
    assert desk.post(address, {"how": "rejected", "note": " "}).status_code == 422
    assert desk.post(address, {"how": "applied"}).headers["Location"] == f"/devices/review/{kept.pk}/"
    noted.refuses.clear()
    assert desk.post(address, {"how": "applied"}).headers["Location"] == "/devices/review/"
    assert noted.words == ["item 1"]
    assert desk.post(address, {"how": "applied"}).status_code == 422
    assert str(kept.pk) not in desk.get("/devices/review/").content.decode()


def test_the_device_hears_how_its_item_was_settled(world: World, browse: Browse, noted: Notebook) -> None:
    device, _ = enrolled(world)
    noted.refuses.add("item 1")
    one = item(1)
    send(device, [one])
    apply_waiting(device.pk)
    browse("community").post(f"/devices/review/{one['id']}/settle/", {"how": "by_hand", "note": "已在采样页补录"})
    (told,) = send(device, [one])
    assert (told["state"], told["settled"], told["note"], told["n"]) == ("refused", "by_hand", "已在采样页补录", 2)


def test_the_review_list_of_a_place_is_its_own(world: World, browse: Browse, noted: Notebook) -> None:
    noted.refuses.add("item 1")
    device, _ = enrolled(world, place="west", by="township")
    one = item(1)
    send(device, [one])
    apply_waiting(device.pk)
    desk = browse("community")
    assert one["id"] not in desk.get("/devices/review/").content.decode()
    assert desk.get(f"/devices/review/{one['id']}/").status_code == 404
    assert desk.post(f"/devices/review/{one['id']}/settle/", {"how": "rejected", "note": "x"}).status_code == 404
    assert browse("administrator").get(f"/devices/review/{one['id']}/").status_code == 403


def test_a_number_is_shown_for_a_purpose_and_on_the_record(world: World, browse: Browse, noted: Notebook) -> None:
    device, _ = enrolled(world)
    noted.refuses.add("x")
    one = item(1, {"word": "x", "phone": "19900001234"})
    send(device, [one])
    apply_waiting(device.pk)
    address = f"/devices/review/{one['id']}/number/phone/"
    assert browse("community").post(address).status_code == 422
    assert "19900001234" in browse("community").post(address, {"purpose": "contact"}).content.decode()
    assert Entry.objects.filter(action="privacy.unmask_phone", target_id=one["id"]).count() == 1
