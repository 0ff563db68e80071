"""How Django finds the account of a session; passwords are checked in ``services.sign_in``."""

from __future__ import annotations

from lianfang.foundation.access.models import Account


class AccountBackend:
    """Signing in goes through ``services.sign_in``, which slows guessing; there is no second way in."""

    def authenticate(self, request: object, **credentials: object) -> None:
        return None

    def get_user(self, user_id: int) -> Account | None:
        return Account.objects.filter(pk=user_id, is_active=True).first()
