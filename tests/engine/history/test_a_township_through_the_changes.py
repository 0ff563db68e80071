"""A small invented township is decided through each change of pack: what must hold on every day, and at each change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lianfang.config.policy_history.rules import rules_of
from lianfang.demo.outbreak import FOLLOWED, make_township
from lianfang.engine.backends import Stages
from lianfang.engine.history import History, Replay, differing_days, replay
from lianfang.engine.history.arriving import KnownFacts
from lianfang.engine.history.counting import count_day
from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.status.bulk import run_in_bulk
from lianfang.engine.status.comparing import compare_runs
from lianfang.engine.status.contract import FACT_CONTRACTS
from tests.engine.status.facts import V9
from tests.engine.status.test_a_week_in_any_order import KNOWN, LATER

PEOPLE = 240
PACKS = [load_pack(V9.parent / name) for name in ("v8", "v9", "v9+20", "new10", "class-b")]
CHANGES = [pack.manifest.effective.from_.date() for pack in PACKS[1:]]
STORIES = {one.person_id: one.key for one in FOLLOWED}


@dataclass(frozen=True)
class Town:
    """The replay around each change, the runs of all its days kept."""

    facts: Path
    asked: tuple[Replay, ...]
    histories: tuple[History, ...]

    def run_of(self, day: date) -> Path:
        return next(one.output / str(day) for one in self.asked if one.first_on <= day <= one.last_on)

    def spells(self, story: str, change: int) -> list[Any]:
        return [spell for life in self.histories[change].lives if life.story == story for spell in life.spells]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("history")
    make_township(folder / "facts", PEOPLE, rules_of(PACKS), threads=1)
    asked, histories = [], []
    for change in CHANGES:
        first, last = change - timedelta(days=1), change + timedelta(days=1)
        output = folder / str(change)
        output.mkdir()
        days = frozenset(first + timedelta(days=each) for each in range(3))
        asked.append(Replay(folder / "facts", PACKS, first, last, output, STORIES, threads=1, kept=days))
        histories.append(replay(asked[-1]))
    return Town(folder / "facts", tuple(asked), tuple(histories))


def rows_of(output: Path, table: str) -> list[dict[str, Any]]:
    files = sorted((output / table).rglob("*.parquet"))
    return [row for path in files for row in pq.read_table(path, partitioning=None).to_pylist()]


def runs(town: Town) -> Iterator[tuple[datetime, Path]]:
    for one in town.asked:
        for at in one.moments:
            yield at, one.output / str(at.date())


def test_on_every_day_everybody_is_decided_once_and_no_restriction_lacks_reason_evidence_end_or_appeal(
    town: Town,
) -> None:
    restricted = set()
    for at, output in runs(town):
        decisions, seen = rows_of(output, "decisions"), set()
        evidence = {(row["person_id"], row["rule_id"]) for row in rows_of(output, "evidence")}
        for row in decisions:
            assert row["person_id"] not in seen
            seen.add(row["person_id"])
            if row["status"] in ("yellow", "red"):
                restricted.add(row["rule_id"])
                assert row["reason"] and row["appeal"] and row["next_step"]
                assert (row["person_id"], row["rule_id"]) in evidence
                assert row["until"] is None or row["until"] > at
                assert row["until"] is not None or row["ends_when"]
        assert len(seen) == PEOPLE
    assert restricted >= {"category_isolation", "isolation_order", "area_high", "area_lockdown", "positive_result"}


def test_the_counts_of_every_day_are_those_of_its_rows_and_of_the_step_from_the_day_before(town: Town) -> None:
    for history, one in zip(town.histories, town.asked, strict=True):
        before: set[int] | None = None
        for day, at in zip(history.days, one.moments, strict=True):
            decisions = rows_of(one.output / str(at.date()), "decisions")
            assert (day.at, day.people, day.faults) == (at, PEOPLE, 0)
            assert sum(day.statuses.values()) == sum(rule.people for rule in day.rules) == PEOPLE
            here = {row["person_id"] for row in decisions if row["status"] in ("yellow", "red")}
            assert day.statuses["yellow"] + day.statuses["red"] == len(here)
            if before is not None:
                assert (sum(day.begun.values()), sum(day.ended.values())) == (len(here - before), len(before - here))
            before = here


def test_whoever_moves_at_a_change_moves_for_a_difference_between_the_packs(town: Town) -> None:
    moved = 0
    for history, (old, new) in zip(town.histories, pairwise(PACKS), strict=True):
        (change,) = history.changes
        assert (change.before, change.after, change.unexplained) == (old.id, new.id, 0)
        net = dict.fromkeys(change.statuses, 0)
        for move in change.moves:
            moved += move.people
            net[move.status] += move.people
            net[move.status_before] -= move.people
            assert move.why
        assert {name: change.statuses[name] - change.statuses_before[name] for name in net} == net
        assert all(each.outcome != "lengthened" for each in change.lived)
    assert moved > PEOPLE
    last = town.histories[-1].changes[0]
    assert last.statuses["yellow"] == last.statuses["red"] == 0 < last.freed


def test_what_was_open_at_a_change_is_shortened_or_ended_as_the_packs_say(town: Town) -> None:
    """By hand: what the person's stages are under each pack, from the editions themselves."""

    def restricted(story: str, change: int) -> list[tuple[str, str, str]]:
        return [(str(one.first_on), one.status, str(one.until)[:10]) for one in town.spells(story, change)
                if one.rule in ("category_isolation", "category_monitoring", "isolation_order")]  # fmt: skip

    june, november, december, january = range(4)
    # 14 + 7 days from 23 June, then 7 + 3.
    assert restricted("contact_june", june) == [
        ("2022-06-27", "red", "2022-07-08"),
        ("2022-06-28", "red", "2022-07-01"),
    ]
    # No contacts of contacts, no medium-risk areas from 11 November on.
    assert restricted("secondary_november", november) == [("2022-11-10", "red", "2022-11-16")]
    assert restricted("medium_november", november) == [("2022-11-10", "red", "2022-11-16")]
    # 7 + 3 days from 8 November, then 5 + 3, all of it isolation; an order of nine days: at most seven, then five.
    assert restricted("contact_november", november) == [
        ("2022-11-10", "red", "2022-11-16"),
        ("2022-11-11", "red", "2022-11-14"),
    ]
    assert restricted("order_november", november) == [
        ("2022-11-10", "red", "2022-11-16"),
        ("2022-11-11", "red", "2022-11-14"),
    ]
    # 5 + 3 from 3 December, then five days at home.
    assert restricted("contact_december", december) == [
        ("2022-12-06", "red", "2022-12-09"),
        ("2022-12-07", "red", "2022-12-09"),
    ]
    assert restricted("entrant_january", january) == [("2023-01-07", "red", "2023-01-10")]
    assert town.spells("entrant_january", january)[-1].pack == "covid19/class-b"


