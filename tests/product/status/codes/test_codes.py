"""Codes of residents: issued, read, carried and found again, with the real keys and the real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lianfang.domains.lab_testing.models import Sample, Tube
from lianfang.domains.registry.selectors import NotThereError
from lianfang.domains.status import codes
from lianfang.domains.status.models import Colour, HealthStatus, PrintedCode, ProofKey
from lianfang.engine.field.changes import ChangedFilter
from lianfang.engine.field.lookup import lookup_of
from lianfang.engine.field.tokens import public_of, read_code, show
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.privacy.models import DataKey
from lianfang.foundation.privacy.numbers import forget_keys
from tests.product.world import World, demo_identity

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())
HOLDER = bytes(range(32))
HOLDER_KEY = public_of(HOLDER)
LOOKUP_KEY = "ab" * 32


def decide(world: World, name: str, status: str, *, as_of: datetime = NOW, until_at: datetime | None = None) -> None:
    person = world.people[name]
    keys = ("county_id", "township_id", "community_id", "building_id", "household_id")
    with acting_as(system_actor("test")):
        HealthStatus.objects.update_or_create(
            person_id=person.pk,
            defaults={key: getattr(person, key) for key in keys}
            | {"status": status, "rule": "test", "reason": "test", "until_at": until_at, "pack": "test",
               "pack_version": 1, "as_of": as_of},
        )  # fmt: skip


def swab(world: World, name: str, code: str, conclusion: str, sampled_at: datetime) -> None:
    person = world.people[name]
    keys = {key: getattr(person, key) for key in ("county_id", "township_id", "community_id", "building_id")}
    with acting_as(system_actor("test")):
        tube = Tube.objects.create(**keys, code=code, capacity=10, state="resulted", conclusion=conclusion,
                                   opened_at=sampled_at)  # fmt: skip
        Sample.objects.create(
            **keys, tube=tube, person_id=person.pk, household_id=person.household_id, name=name,
            tube_community_id=person.community_id, sampled_at=sampled_at, received_at=sampled_at,
        )  # fmt: skip


def token(world: World, name: str, login: str = "resident", moment: datetime = NOW) -> codes.Issued:
    actor = world.actor(login)
    with acting_as(actor):
        return codes.issue_token(actor=actor, person_id=world.people[name].pk, holder_key=HOLDER_KEY, moment=moment)


def test_a_resident_gets_a_code_for_their_own_phone_and_any_gate_reads_it(world: World) -> None:
    decide(world, "陈建国", Colour.GREEN)
    swab(world, "陈建国", "R1-000001", "negative", NOW - timedelta(hours=5))
    swab(world, "陈建国", "R1-000002", "", NOW - timedelta(hours=1))
    issued = token(world, "陈建国", "resident")
    verdict = read_code(show(issued.raw, HOLDER, SECOND + 10), keys=codes.published_keys(NOW), now=SECOND + 20)
    assert (verdict.reading, verdict.status, verdict.presence) == ("valid", "green", "verified")
    assert verdict.last_negative_at == SECOND - 5 * 3600
    assert verdict.expires_at == SECOND + codes.TOKEN_HOURS * 3600
    assert verdict.name == ""
    assert codes.person_behind(verdict.pseudonym or "") == world.people["陈建国"].pk


def test_a_code_ends_with_the_status_it_says(world: World) -> None:
    decide(world, "陈建国", Colour.GREEN, until_at=NOW + timedelta(hours=3))
    assert token(world, "陈建国").expires_at == SECOND + 3 * 3600


def test_a_status_that_has_run_out_is_said_to_be_unknown(world: World) -> None:
    decide(world, "陈建国", Colour.GREEN, until_at=NOW - timedelta(minutes=1))
    issued = token(world, "陈建国")
    assert issued.status == "unknown"
    assert issued.expires_at <= SECOND + 900


def test_who_has_no_decision_has_an_unknown_status(world: World) -> None:
    assert token(world, "陈建国").status == "unknown"


def test_nobody_gets_the_code_of_a_neighbour(world: World) -> None:
    for name in ("王丽华", "郑海"):
        with pytest.raises(NotThereError):
            token(world, name)


def test_no_official_can_bind_a_resident_s_code_to_a_phone_of_their_own(world: World) -> None:
    for login in ("community", "building_chief", "township", "guard", "courier", "administrator"):
        with pytest.raises(NotAllowedError):
            token(world, "陈建国", login)


def test_a_key_that_binds_nobody_is_refused(world: World) -> None:
    actor = world.actor("resident")
    for key in (bytes(32), b"\x01" + bytes(31), b"short"):
        with acting_as(actor), pytest.raises(codes.CodeRefusedError, match="holder_key"):
            codes.issue_token(actor=actor, person_id=world.people["陈建国"].pk, holder_key=key, moment=NOW)


def test_a_name_is_in_a_code_only_where_the_holder_wants_it(world: World) -> None:
    actor = world.actor("resident")
    with acting_as(actor):
        issued = codes.issue_token(
            actor=actor, person_id=world.people["陈建国"].pk, holder_key=HOLDER_KEY, moment=NOW, with_name=True
        )
    assert "陈建国".encode() in issued.raw
    assert "陈建国".encode() not in token(world, "陈建国").raw


def test_a_printed_code_says_no_status_and_the_gate_carries_it(world: World) -> None:
    decide(world, "陈建国", Colour.RED)
    chief = world.actor("building_chief")
    with acting_as(chief):
        issued = codes.issue_printed_code(actor=chief, person_id=world.people["陈建国"].pk, moment=NOW)
        assert PrintedCode.objects.visible_to(chief).count() == 1
    later = SECOND + 80 * 24 * 3600
    verdict = read_code(issued.text, keys=codes.published_keys(NOW + timedelta(days=80)), now=later)
    assert (verdict.reading, verdict.kind, verdict.status) == ("valid", "printed", None)
    row = next(row for row in carried(world) if row["pseudonym"] == verdict.pseudonym)
    assert row["status"] == "red"


def test_a_sheet_of_codes_has_only_those_of_ones_own_places(world: World) -> None:
    chief = world.actor("building_chief")
    people = [world.people[name].pk for name in ("陈建国", "王丽华", "周志强")]
    with acting_as(chief):
        found = codes.issue_printed_codes(actor=chief, person_ids=people, moment=NOW)
    assert set(found) == set(people[:2])


def test_a_lost_paper_is_withdrawn_and_the_next_one_counts(world: World) -> None:
    actor, person_id = world.actor("community"), world.people["陈建国"].pk
    with acting_as(actor):
        lost = codes.issue_printed_code(actor=actor, person_id=person_id, moment=NOW)
        with pytest.raises(codes.CodeRefusedError, match="because_needed"):
            codes.withdraw_printed_codes(actor=actor, person_id=person_id, because=" ", moment=NOW)
        assert codes.withdraw_printed_codes(actor=actor, person_id=person_id, because="遗失", moment=NOW) == 1
        fresh = codes.issue_printed_code(actor=actor, person_id=person_id, moment=NOW + timedelta(minutes=1))
    row = next(row for row in carried(world) if row["pseudonym"] == lost.pseudonym)
    assert lost.issued_at < row["printed_from_at"] <= fresh.issued_at
    assert Entry.objects.filter(action="status.withdraw_printed_codes").count() == 1


def carried(world: World, login: str = "guard") -> list[dict[str, object]]:
    actor = world.actor(login)
    with acting_as(actor):
        return codes.statuses_for(actor=actor, lookup_key=LOOKUP_KEY, moment=NOW)


def test_a_guard_carries_statuses_of_the_community_without_names_numbers_or_addresses(world: World) -> None:
    decide(world, "陈建国", Colour.GREEN, until_at=NOW + timedelta(hours=3))
    rows = carried(world)
    assert len(rows) == 8
    assert [row["pseudonym"] for row in rows] == sorted(str(row["pseudonym"]) for row in rows)
    row = next(row for row in rows if lookup_of(LOOKUP_KEY, demo_identity(1)) in row["lookups"])
    assert row["pseudonym"] == codes.pseudonym_of(world.people["陈建国"].pk).hex()
    assert (row["status"], row["until_at"]) == ("green", SECOND + 3 * 3600)
    assert lookup_of(LOOKUP_KEY, "19900000001") in row["lookups"]
    text = str(rows)
    for word in ("陈建国", "101", demo_identity(1)[:12], "1990000", str(world.people["陈建国"].pseudonym)):
        assert word not in text
    with pytest.raises(NotAllowedError):
        carried(world, "courier")


def test_another_device_cannot_use_the_look_ups_of_this_one(world: World) -> None:
    assert not any(lookup_of("cd" * 32, demo_identity(1)) in row["lookups"] for row in carried(world))


def changes(world: World, moment: datetime = NOW) -> ChangedFilter:
    guard = world.actor("guard")
    with acting_as(guard):
        return codes.changed_since(actor=guard, moment=moment)


def test_whoever_turned_red_anywhere_since_is_in_the_filter_of_changes(world: World) -> None:
    decide(world, "陈建国", Colour.RED, as_of=NOW - timedelta(hours=1))
    decide(world, "郑海", Colour.UNKNOWN, as_of=NOW - timedelta(hours=25))
    decide(world, "王丽华", Colour.GREEN, as_of=NOW - timedelta(hours=1))
    decide(world, "赵大勇", Colour.RED, as_of=NOW - timedelta(days=3))
    found = changes(world)
    names = ("陈建国", "郑海", "王丽华", "赵大勇")
    hit = [found.has(codes.pseudonym_of(world.people[name].pk)) for name in names]
    assert hit == [True, True, False, False]
    assert found.since_at <= SECOND - codes.TOKEN_HOURS * 3600


def test_devices_that_ask_together_get_the_same_filter_and_later_ones_another_salt(world: World) -> None:
    decide(world, "陈建国", Colour.RED)
    assert changes(world) == changes(world, NOW + timedelta(seconds=30))
    assert changes(world).salt != changes(world, NOW + timedelta(minutes=10)).salt


def test_the_server_answers_many_gates_with_one_question(world: World) -> None:
    decide(world, "陈建国", Colour.RED)
    names = ("陈建国", "王丽华", "郑海")
    pseudonyms = [codes.pseudonym_of(world.people[name].pk).hex() for name in names]
    with acting_as(system_actor("gate")), CaptureQueriesContext(connection) as asked:
        found = codes.live_statuses([*pseudonyms, "00" * 16, "zz"], NOW)
    assert len(asked) == 1
    assert [found[one].status for one in pseudonyms] == ["red", "unknown", "unknown"]
    assert set(found) == set(pseudonyms)
    assert all(one.is_live for one in found.values())


def test_a_pseudonym_leads_back_only_to_people_of_ones_own_places(world: World) -> None:
    ours, theirs = (codes.pseudonym_of(world.people[name].pk) for name in ("陈建国", "郑海"))
    community = world.actor("community")
    with acting_as(community):
        assert codes.person_of_pseudonym(actor=community, pseudonym=ours) == world.people["陈建国"].pk
        assert codes.person_of_pseudonym(actor=community, pseudonym=theirs) is None
        for made_up in (bytes(16), ours[:-1] + bytes([ours[-1] ^ 1]), "xyz", "00"):
            assert codes.person_of_pseudonym(actor=community, pseudonym=made_up) is None


def test_a_pseudonym_is_not_the_engines_and_changes_with_the_installations_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = codes.pseudonym_of(1)
    assert before.hex() != world.people["陈建国"].pseudonym
    monkeypatch.setattr(settings, "INDEX_KEY", bytes(32))
    assert codes.pseudonym_of(1) != before
    assert codes.person_behind(before) is None


def test_keys_are_published_before_they_sign_and_old_codes_stay_readable(world: World) -> None:
    assert codes.rotate_keys(NOW) == 1
    assert codes.rotate_keys(NOW) == 0
    old = token(world, "陈建国")
    ahead = NOW + timedelta(days=5, hours=1)
    assert codes.rotate_keys(ahead) == 1
    following = codes.published_keys(ahead)[-1]
    assert following.from_at > int(ahead.timestamp()) + 24 * 3600
    turned = NOW + timedelta(days=7, hours=1)
    new = token(world, "陈建国", moment=turned)
    assert new.kid == following.kid.hex() != old.kid
    # Known to a device that was last in contact before the change.
    shown = show(new.raw, HOLDER, int(turned.timestamp()))
    assert read_code(shown, keys=codes.published_keys(ahead), now=int(turned.timestamp())).reading == "valid"


def test_a_revoked_key_proves_nothing_and_another_signs_at_once(world: World) -> None:
    old = token(world, "陈建国")
    with acting_as(admin := world.actor("administrator")):
        codes.revoke_key(actor=admin, kid=old.kid, because="私钥可能外泄", moment=NOW)
    new = token(world, "陈建国")
    readings = [
        read_code(show(one.raw, HOLDER, SECOND), keys=codes.published_keys(NOW), now=SECOND).reading
        for one in (old, new)
    ]
    assert readings == ["key_revoked", "valid"]
    assert Entry.objects.get(action="status.revoke_proof_key").details == {"because": "私钥可能外泄"}


def test_only_the_administrator_revokes_keys_and_says_why(world: World) -> None:
    kid = token(world, "陈建国").kid
    for login in ("community", "district", "guard", "resident"):
        with acting_as(actor := world.actor(login)), pytest.raises(NotAllowedError):
            codes.revoke_key(actor=actor, kid=kid, because="x", moment=NOW)
        with acting_as(actor), pytest.raises(NotAllowedError):
            codes.all_keys(actor=actor)
    with acting_as(admin := world.actor("administrator")), pytest.raises(codes.CodeRefusedError, match="because"):
        codes.revoke_key(actor=admin, kid=kid, because="", moment=NOW)


def test_closing_an_outbreak_shreds_the_signing_keys_and_others_sign(world: World) -> None:
    before = token(world, "陈建国")
    with acting_as(system_actor("test")):
        codes.rotate_keys(NOW + timedelta(days=6))
        DataKey.objects.update(destroyed_at=NOW)
        forget_keys()
    later = NOW + timedelta(hours=1)
    after = token(world, "陈建国", moment=later)
    assert after.kid != before.kid
    keys = codes.published_keys(later)
    readings = [
        read_code(show(one.raw, HOLDER, SECOND + 3600), keys=keys, now=SECOND + 3600) for one in (before, after)
    ]
    assert [one.reading for one in readings] == ["valid", "valid"]


def test_private_keys_lie_sealed(world: World) -> None:
    token(world, "陈建国")
    key = ProofKey.objects.get()
    assert len(bytes(key.private_sealed)) > 64
    assert bytes(key.public) not in bytes(key.private_sealed)
