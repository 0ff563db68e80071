from __future__ import annotations

import pytest

from tests.product.lab_testing.night import Night


@pytest.fixture
def night(night_of_all: Night) -> Night:
    """An open round in the small world."""
    return night_of_all
