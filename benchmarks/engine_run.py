"""One run of the engine in bulk as a process of its own, which says how long it took without starting Python.

``python -m benchmarks.engine_run FACTS OUTPUT AS_OF THREADS MEMORY [previous=FOLDER] [only=FILE] [round=NUMBER]``;
with ``round`` that round is reconciled instead.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from pathlib import Path

from lianfang.engine.packs import load_pack
from lianfang.engine.rounds.bulk import reconcile_city
from lianfang.engine.rounds.contract import RoundSettings
from lianfang.engine.status.bulk import run_in_bulk

PACK = Path(__file__).resolve().parents[1] / "policy_packs" / "covid19" / "v9"


def main() -> None:
    facts, output, as_of, threads, memory, *more = sys.argv[1:]
    words = {name: value for name, _, value in (each.partition("=") for each in more)}
    round_id = words.pop("round", None)
    given = {name: Path(value) for name, value in words.items()}
    pack = load_pack(PACK)
    started, used = time.perf_counter(), time.process_time()
    if round_id is not None:
        settings = RoundSettings(as_of=datetime.fromisoformat(as_of))
        counted = reconcile_city(
            Path(facts), Path(output), int(round_id), settings, threads=int(threads), memory=memory
        )
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        print(json.dumps({"seconds": seconds, "processor_seconds": processor, **counted}))
        return
    run = run_in_bulk(
        pack, Path(facts), Path(output), datetime.fromisoformat(as_of), threads=int(threads), memory=memory,
        previous=given.get("previous"), only=given.get("only"),
    )  # fmt: skip
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({"seconds": seconds, "processor_seconds": processor, "rows": dict(run.rows), **run.changes}))


if __name__ == "__main__":
    main()
