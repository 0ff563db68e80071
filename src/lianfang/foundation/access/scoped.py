"""Rows that belong to places: the base of every table with personal data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self, TypeVar

from django.db import models

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level

ScopeColumns = Mapping[Level, str | tuple[str, ...]]


def columns_of(columns: ScopeColumns, level: Level) -> tuple[str, ...]:
    """The columns that are compared with the scope at ``level``: one fits is enough; none: no row is seen."""
    found = columns.get(level, ())
    return (found,) if isinstance(found, str) else found


_Row = TypeVar("_Row", bound=models.Model, covariant=True)


class ScopedQuerySet(models.QuerySet[_Row]):
    def visible_to(self, actor: Actor, purpose: str | None = None) -> Self:
        """The rows in the actor's places (rule 7). The database refuses the others a second time."""
        if purpose is not None and purpose != actor.purpose:
            raise ValueError(f"opened for {actor.purpose}, not for {purpose}")
        if actor.level is Level.SYSTEM:
            return self.all()
        columns = columns_of(self.model.scope_columns, actor.level)  # type: ignore[attr-defined]
        if not columns:
            return self.none()
        one = len(actor.scope_ids) == 1
        wanted = models.Q()
        for column in columns:
            wanted |= models.Q((column, actor.scope_ids[0]) if one else (f"{column}__in", actor.scope_ids))
        return self.filter(wanted)


class Scoped(models.Model):
    """A row with the keys of the places at which people work.

    ``scope_columns``: level → column, or columns, with the id of the place of that level. Row-level security
    compares that column with the actor's scope; a level that is not named sees no row.
    """

    county_id = models.BigIntegerField()
    township_id = models.BigIntegerField()
    community_id = models.BigIntegerField()
    building_id = models.BigIntegerField(null=True)

    scope_columns: ClassVar[ScopeColumns] = {
        Level.COUNTY: "county_id",
        Level.TOWNSHIP: "township_id",
        Level.COMMUNITY: "community_id",
        Level.BUILDING: "building_id",
    }

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
