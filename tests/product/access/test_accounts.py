from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.http import Http404
from django.test import Client

from lianfang.foundation.access.actor import NotAllowedError
from lianfang.foundation.access.models import Account, Posting
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.access.selectors import account_for, accounts_for
from lianfang.foundation.access.services import (
    AccountProblemError,
    create_account,
    end_posting,
    give_posting,
    reset_password,
    set_active,
)
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.privacy.services import PurposeNeededError, unmask
from tests.product.world import World, demo_identity

Browse = Callable[..., Client]


def test_an_account_begins_without_rights_and_with_a_password_to_change(world: World) -> None:
    account, password = create_account(actor=world.actor("administrator"), login="Zhang.Wei", name="张伟")
    assert account.login == "zhang.wei" and account.must_change_password and account.check_password(password)
    assert not account.postings.exists()
    assert Entry.objects.get(action="access.create_account").target_id == str(account.pk)


@pytest.mark.parametrize(
    ("login", "code"),
    [("ab", "login_form"), ("有字", "login_form"), ("community", "login_taken"), ("a b c", "login_form")],
)
def test_a_login_that_cannot_be_is_refused_with_its_reason(world: World, login: str, code: str) -> None:
    with pytest.raises(AccountProblemError) as caught:
        create_account(actor=world.actor("administrator"), login=login, name="某人")
    assert caught.value.code == code and caught.value.field == "login"


def test_a_posting_gets_the_scope_of_its_place(world: World) -> None:
    account = world.accounts["courier"]
    chief = give_posting(
        actor=world.actor("administrator"), account=account, role=Role.BUILDING_CHIEF, place_id=world.places["c1"].pk
    )
    assert chief.level == "building" and set(chief.scope_ids) == {world.places["b1"].pk, world.places["b2"].pk}
    clerk = give_posting(
        actor=world.actor("administrator"), account=account, role=Role.COMMUNITY, place_id=world.places["west"].pk
    )
    assert (clerk.level, clerk.scope_ids, clerk.place_label) == (
        "community",
        [world.places["west"].pk],
        "青石镇 西湖社区",
    )


def test_a_community_posts_only_below_itself_and_only_inside(world: World) -> None:
    community, account = world.actor("community"), world.accounts["courier"]
    with pytest.raises(NotAllowedError) as caught:
        give_posting(actor=community, account=account, role=Role.TOWNSHIP, place_id=world.places["township"].pk)
    assert caught.value.code == "gives_role"
    with pytest.raises(NotAllowedError) as caught:
        give_posting(actor=community, account=account, role=Role.SAMPLER, place_id=world.places["west"].pk)
    assert caught.value.code == "place_outside"
    assert (
        give_posting(actor=community, account=account, role=Role.SAMPLER, place_id=world.places["east"].pk).role
        == "sampler"
    )


def test_a_resident_is_posted_to_a_household_inside(world: World) -> None:
    posting = give_posting(
        actor=world.actor("community"),
        account=world.accounts["courier"],
        role=Role.RESIDENT,
        place_id=world.households["b1-201"].pk,
    )
    assert posting.level == "household" and posting.scope_ids == [world.households["b1-201"].pk]
    with pytest.raises(NotAllowedError):
        give_posting(
            actor=world.actor("community"),
            account=world.accounts["courier"],
            role=Role.RESIDENT,
            place_id=world.households["w1-101"].pk,
        )


def test_a_community_sees_only_accounts_below_it(world: World) -> None:
    logins = set(accounts_for(world.actor("community")).values_list("login", flat=True))
    assert {"building_chief", "sampler", "courier", "guard", "resident"} <= logins
    assert not logins & {"township", "administrator", "community"}
    with pytest.raises(Http404):
        account_for(world.actor("community"), world.accounts["township"].pk)


def test_nobody_resets_the_password_of_somebody_above(world: World) -> None:
    with pytest.raises(NotAllowedError):
        reset_password(actor=world.actor("community"), account=world.accounts["township"])


def test_the_last_administrator_cannot_be_removed(world: World) -> None:
    with pytest.raises(AccountProblemError, match="last_administrator"):
        end_posting(actor=world.actor("administrator"), posting=Posting.objects.get(role="administrator"))


def test_one_cannot_close_the_account_one_uses(world: World) -> None:
    with pytest.raises(AccountProblemError, match="own_account"):
        set_active(actor=world.actor("administrator"), account=world.accounts["administrator"], is_active=False)


def test_an_account_is_made_posted_and_signs_in_on_the_web(world: World, browse: Browse) -> None:
    admin = browse("administrator")
    answer = admin.post("/accounts/new/", {"login": "li.na", "name": "李娜", "phone": "19900009999"})
    password = re.search(r"<code[^>]*>([a-z0-9-]+)</code>", answer.content.decode())
    assert password is not None
    account = Account.objects.get(login="li.na")
    assert "东湖社区" in admin.get("/accounts/places/", {"place_text": "东湖"}).content.decode()
    give = {"role": "community", "place": world.places["east"].pk, "ends_at": ""}
    assert admin.post(f"/accounts/{account.pk}/give/", give).status_code == 302
    newcomer = browse()
    answer = newcomer.post("/sign-in/", {"login": "li.na", "password": password[1]})
    assert answer.headers["Location"] == "/account/"


def test_a_posting_without_its_place_says_so_and_keeps_the_form(world: World, browse: Browse) -> None:
    answer = browse("administrator").post(
        f"/accounts/{world.accounts['courier'].pk}/give/", {"role": "community", "place": ""}
    )
    assert "请选择地点" in answer.content.decode()


def test_opening_a_number_needs_a_purpose_and_is_on_the_record(world: World) -> None:
    person = world.people["陈建国"]
    with acting_as(world.actor("community")) as actor:
        with pytest.raises(PurposeNeededError):
            unmask(actor=actor, purpose="curiosity", kind="phone", model="registry.person", row_id=person.pk)
        number = unmask(actor=actor, purpose="contact", kind="phone", model="registry.person", row_id=person.pk)
    assert number == "19900000001"
    entry = Entry.objects.get(action="privacy.unmask_phone")
    assert (entry.purpose, entry.target_id, entry.actor_name) == ("contact", str(person.pk), "community员")
    assert "19900000001" not in str(entry.details)


def test_a_number_of_another_community_is_not_found(world: World, browse: Browse) -> None:
    person = world.people["郑海"]
    answer = browse("community").post(f"/privacy/registry.person/{person.pk}/identity/", {"purpose": "contact"})
    assert answer.status_code == 404 and demo_identity(9) not in answer.content.decode()


def test_numbers_are_sealed_at_rest(world: World) -> None:
    person = world.people["陈建国"]
    for column in (person.id_sealed, person.phone_sealed, person.id_index, person.phone_index):
        assert b"1990000" not in bytes(column) and b"990101" not in bytes(column)


@pytest.mark.parametrize("ends_at", ["2022-02-30T00:00", "2022-09-01T25:61", "0001-01-01T00:00", "x"])
def test_an_end_of_a_posting_that_is_no_time_is_told_at_its_field(world: World, browse: Browse, ends_at: str) -> None:
    give = {"role": "sampler", "place": world.places["east"].pk, "ends_at": ends_at}
    before = Posting.objects.count()
    answer = browse("administrator").post(f"/accounts/{world.accounts['courier'].pk}/give/", give)
    assert answer.status_code in (200, 422)
    assert Posting.objects.count() == before
