"""Who asked for an import, kept with it: a job acts as exactly that person, at the posting they still hold."""

from __future__ import annotations

from dataclasses import asdict

from django.db.models import Q
from django.utils import timezone

from lianfang.domains.registry.models import Import
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.models import Posting
from lianfang.foundation.access.roles import Level, Role


class PostingEndedError(Exception):
    """Whoever asked for the work does not serve there any more."""


def actor_as_json(actor: Actor) -> dict[str, object]:
    return {**asdict(actor), "role": str(actor.role), "level": str(actor.level)}


def actor_of(batch: Import) -> Actor:
    """Who asked for the import, for the job that does it. Raises PostingEndedError where the posting they asked at has
    ended, or is another one by now, or their account is closed."""
    said = dict(batch.acts_as)
    said |= {"role": Role(said["role"]), "level": Level(said["level"]), "scope_ids": tuple(said["scope_ids"])}
    actor = Actor(**said)
    if actor.level is not Level.SYSTEM and not _still_serves(actor):
        raise PostingEndedError
    return actor


def _still_serves(actor: Actor) -> bool:
    now = timezone.now()
    held = Posting.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now),
        pk=actor.posting_id or 0,
        account_id=actor.account_id or 0,
        account__is_active=True,
        starts_at__lte=now,
        role=str(actor.role),
        level=str(actor.level),
        scope_ids=list(actor.scope_ids),
    )
    return held.exists()
