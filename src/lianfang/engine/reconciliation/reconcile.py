"""Files understood → people linked → round counted → lists: the whole job in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.backends import Stages
from lianfang.engine.intake.contract import FileReading, Role
from lianfang.engine.linkage import Decisions, linked_people
from lianfang.engine.linkage.contract import Linkage
from lianfang.engine.reconciliation import lists
from lianfang.engine.reconciliation.assemble import Assembled, assemble
from lianfang.engine.reconciliation.contract import Answer
from lianfang.engine.rounds import RoundAnswer, RoundSettings, reconcile_round
from lianfang.engine.tables import TableContract

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
    with (
        linked_people(assembled.linkage_records(), decisions=decisions or Decisions()) as linked,
        ThreadPoolExecutor(1) as beside,
    ):
        tell("counting")
        # What linking has to list is needed by nobody who counts.
        listing = beside.submit(linked.listed)
        keys = _person_keys(assembled, linked.members)
        answer = _count(assembled, keys, settings)
        tell("listing")
        linkage = listing.result()
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


def _person_keys(assembled: Assembled, linked: pa.Table) -> dict[Role, pa.Array]:
    """The person of every row of every role; null where the row names nobody."""
    rows = sum(table.num_rows for table in assembled.tables.values())
    members, keys = (linked[name].combine_chunks() for name in ("record_id", "person_key"))
    # Record numbers count from 0: where in ``members`` a number stands is found without a search.
    at = pc.inverse_permutation(members, max_index=rows - 1, output_type=pa.int64())
    return {role: keys.take(at.take(table["record_id"].combine_chunks())) for role, table in assembled.tables.items()}


def _count(assembled: Assembled, keys: dict[Role, pa.Array], settings: RoundSettings) -> RoundAnswer:
    tables = {role: table.append_column("person_key", keys[role]) for role, table in assembled.tables.items()}
    return reconcile_round(**tables, settings=settings)


def _lists(assembled: Assembled, records: pa.Table, answer: RoundAnswer, linkage: Linkage) -> dict[str, pa.Table]:
    with Stages(joins_as_written=True, keeps_order=False) as db:
        db.load(
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
        db.stages(lists.MENTIONS, keep=lists.MENTIONS)
        db.load(told=_told(records, db.table("SELECT record_id FROM mentioned ORDER BY record_id")["record_id"]))
        db.stages(lists.STEPS, keep=lists.STEPS)
        return {name: _as_list(contract, db.table(sql), answer.people) for name, (contract, sql) in lists.LISTS.items()}


def _told(records: pa.Table, wanted: pa.ChunkedArray) -> pa.Table:
    at = pc.index_in(wanted, value_set=records["record_id"].combine_chunks()).drop_null()
    return records.take(at)


def _as_list(contract: TableContract, table: pa.Table, people: pa.Table) -> pa.Table:
    """The list with what is known of its people, whom it names by their ``walking_order``."""
    if "walking_order" in table.column_names:
        missing = [name for name in contract.schema.names if name not in table.column_names]
        known = [name for name in missing if name in people.column_names]
        at = pc.subtract(table["walking_order"], 1)
        for name, column in zip(known, people.select(known).take(at).columns, strict=True):
            table = table.append_column(name, column)
    return contract.conform(table)
