"""A household's phone that is let in, has sent a row and asked for help: what pages need to have something to show."""

from __future__ import annotations

from lianfang.domains.residents.services import (
    GivenRow,
    Visit,
    ask_for_help,
    check_digits,
    make_invites,
    open_visit,
    send_pre_registration,
    visit_for,
)
from lianfang.foundation.access.scope import acting_as
from tests.product.world import World

PHONE = "the-secret-of-a-phone-in-a-test-1234567890"


def open_phone(world: World, home: str, *, digits: str = "0001") -> Visit:
    """A visit of the household ``home``, whose numbers end in ``digits``."""
    actor, household = world.actor("community"), world.households[home]
    with acting_as(actor):
        made = make_invites(actor=actor, household_ids=[household.pk])[0]
    session = open_visit(token=made.token, address="127.0.0.1", device="", secret=PHONE)
    visit = visit_for(session.pk, PHONE)
    assert visit is not None and check_digits(visit=visit, digits=digits)
    with acting_as(visit.actor):
        rows = [GivenRow(1, name="新人"), GivenRow(2, name="新人二")]
        send_pre_registration(actor=visit.actor, household_id=household.pk, rows=rows, was_checked=True)
        ask_for_help(actor=visit.actor, household_id=household.pk, kind="food", urgency="normal", words="米")
    found = visit_for(session.pk, PHONE)
    assert found is not None
    return found
