"""The floor of a run: scan the columns that it reads, one hash join, and write as many rows as it writes.

``python -m benchmarks.engine_floor PART FACTS OUTPUT THREADS MEMORY``; PART is status, delta or reconciliation.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

# Every column of swabs and results that the stages read; each swab with what was reported of it.
_STATUS = """
SELECT s.sample_id, s.sampled_at, s.sampled_at_has_time, s.round_id, s.is_void, s.voided_at, s.recorded_at,
    r.result_id, r.tube_id, r.person_id, r.outcome, r.tested_at, r.tested_at_has_time, r.reported_at,
    r.reported_at_has_time, r.received_at, r.superseded_by, r.withdrawn_at
FROM '{facts}/samples/*/*.parquet' s JOIN '{facts}/results/*/*.parquet' r USING (tube_id, person_id)
"""
_DELTA = """
SELECT b.person_id, b.status AS previous_status, n.status, b.rule_id AS previous_rule_id, n.rule_id,
    b.reason AS previous_reason, n.reason, b.until AS previous_until, n.until,
    b.is_emergency AND n.is_emergency AS is_emergency, b.emergency_until, n.emergency_until AS now_until,
    b.pack_id, n.pack_version
FROM '{facts}/decisions/*/*.parquet' b JOIN '{output}/decisions/*/*.parquet' n USING (person_id)
WHERE b.status <> n.status OR b.rule_id <> n.rule_id OR b.until <> n.until
"""
# The last round: who is expected, each with the swab and what was reported of it; two joins cannot be one.
_RECONCILIATION = """
SELECT p.*, s.sample_id, s.tube_id, s.sampled_at, s.sampled_at_has_time, s.is_void, s.voided_at, s.recorded_at
FROM '{facts}/roster/*/*.parquet' p JOIN '{facts}/samples/dt=2022-08-29/*.parquet' s USING (person_id)
UNION ALL BY NAME
SELECT result_id, tube_id, person_id, outcome, tested_at, tested_at_has_time, reported_at, reported_at_has_time,
    received_at, laboratory, superseded_by, withdrawn_at
FROM '{facts}/results/dt=2022-08-30/*.parquet'
"""
TEXTS = {"reconciliation": _RECONCILIATION, "status": _STATUS, "delta": _DELTA}


def main() -> None:
    part, facts, output, threads, memory = sys.argv[1:]
    config = {"threads": threads, "memory_limit": memory, "preserve_insertion_order": "false"}
    config["temp_directory"] = f"{output}-spill"
    started, used = time.perf_counter(), time.process_time()
    with duckdb.connect(config=config) as connection:
        sql = TEXTS[part].format(facts=facts, output=output)
        kept = Path(f"{output}-floor.parquet")
        connection.execute(f"COPY ({sql}) TO '{kept}' (FORMAT parquet, COMPRESSION snappy)")
        kept.unlink()
    print(json.dumps({"seconds": time.perf_counter() - started, "processor_seconds": time.process_time() - used}))


if __name__ == "__main__":
    main()
