"""What the field server answers, and to whom."""

from __future__ import annotations

import asyncio
import gzip
import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices import kinds
from lianfang.foundation.devices.models import Device, InboxItem
from lianfang.foundation.devices.services import Credentials, Wanted, invite_device, revoke_device
from lianfang.interfaces.field.limits import MOST_SENT, Buckets
from lianfang.interfaces.field.problems import RequestProblemError
from lianfang.interfaces.field.questions import Questions, _Waiting, answer_together
from lianfang.interfaces.field.threads import Threads
from tests.product.devices.asking import Asking
from tests.product.devices.world import KIND, Notebook, enrolled, item, notebook
from tests.product.world import World

API = "/field/api/v1"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Asking:
    return Asking(monkeypatch.setattr)


@pytest.fixture
def noted() -> Iterator[Notebook]:
    with notebook() as found:
        yield found


def by(device: Device, secret: str) -> str:
    return f"Device {device.pk}.{secret}"


def batch(*items: Any, **given: Any) -> dict[str, Any]:
    now = timezone.now().isoformat()
    return {
        "batch": str(uuid.uuid4()),
        "sent_at": now,
        "clock": {"offset_ms": 0, "rtt_ms": 9},
        "items": list(items),
    } | given


def test_a_device_enrols_with_its_token_once(ask: Asking, world: World) -> None:
    wanted = Wanted("3号岗", "李娜", Role.GUARD, world.places["east"].pk, timezone.now() + timedelta(days=1))
    device, token = invite_device(actor=world.actor("community"), wanted=wanted)
    told = ask("POST", f"{API}/enrol", {"token": token, "name": "华为 8"})
    assert told.status == 200
    assert told.json["role"] == "guard" and told.json["places"]["ids"] == [world.places["east"].pk]
    assert told.json["device"] == {"id": str(device.pk), "name": "华为 8", "holder": "李娜", "key_epoch": 1}
    assert len(told.json["storage_key"]) == len(told.json["lookup_key"]) == 64
    again = ask("POST", f"{API}/enrol", {"token": token, "name": "copied"})
    assert (again.status, again.json["code"]) == (403, "token_unknown")
    assert ask("POST", f"{API}/contact", {}, by=f"Device {device.pk}.{told.json['secret']}").status == 200


def test_a_token_that_is_a_day_old_enrols_nothing(ask: Asking, world: World) -> None:
    wanted = Wanted("3号岗", "李娜", Role.GUARD, world.places["east"].pk, timezone.now() + timedelta(days=9))
    device, token = invite_device(actor=world.actor("community"), wanted=wanted)
    with acting_as(system_actor("test")):
        Device.objects.filter(pk=device.pk).update(token_ends_at=timezone.now())
    assert ask("POST", f"{API}/enrol", {"token": token}).json["code"] == "token_ended"


def test_tokens_cannot_be_tried_one_after_the_other(ask: Asking, world: World) -> None:
    told = [ask("POST", f"{API}/enrol", {"token": str(number)}).status for number in range(25)]
    assert told[:20] == [403] * 20 and told[-1] == 429


@pytest.mark.parametrize("credentials", ["", "Device", "Bearer x", "Device x.y", "Device {id}.", "Device {id}.forged",
                                         "Device {other}.{secret}"])  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("POST", "contact"), ("POST", "items"), ("GET", "answers?after=0"),
                                              ("GET", "packages/x"), ("POST", "gate/check")])  # fmt: skip
def test_who_is_no_device_is_told_nothing(ask: Asking, world: World, method: str, path: str, credentials: str) -> None:
    device, secret = enrolled(world)
    other, _ = enrolled(world)
    with question() as _:
        said = credentials.format(id=device.pk, other=other.pk, secret=secret)
        told = ask(method, f"{API}/{path}", batch(item(1)) if method == "POST" else None, by=said)
    assert (told.status, told.json) == (401, {"code": "unknown_device", "gaps": {}})
    with acting_as(system_actor("test")):
        assert not InboxItem.objects.exists()


