from __future__ import annotations

import pytest

from tests.product.lab_testing.night import Night, open_night
from tests.product.world import World


@pytest.fixture
def night(world: World) -> Night:
    """A round of the whole township, open for an hour: ten people, all missing."""
    return open_night(world)
