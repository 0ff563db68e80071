from __future__ import annotations

from collections.abc import Iterator

import pytest

from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.status import StatusEngine
from tests.engine.status.facts import V9


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack(V9)


@pytest.fixture(scope="session")
def engine(pack: Pack) -> Iterator[StatusEngine]:
    with StatusEngine(pack, threads=1) as opened:
        yield opened
