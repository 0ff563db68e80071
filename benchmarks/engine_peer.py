"""What an analyst writes instead of the engine: statuses of a city with pandas, from the same Parquet.

``python -m benchmarks.engine_peer FACTS OUTPUT AS_OF PREVIOUS ROUND``. Statuses by the same rules where they are
usual (positive, positive pool and its hold, contradiction, orders, cases, a negative that still stands, pending, missed
round), results by tube, corrections and reports taken back; what changed since the decisions in ``PREVIOUS``; and one
round: who is sampled, exempt, away or missing with what came back, by building. It keeps no evidence, no other reasons,
no set-aside facts and no findings, and knows no swab without a time: what is left out makes it faster, not slower.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

HOLD, CERTIFICATE, WAIT = timedelta(hours=24), timedelta(hours=48), timedelta(hours=24)


def read(folder: Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    files = sorted((folder / name).rglob("*.parquet"))
    return pd.concat([pd.read_parquet(path, columns=columns, partitioning=None) for path in files], ignore_index=True)


def tubes_of(facts: Path, swabs: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Per tube: single or not, and what was reported."""
    results = read(facts, "results")
    results = results[results.received_at <= as_of]
    known = set(results.result_id)
    results = results[~results.superseded_by.isin(known)]
    results = results[~(results.withdrawn_at <= as_of)]
    tubes = read(facts, "tubes").set_index("tube_id")
    people = swabs.groupby("tube_id").person_id.nunique()
    facts_of_tube = tubes.join(people.rename("people"), how="inner")
    facts_of_tube = facts_of_tube[~facts_of_tube.is_void]
    single = (facts_of_tube.people <= 1) & (facts_of_tube.capacity == 1) & ~facts_of_tube.is_household
    facts_of_tube["is_single"] = single
    for outcome in ("positive", "negative", "indeterminate"):
        chosen = results[results.outcome == outcome].groupby("tube_id")
        facts_of_tube[f"{outcome}_at"] = chosen.received_at.min()
        if outcome == "negative":
            facts_of_tube["tested_at"] = chosen.tested_at.min()
    return facts_of_tube


def statuses(facts: Path, as_of: datetime) -> pd.DataFrame:
    persons = read(facts, "persons", ["person_id"])
    swabs = read(facts, "samples")
    swabs = swabs[(swabs.recorded_at <= as_of) & ~swabs.is_void].drop_duplicates(["person_id", "tube_id"])
    rows = swabs.merge(tubes_of(facts, swabs, as_of), left_on="tube_id", right_index=True)
    positive, negative = rows.positive_at.notna(), rows.negative_at.notna()
    has_trouble = positive | (rows.indeterminate_at.notna() & ~negative)
    later = rows[negative & ~positive & rows.is_single].groupby("person_id").sampled_at.max()
    rows["single_later"] = rows.person_id.map(later)
    cleared = rows.single_later > rows.sampled_at
    released = read(facts, "cases", ["person_id", "released_at"]).dropna().set_index("person_id").released_at
    cleared |= rows.person_id.map(released) >= rows.sampled_at
    found = []

    def add(people: pd.Series, priority: int, status: str, reason: str) -> None:
        found.append(pd.DataFrame({"person_id": people, "priority": priority, "status": status, "reason": reason}))

    add(rows[positive & ~negative & rows.is_single].person_id, 900, "red", "positive_result")
    held = positive & ~cleared & ~(rows.is_single & ~negative)
    in_hold = rows.positive_at + HOLD > as_of
    add(rows[held & in_hold & ~negative].person_id, 700, "yellow", "positive_pool_hold")
    add(rows[held & in_hold & negative].person_id, 600, "yellow", "contradicting_results")
    add(rows[held & ~in_hold].person_id, 430, "unknown", "unresolved_positive")
    add(rows[has_trouble & ~positive].person_id, 420, "unknown", "unclear_result")
    blocked = rows[has_trouble & ~cleared].groupby("person_id").sampled_at.max()
    good = rows[negative & ~positive & (rows.tested_at + CERTIFICATE > as_of)]
    good = good[~(good.sampled_at <= good.person_id.map(blocked))]
    add(good.person_id, 300, "green", "negative_result")
    waits = ~positive & ~negative & ~has_trouble & (rows.sampled_at + WAIT > as_of)
    add(rows[waits].person_id, 200, "unknown", "result_pending")
    orders = read(facts, "orders")
    orders = orders[(orders.ends_at > as_of) & ~(orders.revoked_at <= as_of)]
    isolation = orders.rule_id == "isolation_order"
    add(orders[isolation].person_id, 800, "red", "isolation_order")
    add(orders[~isolation].person_id, 500, "yellow", "home_monitoring_order")
    cases = read(facts, "cases")
    add(cases[cases.released_at.isna()].person_id, 900, "red", "positive_result")
    owed = read(facts, "obligations").merge(swabs[["person_id", "round_id", "sampled_at"]], on="person_id", how="left")
    owed["is_done"] = (owed.round_id_x == owed.round_id_y) | (owed.sampled_at > owed.ended_at)
    done = owed.groupby(["person_id", "round_id_x"]).is_done.any().reset_index()
    add(done[~done.is_done].person_id, 100, "unknown", "test_overdue")
    add(persons.person_id, 1, "unknown", "no_recent_result")
    every = pd.concat(found, ignore_index=True)
    best = every.sort_values("priority", ascending=False).drop_duplicates("person_id")
    return best[best.person_id.isin(persons.person_id)].sort_values("person_id")


