"""Row-level security of every scoped table, written anew after each migration: it cannot be forgotten.

Roles are named after levels. ``lianfang_app`` (the login of the pages) belongs to all of them without inheriting
them and owns nothing. Each scoped table has one policy per level. A table that is not scoped must stand in
OPEN_TABLES or be owned by a library listed there; ``tests/access`` walks the catalogue and fails on any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connections, models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scope import ARRAY_LEVELS
from lianfang.foundation.access.scoped import ScopeColumns, Scoped, columns_of

APP_LOGIN = "lianfang_app"
MEMBERS = "lianfang_member"
LEVEL_ROLES = {level: f"lianfang_{level}" for level in Level}

# Tables without place scope, each for its reason; ``tests/product/access`` fails on any other without a policy.
OPEN_TABLES = {
    "access_account": "read at sign-in, before a scope is known; holds staff, not residents",
    "access_posting": "read at sign-in, before a scope is known",
    "access_session": "read at sign-in, before a scope is known",
    "access_sign_in_attempt": "written by nobody yet signed in",
    "access_first_link": "used before there is any account",
    "audit_entry": "read by auditors of every place; names no resident",
    "outbox_event": "ids only",
    "privacy_data_key": "wrapped by a key outside of the database",
    "registry_place": "the place tree is public",
    "registry_placeevent": "the place tree is public",
    "policy_pack_activation": "rules are public",
    "status_watched": "an instant, nobody",
    "status_proof_key": "public halves are published, private ones sealed; nobody's",
    "lab_testing_round": "what is tested where and when is announced to everybody",
    "lab_testing_roundevent": "what is tested where and when is announced to everybody",
    "lab_testing_team": "staff, not residents",
    "lab_testing_teamevent": "staff, not residents",
    "lab_testing_kit": "labels, not residents",
    "lab_testing_kitevent": "labels, not residents",
    "registry_sweep": "that a stairwell is swept is announced to everybody in it",
    "registry_sweepevent": "that a stairwell is swept is announced to everybody in it",
    "registry_sweep_team": "staff, not residents",
    "registry_sweepteamevent": "staff, not residents",
    "gates_gate": "what is asked at a gate hangs there for everybody to read",
    "gates_gateevent": "what is asked at a gate hangs there for everybody to read",
    "residents_wrong_token": "an address that tried a link which does not exist; nobody is known yet",
}
OPEN_PREFIXES = ("django_", "auth_", "procrastinate_", "pghistory_")

# Rows that may be added and read, never changed or removed, by anybody but the owner of the tables.
APPEND_ONLY = ("audit_entry", "registry_door_visit")


def secure_after_migrate(using: str, **_: Any) -> None:
    """Handler of ``post_migrate``: only the owner of the tables can and does set policies."""
    if using == "owner":
        secure_tables(using)


def scoped_models() -> list[type[models.Model]]:
    """Every model with place scope, and the history of each, which has the same columns."""
    found: list[type[models.Model]] = []
    for model in apps.get_models(include_auto_created=True):
        tracked = getattr(model, "pgh_tracked_model", None)
        if issubclass(model, Scoped) or (tracked is not None and issubclass(tracked, Scoped)):
            found.append(model)
    return found


def secure_tables(using: str) -> None:
    """Create roles, grants and policies; the same after one run or many."""
    with connections[using].cursor() as cursor:
        for statement in _statements():
            cursor.execute(statement)


def _statements() -> Iterable[str]:
    yield from _roles()
    yield f"GRANT USAGE ON SCHEMA public TO {MEMBERS}, {APP_LOGIN}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {MEMBERS}, {APP_LOGIN}"
    yield f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {MEMBERS}, {APP_LOGIN}"
    yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {MEMBERS}, {APP_LOGIN}"
    for table in APPEND_ONLY:
        yield f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {MEMBERS}, {APP_LOGIN}"
    for model in scoped_models():
        yield from _policies(model)


def _roles() -> Iterable[str]:
    for role in (MEMBERS, *LEVEL_ROLES.values()):
        # Two installations on one server may start at once; roles belong to the whole server.
        exists = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL"
        yield f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; {exists}; END $$"
    for role in LEVEL_ROLES.values():
        yield _grant_role(MEMBERS, role)
        yield _grant_role(role, APP_LOGIN)


def _grant_role(role: str, to: str) -> str:
    return f"DO $$ BEGIN IF NOT pg_has_role('{to}', '{role}', 'MEMBER') THEN GRANT {role} TO {to}; END IF; END $$"


def _policies(model: type[Any]) -> Iterable[str]:
    table = model._meta.db_table
    tracked = getattr(model, "pgh_tracked_model", model)
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    if tracked is not model:
        yield f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {MEMBERS}, {APP_LOGIN}"
    for level, role in LEVEL_ROLES.items():
        yield f"DROP POLICY IF EXISTS {role} ON {table}"
        test = row_test(level, tracked.scope_columns)
        if test is not None:
            yield f"CREATE POLICY {role} ON {table} TO {role} USING ({test}) WITH CHECK ({test})"


def row_test(level: Level, columns: ScopeColumns) -> str | None:
    """The SQL that a row must satisfy to be seen or written at ``level``; None where no row may be."""
    if level is Level.SYSTEM:
        return "true"
    scope = "nullif(current_setting('lianfang.scope', true), '')"
    if level in ARRAY_LEVELS:
        test = f"= ANY ((SELECT {scope}::bigint[])::bigint[])"
    else:
        test = f"= (SELECT {scope}::bigint)"
    return " OR ".join(f"{column} {test}" for column in columns_of(columns, level)) or None
