"""What columns mean, as clerks of a place decided: kept for the next files."""

from __future__ import annotations

from django.utils import timezone

from lianfang.domains.registry.models import ColumnMeaning, Import
from lianfang.engine.intake.mapping import Decision, Memory
from lianfang.engine.intake.vocabulary import fold_label
from lianfang.foundation.access.actor import Actor

_SCOPE = ("county_id", "township_id", "community_id")


def memory_for(batch: Import) -> Memory:
    """The meanings decided at the place of the import."""
    found = ColumnMeaning.objects.filter(**{name: getattr(batch, name) for name in _SCOPE}).order_by("pk")
    return Memory().with_decisions(
        Decision("column", one.label, one.fields, example=one.example, between=one.between) for one in found
    )


def remember(*, actor: Actor, batch: Import, label: str, fields: str) -> None:
    """Keep that columns with this label mean ``fields`` ("name+phone"; "-" for none)."""
    scope = {name: getattr(batch, name) for name in _SCOPE}
    ColumnMeaning.objects.update_or_create(
        **scope,
        label=fold_label(label)[:200],
        between="",
        defaults={"fields": fields, "decided_by": actor.name, "decided_at": timezone.now(), "building_id": None},
    )
