from __future__ import annotations

import pytest

from tests.product.lab_testing.night import Night


@pytest.fixture
def night(night_of_all: Night) -> Night:
    """A round of the whole township, open for an hour: ten people, all missing."""
    return night_of_all
