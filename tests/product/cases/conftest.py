from __future__ import annotations

import pytest

from tests.product.lab_testing.night import Night, open_night
from tests.product.world import World


@pytest.fixture
def night(world: World) -> Night:
    """An open round in the small world."""
    return open_night(world)
