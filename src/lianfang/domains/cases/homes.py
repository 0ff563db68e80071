"""Exposures and facts go with the person: the places that row-level security compares are those of the home now."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from lianfang.domains.cases.models import Exposure, PersonFact

_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


def rehome(person_ids: Collection[int]) -> None:
    """Write the present home of these people on what is recorded of them. The caller acts as the system."""
    here, there = (", ".join(f"{table}.{name}" for name in _HOME) for table in ("k", "p"))
    columns = ", ".join(f"{name} = p.{name}" for name in _HOME)
    with connection.cursor() as cursor:
        for model in (Exposure, PersonFact):
            cursor.execute(
                f"UPDATE {model._meta.db_table} k SET {columns} FROM registry_person p WHERE p.id = k.person_id "
                f"AND k.person_id = ANY(%s) AND ({here}) IS DISTINCT FROM ({there})",
                [list(person_ids)],
            )