def test_every_contact_gives_the_key_again_and_a_revoked_device_gets_none(ask: Asking, world: World) -> None:
    device, secret = enrolled(world)
    first = ask(
        "POST", f"{API}/contact", {"sent_at": timezone.now().isoformat(), "key_epoch": 1}, by=by(device, secret)
    )
    assert len(first.json["storage_key"]) == 64 and first.json["answers_after"] == 0
    revoke_device(actor=world.actor("community"), device_id=device.pk, because="手机丢失")
    for path in ("contact", "gate/check"):
        with question() as _:
            told = ask("POST", f"{API}/{path}", {}, by=by(device, secret))
        assert (told.status, told.json["code"]) == (410, "revoked")
        assert "storage_key" not in told.json


def test_an_expired_device_gets_no_key_either(ask: Asking, world: World) -> None:
    device, secret = enrolled(world)
    with acting_as(system_actor("test")):
        Device.objects.filter(pk=device.pk).update(ends_at=timezone.now())
    told = ask("POST", f"{API}/contact", {}, by=by(device, secret))
    assert (told.status, told.json["code"]) == (410, "expired")
    assert ask("GET", f"{API}/packages/sampling", by=by(device, secret)).status == 410


def test_what_a_revoked_device_still_has_is_kept_for_review_and_changes_nothing(
    ask: Asking, world: World, noted: Notebook
) -> None:
    device, secret = enrolled(world)
    revoke_device(actor=world.actor("community"), device_id=device.pk, because="手机丢失")
    told = ask("POST", f"{API}/items", batch(item(1)), by=by(device, secret))
    assert (told.status, told.json["code"]) == (410, "revoked")
    assert [(one["state"], one["code"]) for one in told.json["answers"]] == [("refused", "revoked")]
    assert noted.seen == []


def test_a_month_after_its_end_nothing_is_taken_any_more(ask: Asking, world: World) -> None:
    device, secret = enrolled(world)
    with acting_as(system_actor("test")):
        Device.objects.filter(pk=device.pk).update(ends_at=timezone.now() - timedelta(days=31))
    assert ask("POST", f"{API}/items", batch(item(1)), by=by(device, secret)).status == 410
    with acting_as(system_actor("test")):
        assert not InboxItem.objects.exists()


def test_few_items_are_applied_while_the_device_waits_and_many_later(
    ask: Asking, world: World, noted: Notebook
) -> None:
    device, secret = enrolled(world)
    few = ask("POST", f"{API}/items", batch(item(1), item(2)), by=by(device, secret))
    assert [one["state"] for one in few.json["answers"]] == ["accepted", "accepted"]
    many = batch(*(item(seq) for seq in range(3, 103)))
    told = ask("POST", f"{API}/items", many, by=by(device, secret))
    assert {one["state"] for one in told.json["answers"]} == {"received"}
    assert len(noted.seen) == 2


def test_the_answers_after_a_number_are_those_that_came_later(ask: Asking, world: World, noted: Notebook) -> None:
    device, secret = enrolled(world)
    sent = batch(item(1), item(2), item(3))
    ask("POST", f"{API}/items", sent, by=by(device, secret))
    told = ask("GET", f"{API}/answers?after=2", by=by(device, secret))
    assert [one["id"] for one in told.json["answers"]] == [sent["items"][2]["id"]]
    assert ask("GET", f"{API}/answers?after=x", by=by(device, secret)).status == 400


def test_answers_are_the_devices_own(ask: Asking, world: World, noted: Notebook) -> None:
    device, secret = enrolled(world)
    other, other_secret = enrolled(world)
    ask("POST", f"{API}/items", batch(item(1)), by=by(device, secret))
    assert ask("GET", f"{API}/answers?after=0", by=by(other, other_secret)).json["answers"] == []


