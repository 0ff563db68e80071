"""What people do about a run: approve what it stopped before, refuse it, or take back what it wrote.

An undone or refused run holds its people: the same facts do not bring its decisions back. What new facts say of one of
them goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.status import events
from lianfang.domains.status.gating import HOLDING, RESTRICTIVE, SEVERITY, Before, is_worse_than
from lianfang.domains.status.limits import NEVER_WITHHELD
from lianfang.domains.status.models import HealthStatus, RunState, StatusRun, WithheldDecision, WithheldState
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.recompute import next_number, recompute
from lianfang.domains.status.rule_words import said_by
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

# A run that was refused, or undone, may be approved after all: by somebody else than who settled it.
MAY_BE_APPROVED = frozenset({RunState.WAITING, RunState.REJECTED, RunState.UNDONE})
MAY_BE_UNDONE = frozenset({RunState.DONE})
# pgh_id, status, until_at of the decision that was in force before the run first wrote the row; none: there was none.
_Event = tuple[int, str, datetime | None]


def approve_run(*, actor: Actor, run_id: int, because: str) -> StatusRun:
    """Let the withheld decisions take effect, decided anew with what is known now.

    Who would be worse off now than the preview showed is not covered by the approval and goes through the limit again.
    Raises StatusProblemError for somebody who caused the run or settled it before, and for one that is settled.
    """
    actor.authorise(Action.STATUS_ORDER)
    _needs(because)
    with transaction.atomic():
        run = _locked(actor, run_id)
        rows = WithheldDecision.objects.filter(run=run, state__in=HOLDING)
        shown = dict(rows.values_list("person_id", "to_status"))
        if run.state not in MAY_BE_APPROVED or not shown:
            raise StatusProblemError("settled_already")
        if actor.account_id is None or actor.account_id in {*run.caused_by_ids, run.settled_by_id}:
            raise StatusProblemError("run_second_person_needed")
        with acting_as(system_actor("status")):
            rows.update(state=WithheldState.APPROVED, settled_at=timezone.now())
        _mark(actor, run, RunState.APPROVED, because)
        recompute(shown, why="approved", caused_by=[actor.account_id], approved=shown)
    return run


def reject_run(*, actor: Actor, run_id: int, because: str) -> StatusRun:
    """Do not let the withheld decisions take effect; they stay withheld while nothing new is known of a person.

    One person suffices: nobody is restricted by it.
    """
    actor.authorise(Action.STATUS_ORDER)
    _needs(because)
    with transaction.atomic():
        run = _locked(actor, run_id)
        if run.state != RunState.WAITING:
            raise StatusProblemError("settled_already")
        with acting_as(system_actor("status")):
            WithheldDecision.objects.filter(run=run, state=WithheldState.WAITING).update(state=WithheldState.REJECTED)
        _mark(actor, run, RunState.REJECTED, because)
    return run


def undo_run(*, actor: Actor, run_id: int, because: str) -> StatusRun:
    """Take back what the run wrote: the decisions before it come back, and the history keeps both.

    Only where that would restrict somebody again whom it freed does its decision stay: a restriction follows from
    facts, never from undoing. A person's own positive and an order by two stay too; they are taken back where the fact
    is kept. Whom another run decided since is left alone. Returns the run that undid it. Raises StatusProblemError
    where nothing of it is left to take back, and for a run that undid another.
    """
    actor.authorise(Action.STATUS_ORDER)
    _needs(because)
    with transaction.atomic():
        run = _locked(actor, run_id)
        if run.state not in MAY_BE_UNDONE or run.undoes is not None:
            raise StatusProblemError("settled_already")
        with acting_as(system_actor("status")):
            undone = _take_back(run)
            if undone is None:
                raise StatusProblemError("nothing_to_undo")
        _mark(actor, run, RunState.UNDONE, because)
    return undone


def forget_idle_runs(before: datetime) -> int:
    """Remove the rows of runs that changed nothing and withheld nothing, begun before then; returns how many."""
    with acting_as(system_actor("status")):
        idle = StatusRun.objects.filter(begun_at__lt=before, state=RunState.DONE, changed=0, withheld=0, undoes=None)
        return idle.delete()[0]


def _needs(because: str) -> None:
    if not because.strip():
        raise StatusProblemError("reason_needed", "because")


def _locked(actor: Actor, run_id: int) -> StatusRun:
    found = StatusRun.objects.visible_to(actor).select_for_update().filter(pk=run_id).first()
    if found is None:
        raise StatusProblemError("run_elsewhere")
    return found


def _mark(actor: Actor, run: StatusRun, state: RunState, because: str) -> None:
    run.state, run.because = state, because.strip()[:200]
    run.settled_at, run.settled_by_id, run.settled_by = timezone.now(), actor.account_id, actor.name
    run.save(update_fields=["state", "because", "settled_at", "settled_by_id", "settled_by"])
    action = {RunState.APPROVED: "approve_run", RunState.REJECTED: "reject_run", RunState.UNDONE: "undo_run"}[state]
    record(actor=actor, action=f"status.{action}", target_kind="status_run", target_id=run.pk,
           details={"because": run.because})  # fmt: skip
    payload = {"run_id": run.pk, "state": str(state), "as_of": run.settled_at.isoformat()}
    emit(events.RUN_SETTLED, payload)


def _take_back(run: StatusRun) -> StatusRun | None:
    """The one action of undoing; None where nobody is left whose decision it may take back."""
    now = timezone.now()
    mine = {
        row.person_id: row
        for row in HealthStatus.objects.select_for_update(no_key=True)
        .filter(run_number=run.number, township_id=run.township_id)
        .order_by("person_id")
        if not _is_urgent(row)
    }
    previous = _previous(run.number, [row.pk for row in mine.values()])
    taken = {person: row for person, row in mine.items() if _may_come_back(row, previous.get(row.pk), run, now)}
    if not taken:
        return None
    was = {person: previous[row.pk][1] if row.pk in previous else "unknown" for person, row in taken.items()}
    steps = [SEVERITY[was[person]] - SEVERITY[row.status] for person, row in taken.items()]
    undoing = StatusRun.objects.create(
        number=next_number(), why="undone", state=RunState.DONE, as_of=now, begun_at=now, undoes=run.number,
        packs=run.packs, changed=len(taken), improved=sum(step < 0 for step in steps),
        worsened=sum(step > 0 for step in steps), county_id=run.county_id, township_id=run.township_id,
        community_id=run.community_id,
    )  # fmt: skip
    _keep_as_withheld(run, taken, was, now)
    _bring_back(undoing.number, taken.values(), previous)
    changed = sorted(taken)
    for start in range(0, len(changed), events.BATCH):
        batch = changed[start : start + events.BATCH]
        emit(events.STATUS_CHANGED, {"person_ids": batch, "as_of": now.isoformat()})
    return undoing


def _may_come_back(row: HealthStatus, before: _Event | None, run: StatusRun, now: datetime) -> bool:
    """Whether the decision before this one may be in force again."""
    if is_worse_than(_before(before), row.status, row.until_at, run.as_of):
        return True
    if before is None:
        return row.status != "unknown"  # nobody decided reads unknown
    _, status, until_at = before
    if until_at is not None and until_at <= now:
        return False  # it is over: there is nothing to come back to
    return not (status in RESTRICTIVE and is_worse_than(Before(row.status, row.until_at), status, until_at, now))


def _is_urgent(row: HealthStatus) -> bool:
    pack = packs_on_disk().get(said_by(row.pack, row.pack_version, row.rule))
    bare = row.rule.rpartition(":")[2]
    return pack is not None and any(rule.id == bare and rule.kind in NEVER_WITHHELD for rule in pack.rules)


def _previous(number: int, rows: Collection[int]) -> dict[int, _Event]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (e.pgh_obj_id) e.pgh_obj_id, e.pgh_id, e.status, e.until_at, e.pgh_label
            FROM status_healthstatusevent e
            JOIN (
                SELECT pgh_obj_id, min(pgh_id) AS first FROM status_healthstatusevent
                WHERE pgh_obj_id = ANY(%(rows)s) AND run_number = %(run)s GROUP BY pgh_obj_id
            ) r ON r.pgh_obj_id = e.pgh_obj_id AND e.pgh_id < r.first
            ORDER BY e.pgh_obj_id, e.pgh_id DESC
            """,
            {"rows": list(rows), "run": number},
        )
        return {row[0]: row[1:4] for row in cursor.fetchall() if row[4] != "delete"}


