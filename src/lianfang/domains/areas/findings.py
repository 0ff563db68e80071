"""What investigators found out about a place: written down with its source, withdrawn where it was wrong."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from lianfang.domains.areas.engine_adapter import STAYED
from lianfang.domains.areas.models import Finding
from lianfang.domains.areas.problems import AreaProblemError
from lianfang.domains.areas.reach import keys_of, reached_place
from lianfang.domains.cases.selectors import case_for
from lianfang.engine.packs.facts import AREA_FACTS
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record

# Facts that are reckoned from what the product keeps; every other one is somebody's finding.
RECKONED = frozenset(
    ("lives_here_infected", "new_infections", "days_without_infection", "days_in_level", "round_all_negative_on_day",
     "days_since_clean_round", "clean_rounds", "is_in_the_county_of_a_higher_level", "all_higher_levels_lifted")
)  # fmt: skip
FOUND_FACTS = tuple(name for name in AREA_FACTS if name not in RECKONED)
LARGEST = 100_000.0


def record_finding(
    *, actor: Actor, place_id: int, fact: str, source: str, number: float | None = None, case_id: int | None = None,
    happened_at: datetime | None = None,
) -> Finding:  # fmt: skip
    """Write down what was found. A stay names whose it was; everything else has a value, 1 and 0 for yes and no.

    Raises AreaProblemError for a fact that is reckoned or unknown, a missing value or source, or an instant to come.
    """
    actor.authorise(Action.AREAS_DECIDE)
    place = reached_place(actor, place_id)
    now = timezone.now()
    at = happened_at or now
    if fact not in FOUND_FACTS:
        raise AreaProblemError("fact_unknown", "fact")
    if not source.strip():
        raise AreaProblemError("source_needed", "source")
    if at > now:
        raise AreaProblemError("found_in_future", "happened_at")
    if fact == STAYED:
        if case_id is None:
            raise AreaProblemError("case_needed", "case")
        case_id, number = case_for(actor, case_id).pk, None
    elif number is None or not 0 <= number <= LARGEST or (AREA_FACTS[fact].type == "boolean" and number not in (0, 1)):
        raise AreaProblemError("value_needed", "number")
    with transaction.atomic():
        made = Finding.objects.create(
            **keys_of(place), place=place, fact=fact, case_id=case_id if fact == STAYED else None, number=number,
            happened_at=at, source=source.strip()[:200], recorded_at=now, recorded_by=actor.name,
        )  # fmt: skip
        record(actor=actor, action="areas.record_finding", target_kind="finding", target_id=made.pk,
               details={"fact": fact})  # fmt: skip
    return made


def withdraw_finding(*, actor: Actor, finding_id: int, because: str) -> Finding:
    """Say that a finding was wrong; it stays on the record. Raises AreaProblemError without a reason, or twice."""
    actor.authorise(Action.AREAS_DECIDE)
    if not because.strip():
        raise AreaProblemError("reason_needed", "because")
    with transaction.atomic():
        found = Finding.objects.visible_to(actor).select_for_update().filter(pk=finding_id).first()
        if found is None or found.withdrawn_at is not None:
            raise AreaProblemError("settled_already")
        found.withdrawn_at, found.withdrawn_by = timezone.now(), actor.name
        found.withdrawn_because = because.strip()[:200]
        found.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
        record(actor=actor, action="areas.withdraw_finding", target_kind="finding", target_id=found.pk)
    return found
