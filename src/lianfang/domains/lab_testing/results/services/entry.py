"""Results by hand: batch entry at a desk, corrections, and leftovers that somebody settles."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from lianfang.domains.lab_testing import codes
from lianfang.domains.lab_testing.locks import lock_name
from lianfang.domains.lab_testing.models import Outcome, Result, ResultState, Round, Tube, TubeState
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.results.refusals import ResultNotFoundError, ResultRefusedError
from lianfang.domains.lab_testing.results.services.conclusions import Settled, settle_tubes
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action, Level
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import blind_index

_SCOPE = ("county_id", "township_id", "community_id", "building_id")
MOST_ENTRIES = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the desk's list: a scanned tube and its outcome."""

    code: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a batch; ``known`` said the same before."""

    entered: int
    known: int
    settled: Settled


@transaction.atomic
def enter_results(
    *, actor: Actor, round_: Round, entries: Sequence[Entry], laboratory: str, tested_at: datetime | None = None,
    batch: uuid.UUID | None = None,
) -> Entered:  # fmt: skip
    """Write down what a laboratory told: all lines, or none (RefusedError names the line).

    The same ``batch`` again is the same results. Raises for an unknown code, a void tube, a time in the future, or no
    laboratory's name.
    """
    actor.authorise(Action.TESTING_RESULTS)
    if not laboratory.strip():
        raise ResultRefusedError("laboratory_missing")
    if not entries:
        raise ResultRefusedError("entries_missing")
    if len(entries) > MOST_ENTRIES:
        raise ResultRefusedError("entries_too_many", most=MOST_ENTRIES)
    now = timezone.now()
    if tested_at is not None and tested_at > now:
        raise ResultRefusedError("tested_in_future")
    tubes = _tubes(actor, round_, entries)
    lock_name(f"load.{round_.township_id}")
    mark = batch or uuid.uuid4()
    made = [
        Result(
            **{name: getattr(tube, name) for name in _SCOPE}, tube=tube, tube_code=tube.code, outcome=entry.outcome,
            given=entry.outcome, state=ResultState.COUNTED, laboratory=laboratory.strip()[:80], tested_at=tested_at,
            reported_at=now, received_at=now, entered_by=actor.name, source=actor.name, who_key=b"",
            content_key=blind_index("entry", f"{mark}\x1f{tube.pk}\x1f{entry.outcome}") or b"",
        )
        for tube, entry in zip(tubes, entries, strict=True)
    ]  # fmt: skip
    before = set(
        Result.objects.filter(
            township_id=round_.township_id, content_key__in=[one.content_key for one in made]
        ).values_list("content_key", flat=True)
    )
    Result.objects.bulk_create(
        [one for one in made if one.content_key not in {bytes(key) for key in before}], ignore_conflicts=True
    )
    settled = settle_tubes([tube.pk for tube in tubes], now=now)
    record(
        actor=actor,
        action="testing.results_entered",
        target_kind="round",
        target_id=round_.pk,
        details={"results": len(made)},
    )
    return Entered(len(made) - len(before), len(before), settled)


def _tubes(actor: Actor, round_: Round, entries: Sequence[Entry]) -> list[Tube]:
    wanted = [codes.tidy(entry.code) for entry in entries]
    twice = sorted({code for code in wanted if wanted.count(code) > 1}) if len(set(wanted)) < len(wanted) else []
    if twice:
        raise ResultRefusedError("entry_twice", codes=twice[:10])
    found = {
        tube.code: tube
        for tube in Tube.objects.visible_to(actor).filter(township_id=round_.township_id, code__in=wanted)
    }
    unknown = [code for code in wanted if code not in found]
    if unknown:
        raise ResultRefusedError("entry_unknown", codes=unknown[:10], count=len(unknown))
    for code, entry in zip(wanted, entries, strict=True):
        if found[code].state == TubeState.VOID:
            raise ResultRefusedError("entry_void", code=code, reason=found[code].void_reason or "–")
        if entry.outcome not in Outcome.values:
            raise ResultRefusedError("entry_outcome", code=code)
    return [found[code] for code in wanted]


def result_for(actor: Actor, result_id: int, *, lock: bool = False) -> Result:
    """Raises NotFoundError for a result outside of the actor's places."""
    actor.authorise(Action.TESTING_VIEW)
    found = Result.objects.visible_to(actor)
    result: Result | None = (found.select_for_update() if lock else found).filter(pk=result_id).first()
    if result is None:
        raise ResultNotFoundError("result_unknown")
    return result


