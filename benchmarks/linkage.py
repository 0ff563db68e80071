"""Linkage: speed against the exact-join floor, quality against known truth, calibration, and FEBRL.

    python -m benchmarks.linkage [quick]

Every size runs in a process of its own, so that its peak memory is its own; the floor (grouping the same rows by
document number, in the same DuckDB) runs in the same process.
"""

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.linkage_rosters import Recipe, World, generate
from lianfang.engine.linkage import RECORDS, Linkage, link_people

# People, share that has samples and results, wall seconds aimed at on two cores.
SIZES = (
    ("10,000 people", Recipe(people=10_000, seed=11, samples=0, results=0, roster_repeated=0.05), 5.0),
    ("50,000 people", Recipe(people=50_000, seed=12, samples=0, results=0, roster_repeated=0.05), 10.0),
    ("200,000 × 3 files", Recipe(people=200_000, seed=13), 8.0),
)
SCALING = (3_333, 33_333, 333_333)
QUALITY = ((3_000, 0.05), (50_000, 0.05), (20_000, 0.25))


def main(*, quick: bool) -> None:
    """Print the tables; ``quick`` leaves out the largest sizes."""
    print(f"{'size':22}{'records':>9}{'link s':>8}{'cpu s':>7}{'floor s':>9}{'ratio':>7}{'MiB':>7}  target")
    for label, recipe, target in SIZES[:2] if quick else SIZES:
        print(_speed_line(label, recipe, f"< {target:g} s"))
    for people in SCALING[:2] if quick else SCALING:
        print(_speed_line(f"scaling {people * 3:,}", Recipe(people=people, seed=14), ""))
    print(f"\n{'people':>8}{'damaged':>9}{'precision':>11}{'recall':>8}{'F1':>8}{'sure':>7}{'unsure':>8}")
    for people, damaged in QUALITY:
        world = generate(Recipe(people=people, seed=21, damaged=damaged))
        linkage = link_people(world.records)
        precision, recall, f1 = pairwise(linkage, world)
        sizes = f"{linkage.sure.num_rows:>7}{linkage.unsure.num_rows:>8}"
        print(f"{people:>8,}{damaged:>9.0%}{precision:>11.5f}{recall:>8.4f}{f1:>8.4f}{sizes}")
    print("\nreliability of the last one: probability given, pairs, share that is one person")
    for low, high, pairs, share in reliability(linkage, world):
        print(f"  {low:.3f}–{high:.3f} {pairs:>7} {share:>7.3f}")


def _speed_line(label: str, recipe: Recipe, target: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.parquet"
        pq.write_table(generate(recipe).records, file)
        command = [sys.executable, "-m", "benchmarks.linkage", "measure", str(file)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    rows, wall, cpu, floor, mib = int(out[0]), *map(float, out[1:])
    return f"{label:22}{rows:>9,}{wall:>8.2f}{cpu:>7.2f}{floor:>9.2f}{wall / floor:>7.1f}{mib:>7.0f}  {target}"


def measure(file: Path) -> None:
    """Link the records of a file and print rows, wall and CPU seconds, the floor's seconds, and peak MiB."""
    records = RECORDS.conform(pq.read_table(file))
    before, cpu_before = time.perf_counter(), time.process_time()
    link_people(records)
    wall, cpu = time.perf_counter() - before, time.process_time() - cpu_before
    before = time.perf_counter()
    exact_join(records)
    floor = time.perf_counter() - before
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(records.num_rows, wall, cpu, floor, mib)


def exact_join(records: pa.Table) -> pa.Table:
    """The floor: a person is whoever has the same document number, and nobody else is linked."""
    with duckdb.connect(":memory:") as con:
        con.register("records", records)
        return con.execute("""
            SELECT record_id, min(record_id) OVER (PARTITION BY id_type, coalesce(id_number, record_id::VARCHAR))
            FROM records ORDER BY record_id
        """).to_arrow_table()


def pairwise(linkage: Linkage, world: World) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of records."""
    with duckdb.connect(":memory:") as con:
        con.register("members", linkage.members)
        con.register("truth", _truth(world))
        right, found, true = (
            con.execute(f"""
                SELECT coalesce(sum(n * (n - 1) / 2), 0)::DOUBLE
                FROM (SELECT count(*) AS n FROM members JOIN truth USING (record_id) GROUP BY {key})
            """).fetchall()[0][0]
            for key in ("person_key, person", "person_key", "person")
        )
    return right / found, right / true, 2 * right / (found + true)


def reliability(linkage: Linkage, world: World) -> Iterator[tuple[float, float, int, float]]:
    """How often the scored pairs of each band of probability are one person."""
    edges = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.995, 0.999, 1.0001)
    pairs = pa.concat_tables([linkage.sure, linkage.unsure]).to_pylist()
    scored = [(p["score"], world.truth[p["record_a"]] == world.truth[p["record_b"]]) for p in pairs]
    for low, high in itertools.pairwise(edges):
        inside = [same for score, same in scored if low <= score < high]
        if inside:
            yield low, min(high, 1.0), len(inside), sum(inside) / len(inside)


def _truth(world: World) -> pa.Table:
    ids = pa.array(range(len(world.truth)), pa.int64())
    return pa.table({"record_id": ids, "person": pa.array(world.truth, pa.int64())})


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(Path(sys.argv[2]))
    else:
        from benchmarks.linkage_febrl import main as febrl

        main(quick="quick" in sys.argv)
        febrl()
