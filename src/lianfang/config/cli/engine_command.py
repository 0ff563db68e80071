"""``lianfang engine run | reconcile | compare``: a city's statuses and rounds from Parquet to Parquet, without a
database."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from lianfang.config.cli.console import Console
from lianfang.config.policy_folder import policy_packs_folder
from lianfang.engine.backends import UntranslatableError
from lianfang.engine.backends.columnar import ColumnarError
from lianfang.engine.packs import NotInForceError, Pack, PackError, load_pack
from lianfang.engine.rounds import RoundSettings
from lianfang.engine.rounds.bulk import CITY_ROSTER, reconcile_city
from lianfang.engine.status.bulk import BulkRun, run_in_bulk
from lianfang.engine.status.comparing import compare_runs

SAME, DIFFERENT, REFUSED = 0, 1, 2


def run_engine(arguments: argparse.Namespace, console: Console) -> int:
    """0: done, or both are the same; 1: they differ; 2: refused, nothing of use was written."""
    actions = {"run": _run, "reconcile": _reconcile, "compare": _compare}
    try:
        return actions[arguments.action](arguments, console)
    except (ColumnarError, NotInForceError, PackError, UntranslatableError, FileExistsError, LookupError) as error:
        console.error(console.text("engine.refused", what=str(error)))
    except ModuleNotFoundError as error:
        console.error(console.text("engine.no_spark", what=str(error)))
    return REFUSED


def _pack(name: str) -> Pack:
    """A pack by its id (``covid19/v9``), or by the path of its folder."""
    for folder in (policy_packs_folder() / name, Path(name)):
        if (folder / "pack.yaml").is_file():
            return load_pack(folder)
    raise LookupError(name)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    pack = _pack(arguments.pack)
    superseded = [_pack(name) for name in arguments.superseded]
    if arguments.cluster:
        run = _on_cluster(arguments, pack, superseded)
    else:
        run = run_in_bulk(
            pack,
            arguments.facts,
            arguments.output,
            arguments.as_of,
            previous=arguments.previous,
            superseded=superseded,
            threads=arguments.threads,
            memory=arguments.memory,
        )
    for name, rows in run.rows.items():
        console.answer(console.text("engine.wrote", table=name, rows=f"{rows:,}"))
    for change, people in run.changes.items():
        console.answer(console.text("engine.changed", change=change, people=f"{people:,}"))
    return SAME


def _on_cluster(arguments: argparse.Namespace, pack: Pack, superseded: list[Pack]) -> BulkRun:
    from lianfang.engine.backends.cluster import Cluster
    from lianfang.engine.status.on_cluster import run_on_cluster

    with Cluster(arguments.cluster) as cluster:
        return run_on_cluster(
            pack,
            arguments.facts.absolute(),
            arguments.output.absolute(),
            arguments.as_of,
            cluster=cluster,
            previous=None if arguments.previous is None else arguments.previous.absolute(),
            superseded=superseded,
        )


def _reconcile(arguments: argparse.Namespace, console: Console) -> int:
    if not (arguments.facts / CITY_ROSTER.name).is_dir():
        raise ColumnarError(f"{arguments.facts.name}: no {CITY_ROSTER.name}")
    settings = RoundSettings(
        as_of=arguments.as_of,
        starts_at=arguments.round_from,
        ends_at=arguments.round_until,
        late_after=arguments.late_after,
        hold_at_most=arguments.hold,
    )
    totals = _counted_on_cluster(arguments, settings) if arguments.cluster else reconcile_city(
        arguments.facts,
        arguments.output,
        arguments.round,
        settings,
        threads=arguments.threads,
        memory=arguments.memory,
    )  # fmt: skip
    said = {name: f"{count:,}" for name, count in totals.items()}
    for line in ("round_proof", "round_outcomes", "round_beside"):
        console.answer(console.text(f"engine.{line}", **said))
    return SAME


def _counted_on_cluster(arguments: argparse.Namespace, settings: RoundSettings) -> Mapping[str, int]:
    from lianfang.engine.backends.cluster import Cluster
    from lianfang.engine.rounds.on_cluster import reconcile_on_cluster

    facts, output = arguments.facts.absolute(), arguments.output.absolute()
    with Cluster(arguments.cluster) as cluster:
        return reconcile_on_cluster(facts, output, arguments.round, settings, cluster=cluster)


def _compare(arguments: argparse.Namespace, console: Console) -> int:
    found = compare_runs(arguments.first, arguments.second)
    for name, difference in found.items():
        rows = {"first": f"{difference.first_rows:,}", "second": f"{difference.second_rows:,}"}
        if difference.is_same:
            console.answer(console.text("engine.same", table=name, rows=rows["first"]))
            continue
        console.answer(
            console.text(
                "engine.differs",
                table=name,
                only_first=f"{difference.only_first:,}",
                only_second=f"{difference.only_second:,}",
                people=", ".join(str(person) for person in difference.people) or "–",
                **rows,
            )
        )
    return SAME if all(difference.is_same for difference in found.values()) else DIFFERENT
