"""Issuing codes: for a phone, bound to its key and short-lived; on paper, long-lived and without a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import people_for, person_for
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.status.codes.carried import known_statuses
from lianfang.domains.status.codes.keys import PRINTED_DAYS, signing_key
from lianfang.domains.status.codes.pseudonyms import pseudonym_of, pseudonyms_of
from lianfang.domains.status.codes.refusals import CodeRefusedError
from lianfang.domains.status.models import PrintedCode
from lianfang.engine.field.base45 import text_of
from lianfang.engine.field.tokens import WEAK_KEYS, ProofClaims, sign
from lianfang.foundation.access.actor import Actor, NotAllowedError, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record

TOKEN_HOURS = 24
# A status that has run out is decided again within a minute: until then the code says unknown, and soon asks anew.
_UNKNOWN_FOR = timedelta(minutes=15)
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")
_ISSUERS = (Action.REGISTRY_EDIT, Action.OWN_HOUSEHOLD)


@dataclass(frozen=True, slots=True)
class Issued:
    """``text``: what the phone keeps and signs anew every half minute, or what is printed. ``status`` None: printed."""

    text: str
    raw: bytes
    kid: str
    pseudonym: str
    status: str | None
    last_negative_at: int | None
    issued_at: int
    expires_at: int


def issue_token(
    *, actor: Actor, person_id: int, holder_key: bytes, moment: datetime, with_name: bool = False
) -> Issued:
    """A code for the phone that holds the private half of ``holder_key`` (32 bytes, Ed25519). Only for an actor of the
    household: whoever else bound somebody's code to a phone of their own could pass as them.

    It says the status in force and ends with it, after TOKEN_HOURS at the latest. ``with_name``: the holder wants the
    name in it. Raises NotThereError outside of the actor's places, CodeRefusedError for a key that binds nobody and for
    somebody who lives here no more.
    """
    actor.authorise(Action.OWN_HOUSEHOLD)
    person = _resident(person_for(actor, person_id))
    if len(holder_key) != 32 or holder_key in WEAK_KEYS:
        raise CodeRefusedError("holder_key")
    with acting_as(system_actor("status codes")):
        known = known_statuses([person.pk], moment, is_live=True)[person.pk]
    now = int(moment.timestamp())
    status, expires_at = known.status, now + TOKEN_HOURS * 3600
    if known.until_at is not None:
        expires_at = min(expires_at, known.until_at)
    if expires_at <= now:
        status, expires_at = "unknown", now + int(_UNKNOWN_FOR.total_seconds())
    name = person.name[:40] if with_name else ""
    kid, private = signing_key(moment)
    pseudonym = pseudonym_of(person.pk)
    claims = ProofClaims(pseudonym, now, expires_at, status, known.last_negative_at, holder_key, name)
    raw = sign(claims, private)
    return Issued(text_of(raw), raw, kid, pseudonym.hex(), status, known.last_negative_at, now, expires_at)


def issue_printed_code(*, actor: Actor, person_id: int, moment: datetime) -> Issued:
    """A code on paper; raises as ``issue_token``."""
    _authorise(actor)
    return _print(actor, [_resident(person_for(actor, person_id))], moment)[0]


def issue_printed_codes(*, actor: Actor, person_ids: Sequence[int], moment: datetime) -> dict[int, Issued]:
    """For a stairwell's sheet: by person, without those who live outside of the actor's places or here no more."""
    _authorise(actor)
    people = [one for one in people_for(actor, person_ids) if one.state in RESIDENT_STATES]
    return dict(zip([one.pk for one in people], _print(actor, people, moment), strict=True))


@transaction.atomic
def _print(actor: Actor, people: Sequence[Person], moment: datetime) -> list[Issued]:
    now, ends = int(moment.timestamp()), moment + timedelta(days=PRINTED_DAYS)
    kid, private = signing_key(moment)
    issued = []
    for pseudonym in pseudonyms_of([one.pk for one in people]):
        raw = sign(ProofClaims(pseudonym, now, int(ends.timestamp())), private)
        issued.append(Issued(text_of(raw), raw, kid, pseudonym.hex(), None, None, now, int(ends.timestamp())))
    PrintedCode.objects.bulk_create(
        PrintedCode(
            **{name: getattr(one, name) for name in _HOME}, person_id=one.pk, kid=kid, issued_at=moment,
            issued_by=actor.name, expires_at=ends,
        )
        for one in people
    )  # fmt: skip
    if people:
        record(actor=actor, action="status.print_codes", target_kind="person", target_id=people[0].pk,
               details={"people": len(people)})  # fmt: skip
    return issued


def standing_papers(actor: Actor, person_id: int, moment: datetime) -> QuerySet[PrintedCode]:
    """Printed codes of a person that still count, the latest first; none outside of the actor's places."""
    found = PrintedCode.objects.visible_to(actor).filter(person_id=person_id, withdrawn_at=None, expires_at__gt=moment)
    return found.order_by("-issued_at", "-pk")


@transaction.atomic
def withdraw_printed_codes(*, actor: Actor, person_id: int, because: str, moment: datetime) -> int:
    """Printed codes of this person, lost or stolen, count no more from each device's next contact on; says how many."""
    _authorise(actor)
    person = person_for(actor, person_id)
    if not because.strip():
        raise CodeRefusedError("because_needed")
    standing = PrintedCode.objects.visible_to(actor).filter(person_id=person.pk, withdrawn_at=None)
    count = standing.update(withdrawn_at=moment, withdrawn_by=actor.name, withdrawn_because=because.strip()[:200])
    record(actor=actor, action="status.withdraw_printed_codes", target_kind="person", target_id=person.pk,
           details={"count": count})  # fmt: skip
    return count


def _authorise(actor: Actor) -> None:
    if not any(actor.may(action) for action in _ISSUERS):
        raise NotAllowedError(Action.REGISTRY_EDIT)


def _resident(person: Person) -> Person:
    if person.state not in RESIDENT_STATES:
        raise CodeRefusedError("not_here")
    return person
