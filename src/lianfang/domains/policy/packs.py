"""The packs on disk, read once per process."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from lianfang.engine.packs import Pack, load_packs


@cache
def packs_on_disk() -> dict[tuple[str, int], Pack]:
    """(id, version) → pack. Raises PackError where a pack is faulty: a fault in the rules must not start quietly."""
    return {(pack.id, pack.version): pack for pack in load_packs(settings.POLICY_PACKS)}
