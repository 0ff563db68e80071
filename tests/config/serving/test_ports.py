from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from lianfang.config.serving.ports import require_port
from lianfang.config.serving.problems import ServingError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        # As a web server does that shares its port among its processes.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_free_port_is_fine(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    require_port("127.0.0.1", free)


def test_a_used_port_is_refused_with_its_holder_and_a_port_that_is_free(taken: int) -> None:
    with pytest.raises(ServingError) as refused:
        require_port("127.0.0.1", taken)
    assert refused.value.code == "port_in_use_by"
    assert refused.value.gaps["pid"] == os.getpid()
    assert refused.value.gaps["port"] == taken
    require_port("127.0.0.1", int(refused.value.gaps["spare"]))


def test_a_port_used_on_one_address_is_used_for_all_of_them(taken: int) -> None:
    with pytest.raises(ServingError, match="port_in_use"):
        require_port("0.0.0.0", taken)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ServingError) as refused:
        require_port(host, 8000)
    assert refused.value.code == "address_not_here"
