"""Everything that a device sends is kept once, and answered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import Action, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices import kinds
from lianfang.foundation.devices.kinds import Applied
from lianfang.foundation.devices.models import Arrival, Device, InboxItem, Progress
from lianfang.foundation.devices.selectors import answers_after
from lianfang.foundation.devices.services import BatchError, accept_items, apply_waiting, read_batch
from lianfang.foundation.devices.services.applying import body_of
from tests.product.devices.world import KIND, Notebook, enrolled, item, notebook, send
from tests.product.world import World


@pytest.fixture
def noted() -> Iterator[Notebook]:
    with notebook() as found:
        yield found


@pytest.fixture
def device(world: World) -> Device:
    return enrolled(world)[0]


def kept() -> list[InboxItem]:
    with acting_as(system_actor("test")):
        return list(InboxItem.objects.order_by("seq", "received_at"))


def answers(device: Device) -> list[dict[str, object]]:
    with acting_as(system_actor("test")):
        return answers_after(device, 0)


def test_what_is_sent_waits_and_is_applied_in_the_order_of_the_device(noted: Notebook, device: Device) -> None:
    first, second, third = item(1), item(2), item(3)
    told = send(device, [third, first, second])
    assert [one["state"] for one in told] == ["received"] * 3
    assert [one["id"] for one in told] == [third["id"], first["id"], second["id"]]
    assert apply_waiting(device.pk) == 3
    assert noted.words == ["item 1", "item 2", "item 3"]
    assert [one["n"] for one in answers(device)] == [1, 2, 3]
    assert [one["refs"] for one in answers(device)] == [{"noted": 1}, {"noted": 2}, {"noted": 3}]


def test_an_item_acts_as_its_device_and_nobody_else(noted: Notebook, device: Device) -> None:
    send(device, [item(1)])
    apply_waiting(device.pk)
    (actor,) = noted.actors
    assert (actor.role, actor.scope_ids, actor.device_id) == (Role.SAMPLER, tuple(device.scope_ids), device.pk)
    assert noted.seen[0].holder == "李娜"


def test_the_same_batch_twice_is_one_and_gets_the_same_answers(noted: Notebook, device: Device) -> None:
    items = [item(seq) for seq in range(1, 9)]
    send(device, items)
    apply_waiting(device.pk)
    before = answers(device)
    assert send(device, items) == before
    apply_waiting(device.pk)
    assert len(kept()) == len(noted.seen) == 8


def test_half_a_batch_and_then_the_whole_one(noted: Notebook, device: Device) -> None:
    items = [item(seq) for seq in range(1, 9)]
    send(device, items[:4])
    apply_waiting(device.pk)
    told = send(device, items)
    assert [one["state"] for one in told] == ["accepted"] * 4 + ["received"] * 4
    apply_waiting(device.pk)
    assert noted.words == [f"item {seq}" for seq in range(1, 9)]


def test_an_item_twice_in_one_batch_is_one(noted: Notebook, device: Device) -> None:
    one = item(1)
    told = send(device, [one, dict(one)])
    assert [answer["state"] for answer in told] == ["received", "received"]
    apply_waiting(device.pk)
    assert len(kept()) == len(noted.seen) == 1


def test_a_request_that_overtook_another_waits_for_it(noted: Notebook, device: Device) -> None:
    send(device, [item(3), item(4)])
    assert apply_waiting(device.pk) == 0
    send(device, [item(1), item(2)])
    assert apply_waiting(device.pk) == 4
    assert noted.words == ["item 1", "item 2", "item 3", "item 4"]


def test_what_never_comes_is_not_awaited_for_ever(noted: Notebook, device: Device) -> None:
    send(device, [item(3)])
    assert apply_waiting(device.pk) == 0
    with acting_as(system_actor("test")):
        InboxItem.objects.update(received_at=timezone.now() - timedelta(seconds=31))
    assert apply_waiting(device.pk) == 1


def test_a_body_that_changed_under_its_id_is_refused_and_both_are_kept(noted: Notebook, device: Device) -> None:
    one = item(1, {"word": "before"})
    send(device, [one])
    apply_waiting(device.pk)
    changed = one | {"body": {"word": "after"}}
    for _ in range(2):
        send(device, [changed])
        apply_waiting(device.pk)
        (told,) = send(device, [changed])
        assert (told["id"], told["state"], told["code"]) == (one["id"], "refused", "changed_content")
    assert noted.words == ["before"]
    assert sorted(body_of(row)["word"] for row in kept()) == ["after", "before"]
    assert send(device, [one])[0]["state"] == "accepted"


def test_the_order_of_keys_is_no_change_of_content(noted: Notebook, device: Device) -> None:
    one = item(1, {"word": "x", "more": {"a": 1, "b": 2}})
    send(device, [one])
    again = dict(reversed(list(one.items()))) | {"body": {"more": {"b": 2, "a": 1}, "word": "x"}}
    send(device, [again])
    assert len(kept()) == 1


def test_another_spelling_is_no_change_of_content_and_a_change_is_one_in_every_spelling(
    noted: Notebook, device: Device
) -> None:
    one = item(1, {"word": "郑海", "more": [1.5, {"b": None}]})
    spelled = [
        lambda value: json.dumps(value).encode(),
        lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
        lambda value: json.dumps(value, indent=2, sort_keys=True).encode(),
        # Not in the form that the app writes: another item of the request has no body.
        lambda value: json.dumps(value | {"items": [*value["items"], {"id": "x"}]}).encode(),
    ]
    for state, body in (("received", one), ("refused", one | {"body": {"word": "王丽华"}})):
        for spell in spelled:
            now = timezone.now()
            content = spell({"sent_at": now.isoformat(), "items": [body]})
            told = accept_items(device=device, batch=read_batch(content, device_id=device.pk, received_at=now))
            apply_waiting(device.pk)
            (told, *_) = accept_items(device=device, batch=read_batch(content, device_id=device.pk, received_at=now))
            assert told["state"] == {"received": "accepted"}.get(state, state)
    assert noted.words == ["郑海"]
    assert sorted(row.code for row in kept()) == ["", "changed_content", "malformed"]


def test_bytes_that_are_no_text_and_numbers_that_are_none_are_no_batch(device: Device) -> None:
    good = json.dumps({"items": [item(1)]}).encode()
    for bad in (good.replace(b"item 1", b"item \xff"), good.replace(b'"item 1"', b"NaN"), good[:-1], good + b"x"):
        with pytest.raises(BatchError, match="no_json"):
            read_batch(bad, device_id=device.pk, received_at=timezone.now())


def test_the_id_of_another_devices_item_tells_nothing_and_takes_nothing(
    noted: Notebook, world: World, device: Device
) -> None:
    neighbour, _ = enrolled(world, place="west", by="township")
    one = item(1)
    send(device, [one])
    (told,) = send(neighbour, [one])
    apply_waiting(neighbour.pk)
    apply_waiting(device.pk)
    assert told["state"] == "received"
    assert [row.state for row in kept() if row.device_id == device.pk] == ["accepted"]
    assert [row.code for row in kept() if row.device_id == neighbour.pk] == ["changed_content"]


@pytest.mark.parametrize(
    "wrong",
    [
        "no object", 7, None, {}, {"id": "no uuid"}, {"seq": "1"}, {"seq": -1}, {"happened_at": "yesterday"},
        {"happened_at": "2026-11-22T04:00:00"}, {"body": []}, {"kind": ""}, {"kind": "k" * 61}, {"kind": 3},
        {"body": {"word": "nul\0"}}, {"body": {"word": "\ud800"}}, {"happened_at": "0001-01-01T00:00:00+14:00"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_kept_for_review_and_hurts_nobody_else(
    noted: Notebook, device: Device, wrong: object
) -> None:
    bad = item(1) | wrong if isinstance(wrong, dict) and wrong else wrong
    for _ in range(2):
        told = send(
            device, [bad, item(1, {"word": "good"}) | {"id": str(uuid.UUID(int=5)), "happened_at": "2026-11-22T04:00Z"}]
        )
    apply_waiting(device.pk)
    assert noted.words == ["good"]
    assert [(row.state, row.code) for row in kept() if row.code] == [("refused", "malformed")]
    assert len(kept()) == 2
    assert len(told) == 2


def test_a_kind_that_nobody_knows_and_one_that_the_role_may_not_are_for_review(world: World, device: Device) -> None:
    with notebook(Action.GATES_MANAGE) as noted:
        send(device, [item(1), item(2, kind="of.tomorrow")])
        apply_waiting(device.pk)
    assert [row.code for row in kept()] == ["not_allowed", "unknown_kind"]
    assert noted.seen == []


def test_a_refusal_is_the_items_own(noted: Notebook, device: Device) -> None:
    noted.refuses.add("item 2")
    send(device, [item(1), item(2), item(3)])
    apply_waiting(device.pk)
    assert [one["state"] for one in answers(device)] == ["accepted", "refused", "accepted"]
    assert answers(device)[1]["gaps"] == {"word": "item 2"}


def test_a_failure_of_the_program_is_kept_and_holds_up_what_may_rest_on_it(noted: Notebook, device: Device) -> None:
    noted.fails.add("item 2")
    send(device, [item(1), item(2), item(3)])
    assert apply_waiting(device.pk) == 1
    assert apply_waiting(device.pk) == 0
    failing = kept()[1]
    assert (failing.state, failing.tries) == ("waiting", 1)
    assert failing.failure == "ZeroDivisionError: the program fails at it"
    noted.fails.clear()
    _as_if_later()
    assert apply_waiting(device.pk) == 2
    assert noted.words == ["item 1", "item 2", "item 3"]


def test_an_item_at_which_the_program_always_fails_does_not_stop_a_device_for_ever(
    noted: Notebook, device: Device
) -> None:
    noted.fails.add("item 1")
    send(device, [item(1), item(2)])
    for _ in range(4):
        apply_waiting(device.pk)
        _as_if_later()
    assert noted.words == ["item 2"]
    assert kept()[0].state == "waiting" and kept()[0].tries == 4
    noted.fails.clear()
    assert apply_waiting(device.pk) == 1


def _as_if_later() -> None:
    with acting_as(system_actor("test")):
        InboxItem.objects.exclude(try_again_at=None).update(try_again_at=timezone.now())


def test_several_of_a_kind_go_through_its_wide_door(noted: Notebook, device: Device) -> None:
    calls: list[int] = []

    def many(*, actor: object, items: list[object]) -> list[Applied]:
        calls.append(len(items))
        return [Applied(warnings=("at_once",)) for _ in items]

    kinds.applies_many(KIND)(many)
    send(device, [item(seq) for seq in range(1, 6)])
    apply_waiting(device.pk)
    assert calls == [5] and noted.seen == []
    assert answers(device)[0]["warnings"] == ["at_once"]


def test_a_wide_door_that_fails_leaves_the_narrow_one(noted: Notebook, device: Device) -> None:
    def many(*, actor: object, items: list[object]) -> list[Applied]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return []

    kinds.applies_many(KIND)(many)
    send(device, [item(seq) for seq in range(1, 4)])
    assert apply_waiting(device.pk) == 3
    assert noted.words == ["item 1", "item 2", "item 3"]


def test_a_clock_nine_hours_wrong_is_put_right_by_the_offset_it_measured(noted: Notebook, device: Device) -> None:
    wrong = timezone.now() + timedelta(hours=9)
    offset = {"offset_ms": -9 * 3600 * 1000, "rtt_ms": 80}
    send(device, [item(1, at=wrong)], clock=offset, sent_at=wrong.isoformat())
    apply_waiting(device.pk)
    (row,) = kept()
    assert abs(row.happened_at - timezone.now()) < timedelta(seconds=20)
    assert row.raw_at == wrong
    assert not row.clock_is_doubtful


def test_a_clock_that_was_set_since_it_was_measured_is_put_right_and_doubted(noted: Notebook, device: Device) -> None:
    wrong = timezone.now() - timedelta(hours=9)
    send(device, [item(1, at=wrong)], clock={"offset_ms": 0, "rtt_ms": 80}, sent_at=wrong.isoformat())
    apply_waiting(device.pk)
    (row,) = kept()
    assert abs(row.happened_at - timezone.now()) < timedelta(seconds=20)
    assert row.clock_is_doubtful
    assert answers(device)[0]["state"] == "accepted"
    assert answers(device)[0]["warnings"] == ["clock_doubtful"]


@pytest.mark.parametrize("away", [timedelta(hours=2), timedelta(days=-400)])
def test_the_future_and_the_time_before_enrolment_are_doubted_and_kept(
    noted: Notebook, device: Device, away: timedelta
) -> None:
    send(device, [item(1, at=timezone.now() + away)])
    assert kept()[0].clock_is_doubtful


def test_what_people_typed_is_not_readable_in_the_database(noted: Notebook, device: Device) -> None:
    send(device, [item(1, {"word": "欧阳若兰", "phone": "19900001234"})])
    with connection.cursor() as cursor, acting_as(system_actor("test")):
        cursor.execute("SELECT devices_item::text FROM devices_item")
        ((row,),) = cursor.fetchall()
    assert "欧阳若兰".encode().hex() not in row and b"19900001234".hex() not in row
    assert "欧阳若兰" not in row and "19900001234" not in row


def test_a_day_offline_and_five_thousand_at_once(noted: Notebook, device: Device) -> None:
    since = timezone.now() - timedelta(hours=24)
    items = [item(seq, at=since + timedelta(seconds=seq)) for seq in range(1, 5001)]
    for start in range(0, 5000, 500):
        send(device, items[start : start + 500])
    while apply_waiting(device.pk, limit=1000):
        pass
    assert noted.words == [f"item {seq}" for seq in range(1, 5001)]
    with acting_as(system_actor("test")):
        progress = Progress.objects.get(device=device)
        assert (progress.applied_to, progress.answers) == (5000, 5000)
        assert Arrival.objects.count() == 10