def test_a_past_day_is_said_again_by_what_was_known_then_and_by_all_that_is_known_now(
    town: Town, tmp_path: Path
) -> None:
    for number, one in enumerate(town.asked[1:3]):
        at = one.moments[2 * number]
        pack: Pack = next(pack for pack in PACKS if pack.is_in_force(at))
        superseded = [other for other in PACKS if other.id != pack.id]
        then = tmp_path / f"then-{number}"
        _only_what_was_known(town.facts, then, at)
        run_in_bulk(pack, then, tmp_path / f"run-{number}", at, superseded=superseded, threads=1)
        found = compare_runs(tmp_path / f"run-{number}", town.run_of(at.date()))
        assert {table: one.people for table, one in found.items() if not one.is_same}.keys() <= {"evidence"}
        # Under which pack something was opened is said of nothing as long as all was opened under the one in force.
        assert _evidence(tmp_path / f"run-{number}") == _evidence(town.run_of(at.date()))
    day = CHANGES[1]
    again = Replay(town.facts, PACKS, day, day, tmp_path / "again", kept=frozenset({day}), threads=1)
    assert _copied_and_decided_again(again, town.run_of(day), day) == []
    assert _copied_and_decided_again(again, town.run_of(day - timedelta(days=1)), day) == [day]


def test_swabs_that_can_decide_nothing_any_more_are_not_read_and_nothing_comes_out_otherwise(
    town: Town, tmp_path: Path
) -> None:
    compared = {datetime(2022, 9, 20, 8): PACKS[1], datetime(2022, 12, 20, 8): PACKS[3]}
    with Stages(threads=1) as db:
        known = KnownFacts(db, town.facts, tmp_path / "known", datetime(2022, 6, 1, 8))
        for day in range(203):
            at = datetime(2022, 6, 1, 8) + timedelta(days=day)
            folder = known.by(at)
            if at in compared:
                superseded = [pack for pack in PACKS if pack.id != compared[at].id]
                for facts, name in ((folder, "read"), (town.facts, "all")):
                    run_in_bulk(compared[at], facts, tmp_path / f"{name}-{day}", at, superseded=superseded, threads=1)
                found = compare_runs(tmp_path / f"read-{day}", tmp_path / f"all-{day}")
                assert {table: one.people for table, one in found.items() if not one.is_same} == {}
        left = db.rows(f"SELECT count(*) FROM read_parquet('{folder}/samples/**/*.parquet')")[0][0]
        there = db.rows(f"SELECT count(*) FROM read_parquet('{town.facts}/samples/**/*.parquet')")[0][0]
        assert left < there / 2
        known.forget()
    assert len(list(town.facts.rglob("*.parquet"))) > 100