def test_an_item_of_another_role_is_refused_though_the_device_is_good(ask: Asking, world: World) -> None:
    device, secret = enrolled(world, role=Role.GUARD)
    with notebook(Action.TESTING_SAMPLE) as noted:
        told = ask("POST", f"{API}/items", batch(item(1)), by=by(device, secret))
    assert [one["code"] for one in told.json["answers"]] == ["not_allowed"]
    assert noted.seen == []


def test_the_database_shows_a_device_nothing_of_another_place(ask: Asking, world: World) -> None:
    """Whatever a kind does, it does inside of the device's scope."""
    from lianfang.domains.registry.models import Person

    def peek(*, actor: Actor, item: kinds.Item) -> kinds.Applied:
        return kinds.Applied(refs={"seen": sorted(Person.objects.values_list("name", flat=True))})

    device, secret = enrolled(world, role=Role.BUILDING_CHIEF, place="b2")
    kinds.applies(KIND, action=Action.REGISTRY_VIEW)(peek)
    told = ask("POST", f"{API}/items", batch(item(1)), by=by(device, secret))
    kinds._kinds.pop(KIND)
    assert told.json["answers"][0]["refs"] == {"seen": ["吴桂芳", "周志强"]}


@pytest.mark.parametrize(
    ("raw", "headers", "status", "code"),
    [
        (b"{", {}, 400, "no_json"), (b"[" * 100_000, {}, 400, "no_json"), (b'{"items": NaN}', {}, 400, "no_json"),
        (b"{}", {}, 400, "no_batch"), (b'{"items": {}}', {}, 400, "no_batch"), (b"[]", {}, 400, "no_batch"),
        (b'{"items": [' + b"1," * 500 + b"1]}", {}, 413, "too_many"), (b" " * (MOST_SENT + 1), {}, 413, "too_large"),
        (gzip.compress(b" " * 30_000_000, mtime=0), {"content_encoding": "gzip"}, 413, "too_large"),
        (gzip.compress(b"{}", mtime=0)[:-9], {"content_encoding": "gzip"}, 400, "cut_off"),
        (b"no gzip", {"content_encoding": "gzip"}, 400, "no_json"),
        (b"{}", {"content_encoding": "br"}, 415, "unknown_encoding"),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused_in_words(
    ask: Asking, world: World, raw: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    device, secret = enrolled(world)
    told = ask("POST", f"{API}/items", raw=raw, by=by(device, secret), **headers)
    assert (told.status, told.json["code"]) == (status, code)


def test_a_packed_batch_is_unpacked_and_a_cut_one_is_not_taken_in_part(
    ask: Asking, world: World, noted: Notebook
) -> None:
    device, secret = enrolled(world)
    packed = gzip.compress(json.dumps(batch(item(1), item(2))).encode())
    cut = ask("POST", f"{API}/items", raw=packed, by=by(device, secret), cut_at=40, content_encoding="gzip")
    assert (cut.status, cut.json["code"]) == (400, "cut_off")
    assert noted.seen == []
    assert ask("POST", f"{API}/items", raw=packed, by=by(device, secret), content_encoding="gzip").status == 200
    assert noted.words == ["item 1", "item 2"]


def test_a_device_that_asks_too_often_waits_and_harms_nobody_else(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr("lianfang.interfaces.field.api.REQUESTS_AT_ONCE", 5)
    ask = Asking(monkeypatch.setattr)
    device, secret = enrolled(world)
    other, other_secret = enrolled(world)
    told = [ask("GET", f"{API}/answers?after=0", by=by(device, secret)) for _ in range(5)]
    assert [one.status for one in told] == [200] * 5
    # Some came back meanwhile; they are used up soon.
    more = (ask("GET", f"{API}/answers?after=0", by=by(device, secret)) for _ in range(200))
    refused = next(one for one in more if one.status != 200)
    assert (refused.status, refused.json["code"]) == (429, "too_often")
    assert int(refused.headers["retry-after"]) >= 1
    assert ask("GET", f"{API}/answers?after=0", by=by(other, other_secret)).status == 200


def test_buckets_fill_up_again() -> None:
    buckets = Buckets(per_second=2, burst=2)
    assert [buckets.wait_for("a", now=0), buckets.wait_for("a", now=0)] == [0, 0]
    assert buckets.wait_for("a", now=0) == 0.5
    assert buckets.wait_for("b", now=0) == 0
    assert buckets.wait_for("a", now=0.5) == 0


def test_a_package_is_for_its_roles_and_known_by_its_content(ask: Asking, world: World) -> None:
    content = {"units": [1, 2]}

    @kinds.package("test", roles={Role.SAMPLER})
    def build(*, actor: Actor, device: Device, moment: datetime) -> dict[str, Any]:
        assert actor.device_id == device.pk
        return dict(content)

    try:
        device, secret = enrolled(world)
        guard, guard_secret = enrolled(world, role=Role.GUARD)
        etag = ask("POST", f"{API}/contact", {}, by=by(device, secret)).json["packages"]["test"]
        told = ask("GET", f"{API}/packages/test", by=by(device, secret), accept_encoding="gzip")
        assert told.headers["etag"] == etag and told.json["units"] == [1, 2]
        assert datetime.fromisoformat(told.json["made_at"]).tzinfo is not None
        assert ask("GET", f"{API}/packages/test", by=by(device, secret), if_none_match=etag).status == 304
        content["units"] = [3]
        assert ask("GET", f"{API}/packages/test", by=by(device, secret), if_none_match=etag).json["units"] == [3]
        assert "test" not in ask("POST", f"{API}/contact", {}, by=by(guard, guard_secret)).json["packages"]
        assert ask("GET", f"{API}/packages/test", by=by(guard, guard_secret)).status == 404
    finally:
        kinds._packages.pop("test")


class question:  # noqa: N801 - reads as what it is in a with
    """A question that only these tests know, under the name that the gate's address asks."""

    def __init__(self) -> None:
        self.rounds: list[int] = []

    def __enter__(self) -> question:
        self.before = kinds._asked.get("gate.check")
        kinds.answers("gate.check", action=Action.GATE_CHECK)(self.answer)
        return self

    def answer(self, *, questions: list[kinds.Question], moment: datetime) -> list[dict[str, Any]]:
        self.rounds.append(len(questions))
        if any(one.body.get("code") == "bad" for one in questions):
            raise ZeroDivisionError
        return [{"answer": "pass", "code": one.body.get("code")} for one in questions]

    def __exit__(self, *_: object) -> None:
        kinds._asked.pop("gate.check")
        if self.before is not None:
            kinds._asked["gate.check"] = self.before


def test_what_gates_ask_is_answered_to_who_may_ask(ask: Asking, world: World) -> None:
    guard, secret = enrolled(world, role=Role.GUARD)
    sampler, sampler_secret = enrolled(world)
    with question():
        assert ask("POST", f"{API}/gate/check", {"code": "x"}, by=by(guard, secret)).json == {
            "answer": "pass",
            "code": "x",
        }
        assert ask("POST", f"{API}/gate/check", {"code": "x"}, by=by(sampler, sampler_secret)).status == 403


def test_a_gate_that_was_revoked_or_enrolled_anew_is_answered_no_more_from_its_next_question(
    ask: Asking, world: World
) -> None:
    guard, secret = enrolled(world, role=Role.GUARD)
    with question():
        for _ in range(2):
            assert ask("POST", f"{API}/gate/check", {"code": "x"}, by=by(guard, secret)).status == 200
        with acting_as(system_actor("test")):
            Device.objects.filter(pk=guard.pk).update(secret_hash=b"another phone's")
        assert ask("POST", f"{API}/gate/check", {"code": "x"}, by=by(guard, secret)).status == 401
        with acting_as(system_actor("test")):
            Device.objects.filter(pk=guard.pk).update(secret_hash=guard.secret_hash, role=Role.SAMPLER)
        assert ask("POST", f"{API}/gate/check", {"code": "x"}, by=by(guard, secret)).status == 403
        with acting_as(system_actor("test")):
            Device.objects.filter(pk=guard.pk).update(role=Role.GUARD)
        assert ask("POST", f"{API}/gate/check", {"code": "x"}, by=by(guard, secret)).status == 200
        revoke_device(actor=world.actor("community"), device_id=guard.pk, because="手机丢失")
        assert ask("POST", f"{API}/gate/check", {"code": "x"}, by=by(guard, secret)).status == 410


def test_a_question_that_breaks_a_round_breaks_no_other_answer(world: World) -> None:
    guard, secret = enrolled(world, role=Role.GUARD)
    who = Credentials(guard.pk, secret)
    together = [_Waiting("gate.check", who, {"code": code}, None) for code in ("a", "bad", "c")]  # type: ignore[arg-type]
    with question() as asked:
        first, broken, last = answer_together(together)
    assert (first, last) == ({"answer": "pass", "code": "a"}, {"answer": "pass", "code": "c"})
    assert isinstance(broken, RequestProblemError) and broken.status == 500
    assert asked.rounds == [3, 1, 1, 1]


def test_the_app_is_served_with_what_keeps_others_out(ask: Asking) -> None:
    page = ask("GET", "/field/")
    policy = page.headers["content-security-policy"]
    assert page.status == 200 and "unsafe-inline" not in policy and "'unsafe-eval'" not in policy
    assert "frame-ancestors 'none'" in policy and page.headers["x-content-type-options"] == "nosniff"
    worker = ask("GET", "/field/sw.js")
    assert (worker.headers["service-worker-allowed"], worker.headers["cache-control"]) == ("/field/", "no-cache")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert ask("GET", "/field/sw.js", if_none_match=worker.headers["etag"]).status == 304
    assert "devices.refused.revoked" in ask("GET", "/field/texts/en.json").json
    assert ask("GET", "/field/texts/fr.json").status == 404


@pytest.mark.parametrize("path", ["../server.py", "%2e%2e/server.py", "js/../../server.py", "/etc/passwd", "nothing.js",
                                  ".hidden", "js", "texts/../../precache.py"])  # fmt: skip
def test_nothing_but_the_app_is_served(ask: Asking, path: str) -> None:
    assert ask("GET", f"/field/{path}").status == 404


def test_the_server_answers_to_its_own_names_only(ask: Asking) -> None:
    assert ask("GET", "/field/", host="evil.example").status == 400
    assert ask("GET", "/field/", host="").status == 400
    assert ask("GET", "/field/", host="localhost:8001").status == 200


def test_a_failure_is_answered_without_saying_what_failed(
    ask: Asking, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("陈建国")

    device, secret = enrolled(world)
    monkeypatch.setattr("lianfang.interfaces.field.api.package_etags", fail)
    told = ask("POST", f"{API}/contact", {}, by=by(device, secret))
    assert (told.status, told.json) == (500, {"code": "failed", "gaps": {}})


def test_a_question_asked_the_moment_a_round_ends_is_answered_too(product_database: None) -> None:
    """One gate after the other: each asks when the round before it has just ended."""

    async def ask_in_turn() -> list[int]:
        threads = Threads()
        questions, nobody = Questions(threads), Credentials(uuid.uuid4(), "nobody's")
        told = []
        for _ in range(20):
            with pytest.raises(RequestProblemError) as problem:
                await asyncio.wait_for(questions.ask("gate.check", nobody, {}), 10)
            told.append(problem.value.status)
        await threads.close()
        return told

    assert asyncio.run(ask_in_turn()) == [401] * 20
