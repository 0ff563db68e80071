"""Phones that opened an invite: from the link to a session that acts for one household, and to its end.

Nobody is known yet when a link or a cookie is looked at, so these steps run as the system; all that follows runs as the
household's own actor, whom row-level security binds to the one household.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from lianfang.domains.registry.models import Household, Person
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.residents.models import Helper, HouseholdInvite, ResidentSession, WrongToken
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services.invites import MOST_WRONG, count_use, refusal_of, token_hash
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import blind_index, unseal

# Whole blocks of flats share one address behind a telephone company: only links that do not exist count.
WINDOW = timedelta(minutes=15)
WRONG_PER_ADDRESS = 30
# A phone left on a table asks for the digits again.
CHECK_LASTS = timedelta(minutes=30)
SESSION_LASTS = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=1)
DIGITS = 4
_HOME = ("county_id", "township_id", "community_id", "building_id")


@dataclass(frozen=True, slots=True)
class Visit:
    """A phone at one household. ``is_checked``: it may see personal data; ``can_check``: the register has a number to
    compare with; ``is_locked``: too many wrong digits."""

    session: ResidentSession
    household: Household
    actor: Actor
    helper: Helper | None
    is_checked: bool
    can_check: bool
    is_locked: bool

    @property
    def id(self) -> int:
        return int(self.session.pk)


def resident_actor(household: Household, helper: Helper | None = None, request_id: str = "") -> Actor:
    """Whoever acts for a household, named by number: the audit trail names no resident."""
    name = f"住户#{household.pk}" if helper is None else f"住户#{household.pk}·代办#{helper.pk}"
    return Actor(name=name, role=Role.RESIDENT, level=Level.HOUSEHOLD, scope_ids=(household.pk,),
                 place_id=household.pk, request_id=request_id)  # fmt: skip


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def find_invite(token: str, address: str) -> HouseholdInvite:
    """The invite of a link. Raises ResidentProblemError for one that does not exist or opens no further phone, and
    where too many that do not exist came from one address."""
    now = timezone.now()
    with acting_as(system_actor("residents")):
        recent = WrongToken.objects.filter(address=address, at__gt=now - WINDOW)
        if recent.count() >= WRONG_PER_ADDRESS:
            raise ResidentProblemError("slow_down", minutes=round(WINDOW.total_seconds() / 60))
    return _invite_or_note(token, address, now)


def _invite_or_note(token: str, address: str, now: datetime) -> HouseholdInvite:
    hashed = token_hash(token)
    with acting_as(system_actor("residents")):
        found = None if hashed is None else HouseholdInvite.objects.filter(token_hash=hashed).first()
        if found is None:
            WrongToken.objects.filter(at__lte=now - WINDOW).delete()
            WrongToken.objects.create(address=address, at=now)
    if found is None:
        raise ResidentProblemError("link_unknown")
    return found


def open_visit(*, token: str, address: str, device: str, secret: str) -> ResidentSession:
    """Let the phone with this ``secret`` in. The same phone again gets its session back and counts once."""
    invite = find_invite(token, address)
    now = timezone.now()
    hashed = _hash(secret)
    with acting_as(system_actor("residents")):
        known = ResidentSession.objects.filter(invite=invite, secret_hash=hashed, ended_at=None, ends_at__gt=now)
        mine = known.order_by("-pk").first()
        refusal = refusal_of(invite, now)
        if mine is not None and refusal != "link_revoked":
            return mine
        if refusal or not count_use(invite, now):
            raise ResidentProblemError(refusal or "link_used_up")
        made = ResidentSession.objects.create(
            **{name: getattr(invite, name) for name in _HOME}, invite=invite, household_id=invite.household_id,
            secret_hash=hashed, device=device[:200], started_at=now, seen_at=now, ends_at=now + SESSION_LASTS,
        )  # fmt: skip
        record(actor=system_actor("residents"), action="residents.open_visit", target_kind="resident_session",
               target_id=made.pk, details={"invite": invite.pk})  # fmt: skip
        return made


def visit_for(session_id: int, secret: str, request_id: str = "") -> Visit | None:
    """The visit of a phone, if it still goes on and the secret is right."""
    now = timezone.now()
    with acting_as(system_actor("residents")):
        session = (
            ResidentSession.objects.select_related("invite", "helper")
            .filter(pk=session_id, ended_at=None, ends_at__gt=now)
            .first()
        )
        if session is None or not hmac.compare_digest(bytes(session.secret_hash), _hash(secret)):
            return None
        if session.invite.revoked_at is not None:
            return None
        household = Household.objects.select_related("place").filter(pk=session.household_id).first()
        if household is None:
            return None
        return _seen(session, household, now, request_id)


def _seen(session: ResidentSession, household: Household, now: datetime, request_id: str) -> Visit:
    is_stale = session.checked_at is not None and now - session.seen_at > CHECK_LASTS
    if is_stale:
        session.checked_at = None
    if is_stale or now - session.seen_at > SEEN_EVERY:
        session.seen_at = now
        session.save(update_fields=["seen_at", "checked_at"])
    helper = session.helper if session.helper is not None and session.helper.ended_at is None else None
    return Visit(
        session, household, resident_actor(household, helper, request_id), helper,
        is_checked=session.checked_at is not None or not session.invite.needs_check,
        can_check=bool(_known_digits(household.pk)),
        is_locked=session.invite.wrong_checks >= MOST_WRONG,
    )  # fmt: skip


def visits_of_phone(secret: str) -> list[ResidentSession]:
    """Every household that this phone has open, the latest first."""
    now = timezone.now()
    with acting_as(system_actor("residents")):
        found = ResidentSession.objects.filter(secret_hash=_hash(secret), ended_at=None, ends_at__gt=now)
        return list(found.filter(invite__revoked_at=None).order_by("-started_at")[:20])


def check_digits(*, visit: Visit, digits: str) -> bool:
    """Whether the digits end a number that the register has of somebody in the household.

    Wrong ones are counted on the invite, whichever phone tried; raises ResidentProblemError once it is locked.
    """
    given = "".join(digits.split()).upper()[-DIGITS:]
    now = timezone.now()
    with acting_as(system_actor("residents")):
        invite = HouseholdInvite.objects.select_for_update().get(pk=visit.session.invite_id)
        if invite.wrong_checks >= MOST_WRONG:
            raise ResidentProblemError("link_locked")
        is_right = len(given) == DIGITS and given in _known_digits(visit.household.pk)
        invite.wrong_checks = 0 if is_right else invite.wrong_checks + 1
        invite.save(update_fields=["wrong_checks"])
        if is_right:
            ResidentSession.objects.filter(pk=visit.session.pk).update(checked_at=now, seen_at=now)
        elif invite.wrong_checks >= MOST_WRONG:
            record(actor=visit.actor, action="residents.invite_locked", target_kind="invite", target_id=invite.pk)
    return is_right


def _known_digits(household_id: int) -> set[str]:
    people = Person.objects.filter(household_id=household_id, state__in=RESIDENT_STATES)
    sealed = people.values_list("phone_sealed", "id_sealed")
    numbers = [unseal(one) for row in sealed for one in row if one is not None]
    return {number[-DIGITS:].upper() for number in numbers if number and len(number) >= DIGITS}


def end_visit(*, visit: Visit) -> None:
    """Forget this household on this phone."""
    with acting_as(system_actor("residents")):
        ResidentSession.objects.filter(pk=visit.session.pk, ended_at=None).update(
            ended_at=timezone.now(), ended_because="left"
        )


def _hash(secret: str) -> bytes:
    found = blind_index("resident_phone", secret)
    assert found is not None
    return found
