"""``lianfang engine run | compare``: a city's statuses from Parquet to Parquet, without a database."""

from __future__ import annotations

import argparse
from pathlib import Path

from lianfang.config.cli.console import Console
from lianfang.config.policy_folder import policy_packs_folder
from lianfang.engine.backends import UntranslatableError
from lianfang.engine.backends.columnar import ColumnarError
from lianfang.engine.packs import NotInForceError, Pack, PackError, load_pack
from lianfang.engine.status.bulk import BulkRun, run_in_bulk
from lianfang.engine.status.comparing import compare_runs

SAME, DIFFERENT, REFUSED = 0, 1, 2


def run_engine(arguments: argparse.Namespace, console: Console) -> int:
    """0: done, or both are the same; 1: they differ; 2: refused, nothing of use was written."""
    try:
        return _compare(arguments, console) if arguments.action == "compare" else _run(arguments, console)
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
