"""Sessions in the database, as Django keeps them, found by a statement whose plan is kept: every page asks for one."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from lianfang.foundation.prepared import rows_prepared

_FOUND = "session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        key = self.session_key or ""
        # A cookie may say anything, the database takes no NUL.
        found = [] if "\0" in key else rows_prepared(Session, _FOUND, [key, timezone.now()])
        if not found:
            self._session_key = None
            return None
        return found[0]

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session
