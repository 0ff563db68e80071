"""Locks on things that have no row of their own yet, such as the next number of a township's rounds."""

from __future__ import annotations

from django.db import connection


def lock_name(name: str) -> None:
    """Hold ``name`` until the transaction ends; whoever else asks for it waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lab_testing.{name}"])
