"""How Django finds the account of a session; passwords are checked in ``services.sign_in``."""

from __future__ import annotations

from lianfang.foundation.access.models import Account
from lianfang.foundation.prepared import rows_prepared


class AccountBackend:
    """Signing in goes through ``services.sign_in``, which slows guessing; there is no second way in."""

    def authenticate(self, request: object, **credentials: object) -> None:
        return None

    def get_user(self, user_id: int) -> Account | None:
        found = rows_prepared(Account, "id = %s AND is_active", [user_id])
        return found[0] if found else None
