from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from lianfang.foundation.access.roles import Role
from tests.product.world import World

Browse = Callable[..., Client]


@pytest.mark.parametrize("role", [str(role) for role in Role if role is not Role.SYSTEM])
def test_each_role_lands_on_a_page_that_it_may_open(world: World, browse: Browse, role: str) -> None:
    answer = browse(role).get("/", follow=True)
    assert answer.status_code == 200, (role, answer.redirect_chain)
    assert len(answer.redirect_chain) <= 2
