"""One round of a city or province on Spark: the stages of ``bulk``, translated, from and to Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from lianfang.engine.backends.cluster import Cluster, work_folder
from lianfang.engine.rounds import stages_counts, stages_people, stages_places, stages_tubes
from lianfang.engine.rounds.bulk import CITY_FACTS, KEPT, OUTPUTS, as_rows, counts_of, prove
from lianfang.engine.rounds.contract import RoundSettings


def reconcile_on_cluster(
    facts: Path, output: Path, round_id: int, settings: RoundSettings, *, cluster: Cluster
) -> Mapping[str, int]:
    """``reconcile_city`` on a cluster. ``facts`` and ``output`` are folders that every worker reaches by the same path;
    each table is written as ``output/name/part-*.parquet``."""
    if output.exists() and any(output.iterdir()):
        raise FileExistsError(f"{output.name}: has files already")
    for contract in CITY_FACTS:
        cluster.attach(str(facts), contract, named=f"city_{contract.name}")
    db = cluster.stages(work_folder(output))
    as_rows(db, round_id, settings)
    db.define(stages_tubes.MACROS)
    db.define(stages_places.MACROS)
    db.stages(stages_tubes.STEPS | stages_people.STEPS | stages_counts.STEPS, keep=KEPT)
    totals = db.described("SELECT * FROM totals")[0]
    prove(totals, db.rows("SELECT count(DISTINCT person_id) FROM city_roster")[0][0])
    for name, sql in OUTPUTS.items():
        db.write(sql, f"{output}/{name}")
    shutil.rmtree(work_folder(output), ignore_errors=False)
    return counts_of(totals)