def _evidence(run: Path) -> set[tuple[Any, ...]]:
    names = ("person_id", "rule_id", "evidence_table", "evidence_id", "at_time")
    return {tuple(row[name] for name in names) for row in rows_of(run, "evidence")}


def _copied_and_decided_again(asked: Replay, run: Path, day: date) -> list[date]:
    shutil.copytree(run, asked.output / str(day))
    return differing_days(asked, [day])


def _only_what_was_known(facts: Path, folder: Path, at: datetime) -> None:
    """The tables as they stood at that moment: later rows left out, and what became known later of earlier ones."""
    with duckdb.connect() as db:
        for name, contract in FACT_CONTRACTS.items():
            files = sorted((facts / name).rglob("*.parquet"))
            if not files:
                continue
            named, column = {each.name for each in contract.columns}, KNOWN.get(name, "recorded_at")
            later = {also: first for first, others in LATER.get(name, {}).items() for also in (first, *others)}
            said = ", ".join(
                f"CASE WHEN {later[each]} <= TIMESTAMP '{at}' THEN {each} END AS {each}"
                if each in later and each not in ("is_void", "released_at", "to_at")
                else each
                for each in (one.name for one in contract.columns)
                if each in {row[0] for row in db.execute(f"DESCRIBE SELECT * FROM '{files[0]}'").fetchall()}
            )
            where = f"WHERE {column} <= TIMESTAMP '{at}'" if column in named else ""
            listed = ", ".join(f"'{path}'" for path in files)
            (folder / name).mkdir(parents=True)
            target = folder / name / "part-0.parquet"
            db.execute(
                f"COPY (SELECT {said} FROM read_parquet([{listed}], hive_partitioning=false) {where}) "
                f"TO '{target}' (FORMAT parquet)"
            )


@pytest.mark.parametrize("lacking", ["reason", "appeal", "evidence", "end", "person"])
def test_a_restriction_that_lacks_something_is_counted(town: Town, tmp_path: Path, lacking: str) -> None:
    at = town.asked[1].moments[0]
    run, broken = town.run_of(at.date()), tmp_path / "broken"
    for table in ("decisions", "evidence"):
        path = next((run / table).rglob("*.parquet"))
        rows = pq.read_table(path, partitioning=None)
        said = rows.to_pylist()
        restricted = next(row["person_id"] for row in rows_of(run, "decisions") if row["status"] == "red")
        for row in said:
            if row["person_id"] == restricted and table == "decisions":
                row.update({"reason": {"reason": ""}, "appeal": {"appeal": None},
                            "end": {"until": None, "ends_when": []}}.get(lacking, {}))  # fmt: skip
        gone = {"evidence": "evidence", "person": "decisions"}.get(lacking)
        left = [row for row in said if row["person_id"] != restricted or table != gone]
        (broken / table).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(left, schema=rows.schema), broken / table / "part-0.parquet")
    with Stages(threads=1) as db:
        assert count_day(db, run, at, "covid19/v9", PEOPLE).faults == 0
        assert count_day(db, broken, at, "covid19/v9", PEOPLE).faults > 0


def test_the_same_seed_gives_the_same_township_and_the_json_holds_everything(town: Town, tmp_path: Path) -> None:
    again = make_township(tmp_path / "again", PEOPLE, rules_of(PACKS), threads=2)
    other = make_township(tmp_path / "other", PEOPLE, rules_of(PACKS), seed=1, threads=2)
    files = sorted(path.relative_to(town.facts) for path in town.facts.rglob("*.parquet"))

    def rows(folder: Path, name: Path) -> set[str]:
        return {repr(row) for row in pq.read_table(folder / name, partitioning=None).to_pylist()}

    assert all(rows(town.facts, name) == rows(tmp_path / "again", name) for name in files)
    assert again != other
    told = json.loads(json.dumps(town.histories[0].as_json()))
    assert (told["format"], told["version"]) == ("lianfang-policy-history", 1)
    assert [day["at"] for day in told["days"]] == [at.isoformat() for at in town.asked[0].moments]


def test_a_village_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="200"):
        make_township(tmp_path, 50, rules_of(PACKS))
