"""Signing in: slowed after wrong tries, with a second factor where the account has one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
from django.contrib.auth import login as django_login
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from lianfang.foundation.access.models import Account, SignInAttempt
from lianfang.foundation.access.sessions import address_of, start_session
from lianfang.foundation.privacy.numbers import unseal

WINDOW = timedelta(minutes=15)
# A clerk mistypes three times at 4 a.m.; a program tries thousands. A command post shares one address.
TRIES_PER_LOGIN = 8
TRIES_PER_ADDRESS = 60

BACKEND = "lianfang.foundation.access.backend.AccountBackend"


@dataclass(frozen=True, slots=True)
class SignIn:
    """``problem`` is a text key under ``access.sign_in.problem``, empty after success; ``minutes`` to wait."""

    account: Account | None
    problem: str = ""
    minutes: int = 0


def sign_in(request: Any, login: str, password: str, code: str = "") -> SignIn:
    """Check a login and, where it is right, begin a session. Unknown login and wrong password answer alike."""
    login = login.strip().lower()[:64]
    wait = minutes_to_wait(login, address_of(request))
    if wait:
        return SignIn(None, "slow_down", wait)
    account = Account.objects.filter(login=login, is_active=True).first()
    if account is None:
        # Takes as long as a check, so that the time does not tell which logins exist.
        make_password(password)
    if account is None or not account.check_password(password):
        _note(request, login, succeeded=False)
        return SignIn(None, "wrong")
    if account.totp_secret is not None:
        if not code.strip():
            return SignIn(None, "code_needed")
        if not take_code(account, code):
            _note(request, login, succeeded=False)
            return SignIn(None, "code_wrong")
    _note(request, login, succeeded=True)
    django_login(request, account, backend=BACKEND)
    start_session(request)
    return SignIn(account)


def minutes_to_wait(login: str, address: str) -> int:
    """Minutes until the next try is looked at; 0: now. A success clears the count of its login."""
    now = timezone.now()
    recent = SignInAttempt.objects.filter(at__gt=now - WINDOW)
    last_success = recent.filter(login=login, succeeded=True).order_by("-at").values_list("at", flat=True).first()
    by_login = recent.filter(login=login, succeeded=False)
    if last_success is not None:
        by_login = by_login.filter(at__gt=last_success)
    for tries, bound in (
        (by_login, TRIES_PER_LOGIN),
        (recent.filter(address=address, succeeded=False), TRIES_PER_ADDRESS),
    ):
        times = list(tries.order_by("-at").values_list("at", flat=True)[:bound])
        if len(times) == bound:
            return max(1, round((times[-1] + WINDOW - now).total_seconds() / 60))
    return 0


def take_code(account: Account, code: str) -> bool:
    """Whether a code of the second factor is right and was not used before; one step of 30 s either way is allowed."""
    secret = unseal(account.totp_secret)
    if secret is None:
        return False
    totp = pyotp.TOTP(secret)
    now = timezone.now()
    digits = "".join(code.split())
    for offset in (-1, 0, 1):
        step = totp.timecode(now) + offset
        if pyotp.utils.strings_equal(totp.generate_otp(step), digits):
            if account.totp_last_step is not None and step <= account.totp_last_step:
                return False
            return bool(
                Account.objects.filter(pk=account.pk, totp_last_step=account.totp_last_step).update(totp_last_step=step)
            )
    return False


def _note(request: Any, login: str, *, succeeded: bool) -> None:
    SignInAttempt.objects.create(login=login, address=address_of(request), at=timezone.now(), succeeded=succeeded)
