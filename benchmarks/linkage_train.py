"""Measures the weights of ``engine/linkage/model.toml`` on generated rosters and prints the new file.

    python -m benchmarks.linkage_train [people] > model.toml   (40000 gives the shipped file)

Three kinds of pairs are counted, all with one side that exact keys leave open, since only those are scored:
records of one person (m), records of two people of one household (u_household), and random pairs (u).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping

import duckdb
import pyarrow as pa

from benchmarks.linkage_rosters import Recipe, World, generate
from lianfang.engine.linkage.candidates import measured_model, name_levels, scored_pairs, sides
from lianfang.engine.linkage.comparisons import weights
from lianfang.engine.linkage.contract import Settings
from lianfang.engine.linkage.exact import exact_pairs
from lianfang.engine.linkage.identities import base_profiles
from lianfang.engine.linkage.profiles import load_profiles
from lianfang.engine.linkage.scoring import compare, score

# Levels that compete with one another; a masked value is weighed among masked values.
GROUPS = {
    "name": [("masked",), ("same", "sounds", "looks", "order", "one_off", "similar", "surname", "different")],
    "identity": [("same", "one_digit", "two_digits", "different"), ("masked", "misfit")],
    "phone": [("same", "one_digit", "different"), ("masked", "misfit")],
    "birth": [("same", "one_off", "different")],
    "sex": [("same", "different")],
    "place": [("room", "other_room", "other_building", "elsewhere")],
}
# No level is so rare among real people as an invented sample may suggest.
FLOORS = {"m": 0.005, "u": 1e-7, "u_household": 0.0003}
# Where people live and where they are registered differ more often than the generator's addresses do.
PLACE_FLOOR = 0.02
PAIRS = {
    "m": "o.person = p.person",
    "u_household": "o.person <> p.person AND o.household = p.household",
    "u": "o.household <> p.household",
}


def prepare(con: duckdb.DuckDBPyConnection, world: World, settings: Settings) -> None:
    """Run the pipeline up to scoring; ``known`` has person and household of every profile."""
    load_profiles(con, world.records)
    base_profiles(con, {})
    exact_pairs(con, settings)
    scored_pairs(con, settings)
    truth = pa.table(
        {
            "record_id": pa.array(range(len(world.truth)), pa.int64()),
            "person": pa.array(world.truth, pa.int64()),
            "household": pa.array(world.household, pa.int64()),
        }
    )
    con.register("truth_in", truth)
    con.execute("""
        CREATE TEMP TABLE known AS SELECT pid AS id, min(person) AS person, min(household) AS household
        FROM rec JOIN truth_in USING (record_id) GROUP BY pid
    """)


def level_counts(con: duckdb.DuckDBPyConnection, settings: Settings, kind: str) -> dict[str, dict[str, int]]:
    """How often each level occurs among the pairs of ``kind``; ``side`` must hold every profile."""
    shared = "" if kind == "u" else " AND o.household = p.household"
    sample = "(SELECT * FROM known USING SAMPLE reservoir(150 ROWS) REPEATABLE (7))" if kind == "u" else "known"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE wanted AS
        SELECT DISTINCT o.id AS l, p.id AS r FROM {sample} p JOIN known o ON {PAIRS[kind]}{shared}
        SEMI JOIN open_profile q ON q.id = o.id WHERE o.id <> p.id
    """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT w.l, w.r, false AS same_tube FROM wanted w
        ANTI JOIN exact e ON e.clear AND e.l = least(w.l, w.r) AND e.r = greatest(w.l, w.r)
    """)
    con.execute("DROP TABLE side")
    sides(con)
    name_levels(con)
    compare(con, "side", measured_model(con, settings))
    counts = {}
    for name in GROUPS:
        rows = con.execute(f"SELECT {name}, count(*) FROM compared WHERE {name} IS NOT NULL GROUP BY 1").fetchall()
        counts[name] = dict(rows)
    return counts


def trained(people: int, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """The weights measured on one generated roster, laid over those that are shipped."""
    settings = Settings()
    new = {name: {code: dict(level) for code, level in weights()[name].items()} for name in weights()
           if name != "calibration"}  # fmt: skip
    with duckdb.connect(":memory:") as con:
        prepare(con, generate(Recipe(people=people, seed=seed)), settings)
        for kind in PAIRS:
            _lay_over(new, level_counts(con, settings, kind), kind)
    return new


def _lay_over(new: dict[str, dict[str, dict[str, float]]], counts: Mapping[str, Mapping[str, int]], kind: str) -> None:
    for name, groups in GROUPS.items():
        for group in groups:
            total = sum(counts[name].get(code, 0) for code in group)
            if total < 50:
                continue
            for code in group:
                if kind == "u" and "u" not in new[name][code]:
                    continue
                count = counts[name].get(code, 0)
                floor = PLACE_FLOOR if (name, kind) == ("place", "m") else FLOORS[kind]
                share = max(floor, (count + 0.5) / (total + 1))
                if count < 5:  # too few to measure: the shipped value, unless even the bound is below it
                    share = min(share, new[name][code][kind]) if kind != "m" else max(share, FLOORS["m"])
                if group != ("masked",):
                    new[name][code][kind] = share


def calibration(people: int, seed: int) -> tuple[float, float]:
    """Slope and intercept that make the log odds of candidate pairs come true, by logistic regression."""
    settings = Settings()
    with duckdb.connect(":memory:") as con:
        prepare(con, generate(Recipe(people=people, seed=seed)), settings)
        score(con, measured_model(con, settings))
        given = weights()["calibration"]
        rows = con.execute(f"""
            SELECT (log_odds - {given["intercept"]}) / {given["slope"]}, (a.person = b.person)::INTEGER
            FROM scored JOIN known a ON a.id = l JOIN known b ON b.id = r
            WHERE NOT weak AND abs(log_odds) < 12 ORDER BY l, r
        """).fetchall()
    return logistic(rows)


def logistic(rows: list[tuple[float, int]]) -> tuple[float, float]:
    """Newton's method for P(y = 1) = 1 / (1 + exp(-(slope x + intercept)))."""
    slope, intercept = 1.0, 0.0
    for _ in range(25):
        g0 = g1 = h00 = h01 = h11 = 0.0
        for x, y in rows:
            p = 1 / (1 + math.exp(-max(-50.0, min(50.0, slope * x + intercept))))
            w = max(p * (1 - p), 1e-9)
            g0, g1 = g0 + (y - p), g1 + (y - p) * x
            h00, h01, h11 = h00 + w, h01 + w * x, h11 + w * x * x
        det = h00 * h11 - h01 * h01
        intercept += (h11 * g0 - h01 * g1) / det
        slope += (h00 * g1 - h01 * g0) / det
    return slope, intercept


def write(new: Mapping[str, Mapping[str, Mapping[str, float]]], slope: float, intercept: float) -> None:
    print("# Measured by benchmarks/linkage_train.py on generated rosters; docs/algorithms/linkage.md says how.")
    print("# m: among records of one person; u: among strangers (absent where measured on the data at hand);")
    print("# u_household: among people of one household. A masked value is weighed among masked values.")
    for name, levels in new.items():
        print(f"[{name}]")
        for code, level in levels.items():
            print(f"{code} = {{ {', '.join(f'{kind} = {value:.3g}' for kind, value in level.items())} }}")
        print()
    print(f"[calibration]\nslope = {slope:.3f}\nintercept = {intercept:.3f}")


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    write(trained(size, seed=101), *((1.0, 0.0) if "--uncalibrated" in sys.argv else calibration(size, seed=102)))
