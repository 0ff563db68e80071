"""Puts an actor's scope on the database session, where row-level security reads it.

Every level is a PostgreSQL role with one scalar policy per table (see ``row_security``): comparing one column with one
setting keeps index order, which an array or a path range does not (architecture.md, "Row-level security, as measured").
The login of the pages belongs to those roles without inheriting them: where nobody set a scope, it sees no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pghistory
from django.db import connections, transaction

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level

ARRAY_LEVELS = frozenset({Level.HOUSEHOLD, Level.BUILDING, Level.COUNTY})

_acting: ContextVar[Actor | None] = ContextVar("lianfang_actor", default=None)


class NobodyActsError(RuntimeError):
    """Personal data was asked for outside of ``acting_as``."""


def current_actor() -> Actor:
    """The actor of the surrounding ``acting_as``; raises NobodyActsError where there is none."""
    actor = _acting.get()
    if actor is None:
        raise NobodyActsError
    return actor


@contextmanager
def acting_as(actor: Actor, *, using: str = "default") -> Iterator[Actor]:
    """Run a block as ``actor``, in one transaction; the scope before is put back after it.

    Nested blocks are allowed (a service that lets the system do one step); each sees only its own scope.
    """
    before = _acting.get()
    is_whole_transaction = not connections[using].in_atomic_block
    with transaction.atomic(using=using):
        _set_scope(actor, using)
        token = _acting.set(actor)
        try:
            with pghistory.context(
                actor=actor.name, role=str(actor.role), purpose=actor.purpose, request=actor.request_id
            ):
                yield actor
        except BaseException:
            # The savepoint's rollback restores role and settings by itself.
            _acting.reset(token)
            raise
        _acting.reset(token)
        # What was set for a transaction ends with it.
        if not is_whole_transaction:
            _set_scope(before, using)


def _set_scope(actor: Actor | None, using: str) -> None:
    role = "none" if actor is None else f"lianfang_{actor.level}"
    ids = "" if actor is None else ",".join(map(str, actor.scope_ids))
    if actor is not None and actor.level in ARRAY_LEVELS:
        ids = "{" + ids + "}"
    elif actor is not None and len(actor.scope_ids) > 1:
        raise ValueError(f"the level {actor.level} has one place in scope, not {len(actor.scope_ids)}")
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lianfang.scope', %s, true), set_config('lianfang.actor', %s, true), "
            "set_config('role', %s, true)",
            [ids, "" if actor is None else actor.name, role],
        )
