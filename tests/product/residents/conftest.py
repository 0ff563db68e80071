"""A household of the small world with a slip in its hand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from lianfang.domains.residents.services import MadeInvite, make_invites
from lianfang.foundation.access.scope import acting_as
from tests.product.world import World


@dataclass
class Slip:
    """An invite of the household b1-101 (陈建国, 林秀英, 陈小宝): numbers end in 0001 to 0003."""

    made: MadeInvite

    @property
    def token(self) -> str:
        return self.made.token

    @property
    def path(self) -> str:
        return f"/r/{self.token}/"


def invite(world: World, home: str = "b1-101", login: str = "community", **given: object) -> MadeInvite:
    actor = world.actor(login)
    with acting_as(actor):
        return make_invites(actor=actor, household_ids=[world.households[home].pk], **given)[0]  # type: ignore[arg-type]


@pytest.fixture
def slip(world: World) -> Slip:
    return Slip(invite(world))


def phone(language: str = "zh-hans") -> Client:
    """Somebody's phone: it has no account."""
    return Client(headers={"accept-language": language}, raise_request_exception=False)