def _before(event: _Event | None) -> Before | None:
    return None if event is None else Before(event[1], event[2])


def _keep_as_withheld(run: StatusRun, taken: Mapping[int, HealthStatus], was: Mapping[int, str], now: datetime) -> None:
    WithheldDecision.objects.filter(person_id__in=list(taken), state__in=HOLDING).update(
        state=WithheldState.OVERTAKEN, settled_at=now
    )
    rows = [
        WithheldDecision(
            run=run, person_id=person, county_id=row.county_id, township_id=row.township_id,
            community_id=row.community_id, building_id=row.building_id,
            from_status=was[person], to_status=row.status, rule=row.rule,
            reason=row.reason, params=row.params, until_at=row.until_at, evidence=row.evidence, pack=row.pack,
            pack_version=row.pack_version, withheld_at=now,
        )
        for person, row in taken.items()
    ]  # fmt: skip
    WithheldDecision.objects.bulk_create(rows, batch_size=2_000)


# Whether somebody may pass in an emergency is never taken back with a decision.
_BROUGHT_BACK = (
    "status", "rule", "reason", "params", "since_at", "until_at", "ends_when", "next_step", "appeal", "evidence",
    "other_reasons", "is_unverified", "pack", "pack_version", "as_of",
)  # fmt: skip


def _bring_back(number: int, rows: Collection[HealthStatus], previous: Mapping[int, _Event]) -> None:
    events_of = [previous[row.pk][0] for row in rows if row.pk in previous]
    columns = ", ".join(f"{name} = e.{name}" for name in _BROUGHT_BACK)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE status_health_status h SET {columns}, run_number = %s "
            "FROM status_healthstatusevent e WHERE e.pgh_id = ANY(%s) AND h.id = e.pgh_obj_id",
            [number, events_of],
        )
    HealthStatus.objects.filter(pk__in=[row.pk for row in rows if row.pk not in previous]).delete()


__all__ = ["MAY_BE_APPROVED", "MAY_BE_UNDONE", "approve_run", "forget_idle_runs", "reject_run", "undo_run"]
