"""Pages of codes: a lost paper at the person, the signing keys at the administrator's."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django.utils import timezone

from lianfang.domains.status import codes
from lianfang.domains.status.models import PrintedCode, ProofKey
from lianfang.engine.field.tokens import VerifyingKey, read_code
from lianfang.foundation.access.scope import acting_as
from tests.product.world import World

Browse = Callable[[str], Client]


def printed(world: World, name: str) -> int:
    actor, person = world.actor("community"), world.people[name]
    with acting_as(actor):
        codes.issue_printed_code(actor=actor, person_id=person.pk, moment=timezone.now())
    return person.pk


def test_a_lost_paper_is_withdrawn_on_the_person_s_page(world: World, browse: Browse) -> None:
    person_id = printed(world, "陈建国")
    chief = browse("building_chief")
    assert "作废这些纸质码" in chief.get(f"/status/people/{person_id}/").content.decode()
    answer = chief.post(f"/status/people/{person_id}/withdraw-papers/", {"because": "钱包丢了"}, follow=True)
    assert "已作废 1 张" in answer.content.decode()
    assert "作废这些纸质码" not in answer.content.decode()
    with acting_as(actor := world.actor("community")):
        paper = PrintedCode.objects.visible_to(actor).get()
    assert (paper.withdrawn_because, paper.withdrawn_by) == ("钱包丢了", "building_chief员")


def test_withdrawing_needs_a_reason_and_a_place(world: World, browse: Browse) -> None:
    person_id = printed(world, "陈建国")
    community = browse("community")
    answer = community.post(f"/status/people/{person_id}/withdraw-papers/", {"because": " "}, follow=True)
    assert "请写明原因" in answer.content.decode()
    stranger = world.people["郑海"].pk
    assert community.post(f"/status/people/{stranger}/withdraw-papers/", {"because": "x"}).status_code == 404
    with acting_as(actor := world.actor("community")):
        assert PrintedCode.objects.visible_to(actor).filter(withdrawn_at=None).count() == 1


def test_who_only_looks_sees_no_papers(world: World, browse: Browse) -> None:
    person_id = printed(world, "陈建国")
    assert "纸质码" not in browse("supervisor").get(f"/status/people/{person_id}/").content.decode()


def test_the_administrator_sees_the_keys_and_revokes_one(world: World, browse: Browse) -> None:
    administrator = browse("administrator")
    assert "还没有签发过码" in administrator.get("/status/keys/").content.decode()
    printed(world, "陈建国")
    key = ProofKey.objects.get()
    page = administrator.get("/status/keys/").content.decode()
    assert key.kid in page
    assert "正在签名" in page
    assert bytes(key.private_sealed).hex() not in page
    refused = administrator.post(f"/status/keys/{key.kid}/revoke/", {"because": ""})
    assert (refused.status_code, "请写明原因" in refused.content.decode()) == (422, True)
    assert administrator.post("/status/keys/0000/revoke/", {"because": "x"}).status_code == 422
    done = administrator.post(
        f"/status/keys/{key.kid}/revoke/", {"because": "服务器失窃"}, follow=True
    ).content.decode()
    assert "已作废，另一个密钥已开始签名" in done
    assert "服务器失窃" in done
    assert ProofKey.objects.filter(revoked_at=None).count() == 1


def test_nobody_else_sees_the_keys(browse: Browse) -> None:
    for login in ("community", "district", "auditor", "guard", "resident"):
        assert browse(login).get("/status/keys/").status_code == 403


def test_anybody_may_fetch_the_public_keys_and_reads_a_code_with_them(world: World) -> None:
    actor, person = world.actor("community"), world.people["陈建国"]
    with acting_as(actor):
        issued = codes.issue_printed_code(actor=actor, person_id=person.pk, moment=timezone.now())
    answer = Client().get("/status/keys.json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    keys = [VerifyingKey.from_json(key) for key in answer.json()["keys"]]
    now = int(timezone.now().timestamp())
    assert read_code(issued.text, keys=keys, now=now).reading == "valid"
    assert {key.kid.hex() for key in keys} == {issued.kid}
    assert bytes(ProofKey.objects.get().private_sealed).hex() not in answer.content.decode()
