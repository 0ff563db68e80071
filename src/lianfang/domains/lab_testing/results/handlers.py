# ruff: noqa: E501
"""What results do when swabs and tubes change after them: an orphan finds its tube, a late swab joins a positive pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lianfang.domains.lab_testing import events
from lianfang.domains.lab_testing.models import Hold, Result, Tube
from lianfang.domains.lab_testing.results.services.conclusions import settle_tubes
from lianfang.foundation.outbox.services import handles


@handles(events.SAMPLE_RECORDED)
@handles(events.SAMPLE_VOIDED)
@handles(events.TUBE_VOIDED)
@handles(events.TUBE_SEALED)
def settle_changed_tube(payload: Mapping[str, Any]) -> None:
    """Only where a result, a hold or a waiting orphan is there to be settled: most swabs come long before."""
    tube = Tube.objects.filter(pk=payload["tube_id"]).first()
    if tube is None:
        return
    orphans = Result.objects.filter(township_id=tube.township_id, state="orphan", tube_code=tube.code)
    if (
        Result.objects.filter(tube=tube).exists()
        or orphans.exists()
        or Hold.objects.filter(tube=tube).exists()
        or _by_person(payload)
    ):
        settle_tubes([tube.pk])


def _by_person(payload: Mapping[str, Any]) -> bool:
    people = [pk for pk in (payload.get("person_id"), *payload.get("person_ids", ())) if pk is not None]
    is_held = Hold.objects.filter(person_id__in=people).exists()
    return is_held or Result.objects.filter(person_id__in=people, tube_code="").exists()


@handles(events.TUBES_RECEIVED)
def settle_received_tubes(payload: Mapping[str, Any]) -> None:
    for pk in payload["tube_ids"]:
        settle_changed_tube({"tube_id": pk})
