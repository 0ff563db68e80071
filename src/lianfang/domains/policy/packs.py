"""The packs on disk, read once per process."""

from __future__ import annotations

from functools import cache, lru_cache

from django.conf import settings

from lianfang.engine.packs import Pack, load_packs


@cache
def packs_on_disk() -> dict[tuple[str, int], Pack]:
    """(id, version) → pack. Raises PackError where a pack is faulty: a fault in the rules must not start quietly."""
    return {(pack.id, pack.version): pack for pack in load_packs(settings.POLICY_PACKS)}


@lru_cache(maxsize=4096)
def pack_at_division(pack_id: str, version: int, division: str) -> Pack:
    """The pack with the layers of a place's province, city and county, by the place's division code ("" is none)."""
    pack = packs_on_disk()[pack_id, version]
    return pack.for_division(division) if division and pack.layers else pack
