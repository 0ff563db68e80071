"""Every test: no network but loopback (pytest-socket, see pyproject), one fixed day, one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import HealthCheck, settings

settings.register_profile(
    "lianfang", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lianfang")


@pytest.fixture(autouse=True)
def fixed_day() -> Iterator[None]:
    """The clock ticks on from 2022-08-30 03:10, so that waiting for a process still ends."""
    with time_machine.travel(datetime(2022, 8, 30, 3, 10, tzinfo=UTC), tick=True):
        yield


@pytest.fixture(autouse=True)
def seeded() -> None:
    random.seed(20220830)
