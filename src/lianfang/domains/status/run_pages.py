"""What a page shows of a run: why it stopped, whom it would worsen by place and reason, on which facts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from lianfang.domains.policy.pages import pack_name
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.selectors import people_for
from lianfang.domains.status.evidence import FactShown, facts_in_words
from lianfang.domains.status.gating import SEVERITY
from lianfang.domains.status.models import RunState, StatusRun, WithheldDecision
from lianfang.domains.status.rule_words import reason_in_general
from lianfang.domains.status.runs import MAY_BE_APPROVED, MAY_BE_UNDONE
from lianfang.domains.status.selectors import withheld_of
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.tones import Tone

MOST_EXAMPLES = 12
MOST_FACTS = 8
_STATE_TONES: dict[str, Tone] = {
    RunState.DONE: "quiet",
    RunState.WAITING: "bad",
    RunState.APPROVED: "good",
    RunState.REJECTED: "warn",
    RunState.UNDONE: "warn",
}


@dataclass(frozen=True, slots=True)
class Change:
    """So many people of one place: from → to, for one reason."""

    place: str
    from_status: str
    to_status: str
    reason: str
    people: int


@dataclass(frozen=True, slots=True)
class Preview:
    """``facts``: what most of these decisions rest on, with how many people each."""

    changes: list[Change]
    places: list[tuple[str, int]]
    facts: list[tuple[FactShown, int]]
    examples: list[tuple[WithheldDecision, Any, str]]
    people: int


@dataclass(frozen=True, slots=True)
class RunShown:
    run: StatusRun
    place: str
    packs: list[str]
    tone: Tone
    may_approve: bool
    may_reject: bool
    may_undo: bool
    is_own: bool


def shown_run(actor: Actor, run: StatusRun, places: dict[int, str]) -> RunShown:
    acts = actor.may(Action.STATUS_ORDER)
    caused = actor.account_id is None or actor.account_id in {*run.caused_by_ids, run.settled_by_id}
    return RunShown(
        run=run,
        place=places.get(run.community_id or run.township_id, ""),
        packs=[_pack(named) for named in run.packs],
        tone=_STATE_TONES[run.state],
        may_approve=acts and run.state in MAY_BE_APPROVED and not caused,
        may_reject=acts and run.state == RunState.WAITING,
        may_undo=acts and run.state in MAY_BE_UNDONE and run.undoes is None and run.changed > 0,
        is_own=acts and run.state in MAY_BE_APPROVED and caused,
    )


def _pack(named: str) -> str:
    """``covid19/v9 1`` by its name."""
    pack, _, version = named.rpartition(" ")
    return pack_name(pack, int(version))


def shown_runs(actor: Actor, runs: list[StatusRun]) -> list[RunShown]:
    names = place_names({run.community_id or run.township_id for run in runs})
    return [shown_run(actor, run, names) for run in runs]


def preview_of(actor: Actor, run: StatusRun) -> Preview:
    """What the run withheld, in a handful of queries however many people it is about."""
    rows = withheld_of(actor, run)
    keys = ("community_id", "from_status", "to_status", "pack", "pack_version", "rule", "reason", "params")
    counted = list(rows.order_by().values(*keys).annotate(people=Count("pk")))
    names = place_names({row["community_id"] for row in counted})
    changes: dict[tuple[str, str, str, str], int] = defaultdict(int)
    places: dict[str, int] = defaultdict(int)
    for row in counted:
        place = names.get(row["community_id"], "")
        reason = reason_in_general(row["pack"], row["pack_version"], row["rule"], row["reason"], row["params"])
        changes[place, row["from_status"], row["to_status"], reason] += row["people"]
        places[place] += row["people"]
    ordered = sorted(changes.items(), key=lambda one: (-SEVERITY[one[0][2]], -one[1]))
    return Preview(
        changes=[Change(*key, people) for key, people in ordered],
        places=sorted(places.items(), key=lambda one: -one[1]),
        facts=_facts(run),
        examples=_examples(actor, rows),
        people=sum(places.values()),
    )


def _facts(run: StatusRun) -> list[tuple[FactShown, int]]:
    """The facts that most of the withheld decisions rest on. Read in the reader's scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e->>0, (e->>1)::bigint, count(*) FROM status_withheld_decision w, jsonb_array_elements(w.evidence) e
            WHERE w.run_id = %s GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s
            """,
            [run.pk, MOST_FACTS],
        )
        found = cursor.fetchall()
    words = facts_in_words((table, number) for table, number, _ in found)
    return [(words[table, number], people) for table, number, people in found]


def _examples(actor: Actor, rows: QuerySet[WithheldDecision]) -> list[tuple[WithheldDecision, Any, str]]:
    worst = Case(When(to_status="red", then=Value(0)), default=Value(1), output_field=IntegerField())
    chosen = list(rows.order_by(worst, "community_id", "pk")[:MOST_EXAMPLES])
    people = {one.pk: one for one in people_for(actor, {one.person_id for one in chosen})}
    return [
        (
            one,
            people.get(one.person_id),
            reason_in_general(one.pack, one.pack_version, one.rule, one.reason, one.params),
        )
        for one in chosen
    ]


def place_names(ids: set[int]) -> dict[int, str]:
    return dict(Place.objects.filter(pk__in=ids).values_list("pk", "name"))
