"""Accounts and postings: who may serve where. Every change is audited in its transaction."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

import pyotp
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.models import Account, AccountSession, FirstLink, Posting
from lianfang.foundation.access.places import directory
from lianfang.foundation.access.roles import GIVES, NEEDS_PLACE, Action, Level, Role
from lianfang.foundation.access.sign_in import take_code
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import seal

FIRST_LINK_LASTS = timedelta(hours=24)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
# Read aloud over a telephone: no character that sounds or looks like another.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


class AccountProblemError(ValueError):
    """``code`` is a text key under ``access.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "", messages: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.messages = messages


def make_first_link() -> str | None:
    """The path of a one-time link for the first administrator; None where there is an administrator already.

    Earlier links stop working.
    """
    if Posting.objects.filter(role=Role.ADMINISTRATOR).exists():
        return None
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        FirstLink.objects.filter(used_at=None).update(ends_at=now)
        FirstLink.objects.create(token_hash=_hash(token), made_at=now, ends_at=now + FIRST_LINK_LASTS)
    return f"/first/{token}/"


def first_link_is_open(token: str) -> bool:
    return FirstLink.objects.filter(token_hash=_hash(token), used_at=None, ends_at__gt=timezone.now()).exists()


def create_first_administrator(*, token: str, login: str, name: str, password: str) -> Account:
    """Use the link. Raises AccountProblemError where it was used or is too old, or the password is too weak."""
    with transaction.atomic():
        now = timezone.now()
        used = FirstLink.objects.filter(token_hash=_hash(token), used_at=None, ends_at__gt=now).update(used_at=now)
        if not used:
            raise AccountProblemError("link_ended")
        account = _new_account(login, name, password)
        Posting.objects.create(
            account=account, role=Role.ADMINISTRATOR, level=Level.NOWHERE, starts_at=now, given_by=account.name
        )
        actor = Actor(name=account.name, role=Role.ADMINISTRATOR, level=Level.NOWHERE, account_id=account.pk)
        record(actor=actor, action="access.first_administrator", target_kind="account", target_id=account.pk)
        return account


def create_account(
    *, actor: Actor, login: str, name: str, phone: str = "", language: str = "zh-hans"
) -> tuple[Account, str]:
    """A new account and its first password, which is shown once and must be changed at the first sign-in."""
    actor.authorise(Action.ACCOUNTS_MANAGE)
    password = readable_password()
    with transaction.atomic():
        account = _new_account(login, name, password, phone=phone, language=language, must_change=True)
        record(actor=actor, action="access.create_account", target_kind="account", target_id=account.pk)
    return account, password


def reset_password(*, actor: Actor, account: Account) -> str:
    """A new first password; ends every session of the account, and its second factor."""
    _authorise_over(actor, account)
    password = readable_password()
    with transaction.atomic():
        account.set_password(password)
        account.must_change_password = True
        account.totp_secret = None
        account.save(update_fields=["password", "must_change_password", "totp_secret"])
        end_all_sessions(account, "reset")
        record(actor=actor, action="access.reset_password", target_kind="account", target_id=account.pk)
    return password


def set_active(*, actor: Actor, account: Account, is_active: bool) -> None:
    """Close an account, or open it again. Nobody closes the account they use."""
    _authorise_over(actor, account)
    if account.pk == actor.account_id:
        raise AccountProblemError("own_account")
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(is_active=is_active)
        if not is_active:
            end_all_sessions(account, "closed")
        record(actor=actor, action="access.open_account" if is_active else "access.close_account",
               target_kind="account", target_id=account.pk)  # fmt: skip


def give_posting(
    *, actor: Actor, account: Account, role: Role, place_id: int | None, ends_at: datetime | None = None
) -> Posting:
    """Let an account serve as ``role`` at a place.

    Raises NotAllowedError for a role above one's own or a place outside one's own, AccountProblemError for a missing
    place.
    """
    actor.authorise(Action.ACCOUNTS_MANAGE)
    if role not in GIVES.get(actor.role, frozenset()):
        raise NotAllowedError(Action.ACCOUNTS_MANAGE, "gives_role")
    level, label = Level.NOWHERE, ""
    scope_ids: tuple[int, ...] = ()
    if role in NEEDS_PLACE:
        if place_id is None:
            raise AccountProblemError("place_needed", "place")
        if actor.place_id is not None and not directory().is_inside(role, place_id, actor.place_id):
            raise NotAllowedError(Action.ACCOUNTS_MANAGE, "place_outside")
        scope = directory().scope_of(role, place_id)
        level, scope_ids, label = scope.level, scope.scope_ids, scope.label
    if ends_at is not None and ends_at <= timezone.now():
        raise AccountProblemError("ends_in_past", "ends_at")
    with transaction.atomic():
        posting = Posting.objects.create(
            account=account, role=role, level=level, scope_ids=list(scope_ids), place_id=place_id if label else None,
            place_label=label, starts_at=timezone.now(), ends_at=ends_at, given_by=actor.name,
        )  # fmt: skip
        record(actor=actor, action="access.give_posting", target_kind="account", target_id=account.pk,
               details={"role": str(role), "place": place_id, "posting": posting.pk})  # fmt: skip
    return posting


