"""Who asked for an import, kept with it: a job acts as exactly that person, in exactly those places."""

from __future__ import annotations

from dataclasses import asdict

from lianfang.domains.registry.models import Import
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level, Role


def actor_as_json(actor: Actor) -> dict[str, object]:
    return {**asdict(actor), "role": str(actor.role), "level": str(actor.level)}


def actor_of(batch: Import) -> Actor:
    """Who asked for the import, for the job that does it."""
    said = dict(batch.acts_as)
    said |= {"role": Role(said["role"]), "level": Level(said["level"]), "scope_ids": tuple(said["scope_ids"])}
    return Actor(**said)
