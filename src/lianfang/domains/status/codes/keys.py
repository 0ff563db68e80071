"""Keys that sign: made, published before they sign, replaced every week, revoked."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from django.db import connection, transaction

from lianfang.domains.status.codes.refusals import CodeRefusedError
from lianfang.domains.status.models import ProofKey
from lianfang.engine.field.tokens import VerifyingKey, key_id, public_of
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import KeyDestroyedError, seal, unseal

SIGNS_FOR = timedelta(days=7)
# Published so long before it signs: a device shows nothing a day after its last contact.
AHEAD = timedelta(days=2)
PRINTED_DAYS = 90
_LOCK = 0x4C46_4B45_59


def published_keys(moment: datetime) -> list[VerifyingKey]:
    """What devices carry: every key under which a code may still be read, revoked ones marked, the oldest first."""
    found = ProofKey.objects.filter(reads_until__gt=moment).order_by("signs_from", "pk")
    return [
        VerifyingKey(
            bytes.fromhex(key.kid), bytes(key.public), _second(key.signs_from), _second(key.signs_until),
            key.revoked_at is not None,
        )
        for key in found
    ]  # fmt: skip


def all_keys(*, actor: Actor) -> list[ProofKey]:
    """Every key there was, the latest first, for the administrator."""
    actor.authorise(Action.CODE_KEYS)
    return list(ProofKey.objects.order_by("-signs_from", "-pk"))


def signing_key(moment: datetime) -> tuple[str, bytes]:
    """Id and private half of the key that signs now; makes one where there is none."""
    key = _signing(moment)
    if key is None:
        rotate_keys(moment)
        key = _signing(moment)
    assert key is not None
    try:
        private = unseal(key.private_sealed)
    except KeyDestroyedError:
        # An outbreak was closed and its data key shredded. What the old keys signed stays readable; new ones sign.
        _end_unreadable(moment)
        return signing_key(moment)
    assert private is not None
    return key.kid, bytes.fromhex(private)


@transaction.atomic
def _end_unreadable(moment: datetime) -> None:
    """Keys whose private half cannot be read any more sign nothing from now on; those that never signed are gone."""
    for key in ProofKey.objects.select_for_update().filter(signs_until__gt=moment, revoked_at=None):
        try:
            unseal(key.private_sealed)
        except KeyDestroyedError:
            if key.signs_from < moment:
                key.signs_until = moment
                key.save(update_fields=["signs_until"])
            else:
                key.delete()


def _signing(moment: datetime) -> ProofKey | None:
    found = ProofKey.objects.filter(signs_from__lte=moment, signs_until__gt=moment, revoked_at=None)
    return found.order_by("-signs_from", "-pk").first()


@transaction.atomic
def rotate_keys(moment: datetime) -> int:
    """Make the keys that are missing for now and for AHEAD from now; says how many. Run twice, it makes none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    made = 0
    if _signing(moment) is None:
        _make(moment, moment)
        made += 1
    while True:
        last = ProofKey.objects.filter(revoked_at=None).order_by("-signs_until").first()
        assert last is not None
        if last.signs_until > moment + AHEAD:
            return made
        _make(moment, last.signs_until)
        made += 1


def _make(moment: datetime, signs_from: datetime) -> None:
    private = os.urandom(32)
    public = public_of(private)
    signs_until = signs_from + SIGNS_FOR
    ProofKey.objects.create(
        kid=key_id(public).hex(), public=public, private_sealed=seal(private.hex()) or b"", made_at=moment,
        signs_from=signs_from, signs_until=signs_until, reads_until=signs_until + timedelta(days=PRINTED_DAYS),
    )  # fmt: skip


@transaction.atomic
def revoke_key(*, actor: Actor, kid: str, because: str, moment: datetime) -> None:
    """A key that may be known to others proves nothing from the next contact of each device on, and a new one signs
    at once. Codes that it signed must be issued again, printed ones printed again. For the administrator."""
    actor.authorise(Action.CODE_KEYS)
    if not because.strip():
        raise CodeRefusedError("because_needed")
    key = ProofKey.objects.select_for_update().filter(kid=kid).first()
    if key is None:
        raise CodeRefusedError("key_unknown")
    if key.revoked_at is not None:
        return
    key.revoked_at, key.revoked_by, key.revoked_because = moment, actor.name, because.strip()[:200]
    key.save(update_fields=["revoked_at", "revoked_by", "revoked_because"])
    rotate_keys(moment)
    record(actor=actor, action="status.revoke_proof_key", target_kind="proof_key", target_id=kid,
           details={"because": key.revoked_because})  # fmt: skip


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