def end_posting(*, actor: Actor, posting: Posting) -> None:
    """End a posting now. The last administrator stays."""
    _authorise_over(actor, posting.account)
    if Role(posting.role) not in GIVES.get(actor.role, frozenset()):
        raise NotAllowedError(Action.ACCOUNTS_MANAGE, "gives_role")
    with transaction.atomic():
        if posting.role == Role.ADMINISTRATOR and _is_last_administrator(posting):
            raise AccountProblemError("last_administrator")
        Posting.objects.filter(pk=posting.pk, ends_at=None).update(ends_at=timezone.now())
        record(actor=actor, action="access.end_posting", target_kind="account", target_id=posting.account_id,
               details={"posting": posting.pk})  # fmt: skip


def change_password(*, account: Account, old: str, new: str, keep_session: str) -> None:
    """One's own password; every other session of the account ends."""
    if not account.check_password(old):
        raise AccountProblemError("old_password_wrong", "old")
    if old == new:
        raise AccountProblemError("password_unchanged", "new")
    _check_password(new, account, field="new")
    with transaction.atomic():
        account.set_password(new)
        account.must_change_password = False
        account.save(update_fields=["password", "must_change_password"])
        end_all_sessions(account, "password", but=keep_session)


def confirm_second_factor(*, account: Account, secret: str, code: str) -> None:
    """Turn the second factor on, once a code shows that the device has the secret."""
    if not pyotp.TOTP(secret).verify("".join(code.split()), for_time=timezone.now(), valid_window=1):
        raise AccountProblemError("code_wrong", "code")
    Account.objects.filter(pk=account.pk).update(totp_secret=seal(secret), totp_last_step=None)


def drop_second_factor(*, account: Account, code: str) -> None:
    """Turn it off; needs a code, so that somebody at an open screen cannot."""
    if account.totp_secret is None or not take_code(account, code):
        raise AccountProblemError("code_wrong", "code")
    Account.objects.filter(pk=account.pk).update(totp_secret=None, totp_last_step=None)


def end_all_sessions(account: Account, because: str, *, but: str | None = None) -> int:
    """End the account's sessions but the one with session key ``but``; returns how many ended."""
    open_sessions = AccountSession.objects.filter(account=account, ended_at=None)
    if but is not None:
        open_sessions = open_sessions.exclude(session_key=but)
    return open_sessions.update(ended_at=timezone.now(), ended_because=because)


def readable_password() -> str:
    """Sixteen characters in groups of four: 79 bits, easy to read aloud."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def _authorise_over(actor: Actor, account: Account) -> None:
    actor.authorise(Action.ACCOUNTS_MANAGE)
    if actor.role in (Role.ADMINISTRATOR, Role.SYSTEM):
        return
    postings = Posting.objects.filter(account=account)
    for posting in postings:
        role, place_id = Role(posting.role), posting.place_id
        is_mine = (
            place_id is not None
            and actor.place_id is not None
            and directory().is_inside(role, place_id, actor.place_id)
        )
        if not is_mine or role not in GIVES.get(actor.role, frozenset()):
            raise NotAllowedError(Action.ACCOUNTS_MANAGE, "other_account")


def _is_last_administrator(posting: Posting) -> bool:
    # Locked in one order, so that two administrators cannot remove each other at once.
    left = Posting.objects.select_for_update().filter(role=Role.ADMINISTRATOR, ends_at=None).order_by("pk")
    return [one.pk for one in left] == [posting.pk]


def _new_account(
    login: str, name: str, password: str, *, phone: str = "", language: str = "zh-hans", must_change: bool = False
) -> Account:
    login, name = login.strip().lower(), name.strip()
    if not _LOGIN.fullmatch(login):
        raise AccountProblemError("login_form", "login")
    if not name:
        raise AccountProblemError("name_needed", "name")
    if Account.objects.filter(login=login).exists():
        raise AccountProblemError("login_taken", "login")
    account = Account(
        login=login, name=name[:64], phone=phone.strip()[:20], language=language, must_change_password=must_change
    )
    _check_password(password, account, field="password")
    account.set_password(password)
    account.save()
    return account


def _check_password(password: str, account: Account, *, field: str) -> None:
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise AccountProblemError("password_weak", field, tuple(error.messages)) from None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
