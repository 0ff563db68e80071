"""Files understood → people linked → round counted → lists: the whole job in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.backends import Stages
from lianfang.engine.intake.contract import FileReading, Role
from lianfang.engine.linkage import Decisions, link_people
from lianfang.engine.linkage.contract import Linkage
from lianfang.engine.reconciliation import lists
from lianfang.engine.reconciliation.assemble import Assembled, assemble
from lianfang.engine.reconciliation.contract import Answer
from lianfang.engine.rounds import RoundAnswer, RoundSettings, reconcile_round

OnProgress = Callable[[str], None]


def reconcile(
    readings: Sequence[tuple[Role, FileReading]],
    *,
    settings: RoundSettings,
    decisions: Decisions | None = None,
    on_progress: OnProgress | None = None,
) -> Answer:
    """Answer who was missed, what has no result, which tube is positive and what contradicts what.

    ``readings`` are the files in any order, each with the role it was given for. ``on_progress`` is told
    the name of each stage as it begins: "linking", "counting", "listing".

    Raises ``DoesNotAddUpError`` where the counts contradict each other.
    """
    tell = on_progress or (lambda stage: None)
    assembled = assemble(readings)
    tell("linking")
    records = assembled.linkage_records()
    linkage = link_people(records, decisions=decisions or Decisions())
    tell("counting")
    keys = _person_keys(assembled, linkage)
    answer = _count(assembled, keys, settings)
    tell("listing")
    described = assembled.records(keys)
    return Answer(
        settings=settings,
        round=answer,
        sources=assembled.sources,
        readings=tuple(readings),
        repeated_files=assembled.repeated_files,
        records=described,
        decided=tuple(sorted(decisions.verdicts.items())) if decisions else (),
        **_lists(assembled, described, answer, linkage),
    )


def _person_keys(assembled: Assembled, linkage: Linkage) -> dict[Role, pa.Array]:
    members = linkage.members
    keys = {}
    for role, table in assembled.tables.items():
        at = pc.index_in(table["record_id"], value_set=members["record_id"].combine_chunks())
        keys[role] = pc.take(members["person_key"], at).combine_chunks()
    return keys


def _count(assembled: Assembled, keys: dict[Role, pa.Array], settings: RoundSettings) -> RoundAnswer:
    tables = {role: table.append_column("person_key", keys[role]) for role, table in assembled.tables.items()}
    return reconcile_round(**tables, settings=settings)


def _lists(assembled: Assembled, records: pa.Table, answer: RoundAnswer, linkage: Linkage) -> dict[str, pa.Table]:
    with Stages() as db:
        db.load(
            records=records,
            people=answer.people,
            tubes=answer.tubes,
            findings=answer.findings,
            roster_states=answer.roster_states,
            sample_states=answer.sample_states,
            result_states=answer.result_states,
            exempt_states=answer.exempt_states,
            exempt=assembled.tables["exempt"],
            unsure=linkage.unsure,
            link_conflicts=linkage.conflicts,
        )
        db.define(lists.MACROS)
        db.stages(lists.STEPS, keep=lists.STEPS)
        return {name: contract.conform(db.table(sql)) for name, (contract, sql) in lists.LISTS.items()}
