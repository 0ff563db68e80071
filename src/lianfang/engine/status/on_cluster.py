"""Everybody of a city or province on Spark: the plan of ``bulk``, translated, from and to partitioned Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from lianfang.engine.backends.cluster import Cluster, work_folder
from lianfang.engine.packs import Pack
from lianfang.engine.status.bulk import BulkRun, made_where_used, part_of
from lianfang.engine.status.contract import DECISIONS, DELTA, FACT_CONTRACTS
from lianfang.engine.status.delta import COMPARED, SEVERITY
from lianfang.engine.status.plan import MACROS, OPENED_ELSEWHERE, Plans, moment

_DELTA = f"SELECT * FROM ({COMPARED}) c WHERE change IS NOT NULL ORDER BY person_id"


def run_on_cluster(
    pack: Pack,
    facts: Path,
    output: Path,
    as_of: datetime,
    *,
    cluster: Cluster,
    previous: Path | None = None,
    superseded: Iterable[Pack] = (),
    considers: bool = False,
) -> BulkRun:
    """``run_in_bulk`` on a cluster. ``facts`` and ``output`` are folders that every worker reaches by the same path.

    ``considers`` writes too what ``considering.considered`` asks of every rule: ``ranks``, ``endings`` and ``guarded``.
    """
    at = moment(as_of)
    if output.exists() and any(output.iterdir()):
        raise FileExistsError(f"{output.name}: has files already")
    given = {name for name, contract in FACT_CONTRACTS.items() if cluster.attach(str(facts), contract)}
    if given & {"orders", "exposures"}:
        given.add(OPENED_ELSEWHERE)
    plan = Plans(pack, superseded).at(at, given, considers=considers)
    for name, table in plan.tables.items():
        cluster.load(name, table)
    where = {"work": work_folder(output), "part": part_of(at), "output": str(output)}
    rows = cluster.run(
        plan.steps,
        plan.outputs,
        macros=MACROS,
        constants=plan.constants,
        made_where_used=made_where_used(plan.steps),
        **where,
    )
    changes: Mapping[str, int] = {}
    if previous is not None:
        for name, folder in (("before", previous), ("after", output)):
            cluster.view(name, f"{folder}/{DECISIONS.name}")
        outputs = {DELTA.name: (DELTA, _DELTA)}
        cluster.run({}, outputs, macros=(SEVERITY,), constants={}, **where)
        changes = cluster.counted(f"{output}/{DELTA.name}", "change")
    shutil.rmtree(work_folder(output), ignore_errors=False)
    return BulkRun(rows, changes)
