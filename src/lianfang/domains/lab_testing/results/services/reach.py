"""What a load may touch: the places of whoever began it, however the rows come in."""

from __future__ import annotations

from typing import Any

from lianfang.domains.lab_testing.models import ResultLoad
from lianfang.domains.lab_testing.roster import LEVEL_KEYS
from lianfang.foundation.access.roles import Level


def in_reach(load: ResultLoad, alias: str) -> tuple[str, dict[str, Any]]:
    """SQL that is true for rows of ``alias`` in the loader's places, with its parameters."""
    if load.level == Level.SYSTEM:
        return "true", {}
    return f"{alias}.{LEVEL_KEYS[Level(load.level)]} = ANY(%(scope)s)", {"scope": list(load.scope_ids)}
