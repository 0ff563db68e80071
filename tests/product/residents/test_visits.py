"""From a slip to a session that sees one household, and no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lianfang.domains.registry.models import Person
from lianfang.domains.residents.models import Helper, HouseholdInvite, ResidentSession, WrongToken
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services import (
    begin_helping,
    check_digits,
    end_visit,
    make_invites,
    open_visit,
    revoke_invite,
    stop_helping,
    unlock_invite,
    visit_for,
    visits_of_phone,
)
from lianfang.domains.residents.services.invites import ALPHABET, MOST_USES, MOST_WRONG, SAME_NIGHT, token_hash
from lianfang.domains.residents.services.visits import CHECK_LASTS, WRONG_PER_ADDRESS, Visit
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from tests.product.residents.conftest import Slip, invite
from tests.product.world import World


def opened(slip: Slip, secret: str = "phone") -> Visit:
    session = open_visit(token=slip.token, address="10.0.0.1", device="a phone", secret=secret)
    found = visit_for(session.pk, secret)
    assert found is not None
    return found


def refused(slip: Slip, secret: str = "another") -> str:
    with pytest.raises(ResidentProblemError) as said:
        open_visit(token=slip.token, address="10.0.0.1", device="", secret=secret)
    return said.value.code


def as_system(model: type, **changes: object) -> None:
    with acting_as(system_actor("test")):
        model._default_manager.update(**changes)  # type: ignore[attr-defined]


def test_a_token_is_kept_as_a_keyed_hash_and_read_however_it_is_typed(world: World, slip: Slip) -> None:
    with acting_as(system_actor("test")):
        kept = bytes(HouseholdInvite.objects.get().token_hash)
    typed = slip.token.replace("-", " ").upper()
    assert token_hash(typed) == kept
    assert slip.token.encode() not in kept and set(slip.token) <= set(ALPHABET + "-")
    assert token_hash("short") is None and token_hash("0000-0000-0000") is None


def test_a_phone_acts_for_its_household_and_sees_nobody_else(world: World, slip: Slip) -> None:
    visit = opened(slip)
    with acting_as(visit.actor):
        names = set(Person.objects.values_list("name", flat=True))
    assert names == {"陈建国", "林秀英", "陈小宝"}
    with acting_as(visit.actor):
        assert not HouseholdInvite.objects.exists() and not ResidentSession.objects.exists()


def test_personal_data_waits_for_the_last_digits_of_a_registered_number(world: World, slip: Slip) -> None:
    visit = opened(slip)
    assert not visit.is_checked and visit.can_check
    assert not check_digits(visit=visit, digits="9999")
    assert check_digits(visit=visit, digits=" 0002 ")
    found = visit_for(visit.id, "phone")
    assert found is not None and found.is_checked


def test_another_phone_needs_the_secret_not_the_number_of_the_session(slip: Slip) -> None:
    visit = opened(slip)
    assert visit_for(visit.id, "guessed") is None
    assert visit_for(visit.id + 1, "phone") is None


def test_a_phone_left_lying_asks_again(slip: Slip) -> None:
    visit = opened(slip)
    check_digits(visit=visit, digits="0001")
    as_system(ResidentSession, seen_at=timezone.now() - CHECK_LASTS - timedelta(minutes=1))
    found = visit_for(visit.id, "phone")
    assert found is not None and not found.is_checked
    assert not visit_for(visit.id, "phone").is_checked  # type: ignore[union-attr]


def test_wrong_digits_lock_the_slip_until_the_community_unlocks_it(world: World, slip: Slip) -> None:
    visit = opened(slip)
    for _ in range(MOST_WRONG):
        assert not check_digits(visit=visit, digits="9999")
    with pytest.raises(ResidentProblemError, match="link_locked"):
        check_digits(visit=visit, digits="0001")
    other = opened(slip, "second")
    assert other.is_locked
    chief = world.actor("building_chief")
    with acting_as(chief):
        unlock_invite(actor=chief, invite_id=slip.made.invite.pk)
    assert check_digits(visit=visit, digits="0001")


def test_a_revoked_slip_ends_every_phone_and_a_new_one_only_opens_no_more(world: World, slip: Slip) -> None:
    visit = opened(slip)
    invite(world)
    assert opened(slip, "printed twice tonight").id
    as_system(HouseholdInvite, made_at=timezone.now() - SAME_NIGHT)
    again = Slip(invite(world))
    assert refused(slip) == "link_superseded"
    assert visit_for(visit.id, "phone") is not None, "who is in stays in"
    assert open_visit(token=slip.token, address="", device="", secret="phone").pk == visit.id
    third = opened(again, "third")
    actor = world.actor("community")
    with acting_as(actor):
        with pytest.raises(ResidentProblemError, match="because_needed"):
            revoke_invite(actor=actor, invite_id=again.made.invite.pk, because=" ")
        revoke_invite(actor=actor, invite_id=again.made.invite.pk, because="掉在楼道里")
    assert visit_for(third.id, "third") is None and refused(again) == "link_revoked"
    assert refused(again, "third") == "link_revoked"


def test_an_ended_slip_and_a_used_up_one_open_nothing(world: World, slip: Slip) -> None:
    for number in range(MOST_USES):
        opened(slip, f"phone {number}")
    opened(slip, "phone 0")
    assert refused(slip) == "link_used_up"
    as_system(HouseholdInvite, ends_at=timezone.now() - timedelta(minutes=1))
    assert refused(slip) == "link_ended"


def test_guessing_links_is_slowed_by_address_and_right_ones_do_not_count(slip: Slip) -> None:
    for _ in range(WRONG_PER_ADDRESS):
        with pytest.raises(ResidentProblemError, match="link_unknown"):
            open_visit(token="aaaa-bbbb-cccc", address="10.0.0.1", device="", secret="x")
    assert refused(slip) == "slow_down"
    assert open_visit(token=slip.token, address="10.0.0.2", device="", secret="y").pk
    as_system(WrongToken, at=timezone.now() - timedelta(minutes=16))
    assert opened(slip).id


def test_a_household_without_numbers_cannot_be_checked_and_shows_nothing(world: World) -> None:
    as_system(Person, phone_sealed=None, id_sealed=None)
    visit = opened(Slip(invite(world)))
    assert not visit.can_check and not visit.is_checked
    assert not check_digits(visit=visit, digits="0001") and not check_digits(visit=visit, digits="")


def test_a_slip_handed_over_in_person_needs_no_digits(world: World) -> None:
    assert opened(Slip(invite(world, needs_check=False))).is_checked


def test_a_neighbour_of_another_building_makes_no_slip(world: World) -> None:
    chief = world.actor("building_chief")
    with acting_as(chief), pytest.raises(ResidentProblemError, match="household_elsewhere"):
        make_invites(actor=chief, household_ids=[world.households["b2-101"].pk])
    guard = world.actor("guard")
    with acting_as(guard), pytest.raises(NotAllowedError):
        make_invites(actor=guard, household_ids=[world.households["b1-101"].pk])
    with acting_as(chief), pytest.raises(ResidentProblemError, match="invite_end"):
        make_invites(actor=chief, household_ids=[1], ends_at=timezone.now())


def test_who_helps_whom_and_how_they_agreed_is_kept_and_what_they_do_carries_it(world: World, slip: Slip) -> None:
    visit = opened(slip)
    elder = world.people["林秀英"]
    with acting_as(visit.actor):
        with pytest.raises(ResidentProblemError, match="consent_needed"):
            begin_helping(visit=visit, name="王邻居", relation="neighbour", consent="")
        with pytest.raises(ResidentProblemError, match="person_elsewhere"):
            begin_helping(visit=visit, name="王邻居", relation="neighbour", consent="beside_me",
                          person_id=world.people["周志强"].pk)  # fmt: skip
        helper = begin_helping(visit=visit, name="王邻居", relation="neighbour", consent="beside_me",
                               person_id=elder.pk, note="老人没有手机")  # fmt: skip
    helping = visit_for(visit.id, "phone")
    assert helping is not None and helping.helper == helper and f"代办#{helper.pk}" in helping.actor.name
    with acting_as(world.actor("building_chief")):
        assert Helper.objects.get().name == "王邻居"
    with acting_as(world.actor("supervisor")):
        assert not any("王邻居" in one.actor_name for one in Entry.objects.all()), "the trail names no resident"
    with acting_as(helping.actor):
        stop_helping(visit=helping)
    assert visit_for(visit.id, "phone").helper is None  # type: ignore[union-attr]


def test_a_phone_has_several_households_and_forgets_one(world: World, slip: Slip) -> None:
    mine = opened(slip)
    mother = opened(Slip(invite(world, "b2-101")))
    assert {one.pk for one in visits_of_phone("phone")} == {mine.id, mother.id}
    end_visit(visit=mother)
    assert [one.pk for one in visits_of_phone("phone")] == [mine.id]
    assert visit_for(mother.id, "phone") is None