def changed(decided: pd.DataFrame, previous: Path) -> pd.DataFrame:
    """Whose status, rule or reason differs from the run before."""
    before = read(previous, "decisions", ["person_id", "status", "rule_id", "reason"])
    both = before.merge(decided, on="person_id", how="outer", suffixes=("_before", ""))
    return both[(both.status_before != both.status) | (both.reason_before != both.reason)]


def counted(facts: Path, output: Path, number: int, as_of: datetime) -> dict[str, int]:
    """One round by person and by building; written beside ``output``."""
    swabs = read(facts, "samples")
    swabs = swabs[(swabs.round_id == number) & (swabs.recorded_at <= as_of) & ~swabs.is_void]
    swabs = swabs.drop_duplicates(["person_id", "tube_id"])
    tubes = tubes_of(facts, swabs, as_of)
    rows = swabs.merge(tubes, left_on="tube_id", right_index=True)
    rows["outcome"] = "pending"
    rows.loc[rows.indeterminate_at.notna(), "outcome"] = "unclear"
    rows.loc[rows.negative_at.notna(), "outcome"] = "negative"
    rows.loc[rows.positive_at.notna(), "outcome"] = "held"
    rows.loc[rows.positive_at.notna() & rows.is_single, "outcome"] = "positive"
    order = {"positive": 0, "held": 1, "unclear": 2, "pending": 3, "negative": 4}
    rows["rank"] = rows.outcome.map(order)
    outcomes = rows.sort_values("rank").drop_duplicates("person_id")[["person_id", "outcome", "sampled_at"]]
    people = read(facts, "roster").merge(outcomes, on="person_id", how="left")
    people = people.merge(read(facts, "exempt"), on="person_id", how="left")
    people["state"] = "missing"
    people.loc[people.reason.notna(), "state"] = "exempt"
    people.loc[people.reason == "在外地", "state"] = "away"
    people.loc[people.outcome.notna(), "state"] = "sampled"
    people.drop(columns=["room"]).to_parquet(f"{output}-people.parquet")
    places = ["township", "community", "compound", "building"]
    buildings = people.groupby([*places, "state"]).size().unstack(fill_value=0)
    buildings.join(people.groupby([*places, "outcome"]).size().unstack(fill_value=0)).to_parquet(
        f"{output}-buildings.parquet"
    )
    return {str(state): int(rows) for state, rows in people.state.value_counts().items()}


def main() -> None:
    facts, output, as_of = Path(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
    previous, number = Path(sys.argv[4]), int(sys.argv[5])
    started = time.perf_counter()
    decided = statuses(facts, as_of)
    decided.to_parquet(output)
    status_done = time.perf_counter()
    changed(decided, previous).to_parquet(f"{output}-delta.parquet")
    delta_done = time.perf_counter()
    states = counted(facts, output, number, as_of)
    ended = time.perf_counter()
    parts = {"status": status_done - started, "delta": delta_done - status_done, "reconciliation": ended - delta_done}
    counts = {str(status): int(people) for status, people in decided.status.value_counts().items()}
    print(json.dumps({"seconds": ended - started, "parts": parts, "statuses": counts, "states": states}))


if __name__ == "__main__":
    main()