@transaction.atomic
def correct_result(*, actor: Actor, result_id: int, outcome: str, reason: str) -> Result:
    """The laboratory says that it was wrong: a new result takes the old one's place, which stays, superseded.

    ``outcome`` "" withdraws the result without another. Raises RefusedError without a reason, for a result that was
    corrected already, or one that says the same.
    """
    actor.authorise(Action.TESTING_RESULTS)
    if not reason.strip():
        raise RefusedError("reason_missing")
    old = result_for(actor, result_id, lock=True)
    if old.superseded_by_id is not None or old.withdrawn_at is not None:
        raise ResultRefusedError("result_corrected_before")
    if outcome not in ("", *Outcome.values):
        raise ResultRefusedError("entry_outcome", code=old.tube_code)
    if outcome == old.outcome:
        raise ResultRefusedError("result_says_same")
    now, made = timezone.now(), old
    if outcome:
        made = _successor(actor, old, outcome, reason, now)
        old.superseded_by, old.state = made, ResultState.SUPERSEDED
    else:
        old.withdrawn_at, old.state, old.correction_reason = now, ResultState.WITHDRAWN, reason.strip()[:200]
    old.save(update_fields=["superseded_by", "withdrawn_at", "state", "correction_reason"])
    record(actor=actor, action="testing.result_corrected", target_kind="result", target_id=old.pk,
           details={"before": old.outcome, "after": outcome})  # fmt: skip
    if old.tube_id is not None:
        settle_tubes([old.tube_id], now=now)
    return made


def _successor(actor: Actor, old: Result, outcome: str, reason: str, now: datetime) -> Result:
    made = Result.objects.get(pk=old.pk)
    made.pk, made.superseded_by, made._state.adding = None, None, True
    made.outcome, made.given, made.correction_reason = outcome, outcome, reason.strip()[:200]
    made.state = ResultState.COUNTED if old.tube_id is not None else ResultState.ORPHAN
    made.reported_at, made.reported_at_has_time, made.received_at = now, True, now
    made.entered_by, made.source = actor.name, actor.name
    made.content_key = blind_index("correction", f"{old.pk}\x1f{outcome}\x1f{uuid.uuid4()}") or b""
    made.save(force_insert=True)
    return made


@transaction.atomic
def assign_result(*, actor: Actor, result_id: int, code: str) -> Result:
    """Say which tube a leftover means: an orphan with a misread code, or a person's row that may mean several swabs."""
    actor.authorise(Action.TESTING_RESULTS)
    result = result_for(actor, result_id, lock=True)
    if result.state not in (ResultState.ORPHAN, ResultState.WHICH_SAMPLE, ResultState.ELSEWHERE):
        raise ResultRefusedError("result_not_left")
    tube = Tube.objects.visible_to(actor).filter(township_id=result.township_id, code=codes.tidy(code)).first()
    if tube is None:
        raise ResultRefusedError("entry_unknown", codes=[codes.tidy(code)[:40]], count=1)
    before = result.tube_code
    with acting_as(system_actor("assign")):
        # The code that the laboratory wrote stands in the audit and in the row's history.
        Result.objects.filter(pk=result.pk).update(
            tube=tube, tube_code=tube.code, is_told=True, state=ResultState.COUNTED, entered_by=actor.name,
            community_id=tube.community_id, building_id=tube.building_id,
        )  # fmt: skip
    record(actor=actor, action="testing.result_assigned", target_kind="result", target_id=result.pk,
           details={"code": before, "tube_id": tube.pk})  # fmt: skip
    settle_tubes([tube.pk, *([result.tube_id] if result.tube_id else [])])
    return result_for(actor, result.pk)


@transaction.atomic
def accept_elsewhere(*, actor: Actor) -> int:
    """Take over results that one community loaded for the tubes of another, as far as the actor sees both."""
    actor.authorise(Action.TESTING_RESULTS)
    if actor.level not in (Level.TOWNSHIP, Level.COUNTY, Level.SYSTEM):
        raise ResultRefusedError("elsewhere_needs_township")
    waiting = list(Result.objects.visible_to(actor).filter(state=ResultState.ELSEWHERE).order_by("pk")[:20_000])
    wanted: dict[tuple[int, str], int] = {}
    tubes = Tube.objects.visible_to(actor).filter(code__in={one.tube_code for one in waiting})
    for tube in tubes:
        wanted[tube.township_id, tube.code] = tube.pk
    found = [one for one in waiting if (one.township_id, one.tube_code) in wanted]
    with acting_as(system_actor("accept")):
        # Orphans of the township: the same statement as for a tube that comes later gives them to their tubes.
        Result.objects.filter(pk__in=[one.pk for one in found]).update(state=ResultState.ORPHAN)
    settle_tubes([wanted[one.township_id, one.tube_code] for one in found])
    record(actor=actor, action="testing.results_accepted", target_kind="result", details={"results": len(found)})
    return len(found)
