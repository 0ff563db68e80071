"""Invites: a short link for one household, printed on a slip; only a keyed hash of it is kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from lianfang.domains.registry.models import Household
from lianfang.domains.residents.models import HouseholdInvite, ResidentSession
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import blind_index

# Read aloud and typed by hand: no character that looks or sounds like another. Twelve of 31 are 59 bits.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 12
LASTS = timedelta(days=30)
LONGEST = timedelta(days=180)
MOST_USES = 6
MOST_WRONG = 6
# Printed twice in one night, both papers are under doors: only slips of an earlier day are superseded.
SAME_NIGHT = timedelta(hours=24)
_HOME = ("county_id", "township_id", "community_id", "building_id")


@dataclass(frozen=True, slots=True)
class MadeInvite:
    """``token`` is told once, here: nobody can read it out of the database."""

    invite: HouseholdInvite
    household: Household
    token: str


def new_token() -> str:
    """``k7mq-3fhp-x2ad``."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(signs[at : at + 4] for at in range(0, LENGTH, 4))


def token_hash(token: str) -> bytes | None:
    """The keyed hash of a token as somebody typed it; None for what cannot be one."""
    signs = "".join(sign for sign in token.lower() if sign not in "-_ .")
    if len(signs) != LENGTH or any(sign not in ALPHABET for sign in signs):
        return None
    return blind_index("resident_invite", signs)


def make_invites(
    *,
    actor: Actor,
    household_ids: Sequence[int],
    ends_at: datetime | None = None,
    needs_check: bool = True,
    most_uses: int = MOST_USES,
) -> list[MadeInvite]:
    """An invite for each of the households, in walking order; those of an earlier day open no further phone.

    Raises ResidentProblemError where none of them lies in the actor's places or the end is past or too far.
    """
    actor.authorise(Action.REGISTRY_EDIT)
    now = timezone.now()
    ends_at = ends_at or now + LASTS
    if not now < ends_at <= now + LONGEST:
        raise ResidentProblemError("invite_end", "ends_at", days=LONGEST.days)
    homes = list(Household.objects.visible_to(actor).filter(pk__in=household_ids).order_by("sort_key", "pk"))
    if not homes:
        raise ResidentProblemError("household_elsewhere")
    _supersede(actor, [home.pk for home in homes], now)
    made = []
    for home in homes:
        token = new_token()
        invite = HouseholdInvite(
            **{name: getattr(home, name) for name in _HOME}, household_id=home.pk, token_hash=token_hash(token),
            needs_check=needs_check, made_at=now, made_by=actor.name, ends_at=ends_at, most_uses=most_uses,
        )  # fmt: skip
        made.append(MadeInvite(invite, home, token))
    HouseholdInvite.objects.bulk_create([one.invite for one in made])
    record(actor=actor, action="residents.make_invites", target_kind="invite",
           details={"invites": len(made), "first": made[0].invite.pk, "last": made[-1].invite.pk,
                    "needs_check": needs_check})  # fmt: skip
    return made


def _supersede(actor: Actor, household_ids: Sequence[int], now: datetime) -> None:
    earlier = HouseholdInvite.objects.visible_to(actor).filter(household_id__in=household_ids, revoked_at=None)
    earlier.filter(superseded_at=None, ends_at__gt=now, made_at__lte=now - SAME_NIGHT).update(superseded_at=now)


def revoke_invite(*, actor: Actor, invite_id: int, because: str) -> HouseholdInvite:
    """End an invite and every phone that it opened: lost, or in the wrong hands."""
    actor.authorise(Action.REGISTRY_EDIT)
    found = _locked(actor, invite_id)
    if found.revoked_at is not None:
        return found
    if not because.strip():
        raise ResidentProblemError("because_needed", "because")
    now = timezone.now()
    found.revoked_at, found.revoked_by, found.revoked_because = now, actor.name, because.strip()[:200]
    found.save()
    open_sessions = ResidentSession.objects.visible_to(actor).filter(invite=found, ended_at=None)
    ended = open_sessions.update(ended_at=now, ended_because="revoked")
    record(actor=actor, action="residents.revoke_invite", target_kind="invite", target_id=found.pk,
           details={"phones": ended})  # fmt: skip
    return found


def unlock_invite(*, actor: Actor, invite_id: int) -> HouseholdInvite:
    """Let a household try its digits again, after somebody has spoken to it."""
    actor.authorise(Action.REGISTRY_EDIT)
    found = _locked(actor, invite_id)
    found.wrong_checks = 0
    found.save(update_fields=["wrong_checks"])
    record(actor=actor, action="residents.unlock_invite", target_kind="invite", target_id=found.pk)
    return found


def refusal_of(invite: HouseholdInvite, now: datetime) -> str:
    """Why an invite opens no further phone, a key under ``residents.problem``; "" where it does."""
    if invite.revoked_at is not None:
        return "link_revoked"
    if invite.ends_at <= now:
        return "link_ended"
    if invite.superseded_at is not None:
        return "link_superseded"
    return "link_used_up" if invite.uses >= invite.most_uses else ""


def count_use(invite: HouseholdInvite, now: datetime) -> bool:
    """Count one more phone; False where another took the last place meanwhile."""
    free = HouseholdInvite.objects.filter(pk=invite.pk, uses__lt=F("most_uses"), revoked_at=None)
    return bool(free.update(uses=F("uses") + 1, last_used_at=now))


def _locked(actor: Actor, invite_id: int) -> HouseholdInvite:
    found = HouseholdInvite.objects.visible_to(actor).select_for_update().filter(pk=invite_id).first()
    if found is None:
        raise ResidentProblemError("invite_elsewhere")
    return found
