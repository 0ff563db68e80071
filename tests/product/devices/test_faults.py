"""A small storm, as ``benchmarks/field_faults.py`` makes it at full size: a real field server, killed over and over."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from benchmarks.field_faults import Storm, compare, phones_of
from lianfang.config.serving.field import LONGEST_PAUSE, NAME, serve_field
from lianfang.config.serving.forked import Forked
from lianfang.domains.lab_testing.services import open_round, plan_round
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.services import NewResident, PersonFacts, normal_spot, register_people_in_bulk
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.services import apply_all_waiting
from tests.product.devices.world import enrolled
from tests.product.world import World

DEVICES, SCANS = 6, 30
SEED = 20221122
HOST = "127.0.0.1"


@pytest.fixture
def devices(world: World) -> list[dict[str, Any]]:
    """Devices at work in one round, each with people of its own."""
    east = world.places["east"]
    rows = [
        NewResident(normal_spot(east.pk, "江滨花园", "1号楼", "1单元"), PersonFacts(name=f"员{at}"), str(101 + at // 3))
        for at in range(DEVICES * SCANS)
    ]
    now = timezone.now()
    with acting_as(system_actor("test")) as system:
        register_people_in_bulk(actor=system, rows=rows)
        people = list(Person.objects.filter(name__startswith="员").order_by("pk").values_list("pk", flat=True))
        round_ = plan_round(actor=system, place_ids=[east.pk], starts_at=now - timedelta(hours=1),
                            ends_at=now + timedelta(hours=9))  # fmt: skip
        open_round(actor=system, round_id=round_.pk)
    made = []
    for at in range(DEVICES):
        device, secret = enrolled(world, role=Role.SAMPLER)
        mine = people[at * SCANS : (at + 1) * SCANS]
        made.append({"id": device.pk, "secret": secret, "round": round_.pk, "people": mine, "community": east.pk})
    return made


@pytest.fixture
def field_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    yield port


@pytest.mark.committed
def test_nothing_is_lost_and_nothing_doubled_while_the_server_is_killed(
    devices: list[dict[str, Any]], field_port: int
) -> None:
    # Sessions of ours are none of the processes that are forked.
    connections.close_all()
    server = Forked(NAME, partial(serve_field, HOST, field_port), longest_pause=LONGEST_PAUSE)
    is_over = threading.Event()
    worker = threading.Thread(target=_apply_until, args=(is_over,))

    def victims(rng: random.Random) -> Sequence[int]:
        return [server.pid] if server.pid else []

    server.start()
    worker.start()
    phones = phones_of(devices, SEED)
    try:
        storm = Storm(HOST, field_port, phones, SEED, victims)
        asyncio.run(storm.run(longest=60))
    finally:
        is_over.set()
        worker.join()
        server.stop()
    found = compare(str(_address()), phones)
    assert (found.lost_items, found.lost_people, found.doubled_people, found.strange_items) == ([], [], [], [])
    assert (found.misplaced, found.other_answers, found.wrong_times, found.refused) == ([], [], [], [])
    assert storm.tally.killed >= 1 and storm.tally.requests > DEVICES


def _apply_until(is_over: threading.Event) -> None:
    """The worker's part."""
    try:
        while not is_over.wait(0.1):
            apply_all_waiting(until=timezone.now() + timedelta(seconds=5))
    finally:
        connections.close_all()


def _address() -> str:
    owner = connections.databases["owner"]
    return (
        f"postgresql://{owner['USER']}:{owner['PASSWORD']}@/{owner['NAME']}?host={owner['HOST']}&port={owner['PORT']}"
    )
