"""``lianfang policy replay A B``: who would change, over the product's stored facts or over a folder of Parquet."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lianfang.config.cli.console import Console
from lianfang.config.cli.product import opened_product
from lianfang.config.embedded import EmbeddedError
from lianfang.config.serving.problems import ServingError
from lianfang.engine.packs import Pack

DONE, USAGE, REFUSED = 0, 2, 3
_MOST_LINES = 60
_TOLD = ("appeared", "gone", "status", "reason", "end", "emergency")


def run_replay(
    arguments: argparse.Namespace, console: Console, old: Pack, new: Pack, others: Iterable[Pack] = ()
) -> int:
    """0: told; 2: the folder has no facts, or no such place; 3: no database."""
    if arguments.facts is not None:
        at, as_json = arguments.as_of, arguments.json
        return replay_folder(arguments.facts, old, new, at, console, as_json=as_json, others=others)
    try:
        with opened_product(arguments.folder, console.language):
            return replay_product(old, new, arguments.division, arguments.as_of, console, as_json=arguments.json)
    except (ServingError, EmbeddedError) as error:
        console.error(console.text(f"serving.problem.{error.code}", **error.gaps))
        return REFUSED


def replay_product(
    old: Pack, new: Pack, division: str, as_of: datetime | None, console: Console, *, as_json: bool
) -> int:
    """Over the stored facts of a place; Django is set up."""
    from django.utils import timezone

    from lianfang.domains.registry.models import Place
    from lianfang.domains.status.previews import replay_packs
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    at = timezone.now() if as_of is None else timezone.make_aware(as_of)
    with acting_as(system_actor("command line")):
        place = Place.objects.filter(code=division).first() if division else None
        if division and place is None:
            console.error(console.text("status_command.no_place", code=division))
            return USAGE
        found = replay_packs(old, new, None if place is None else place.pk, at).as_json()
        inside = {row["community_id"] for row in found["counts"]}
        names = dict(Place.objects.filter(pk__in=inside).values_list("pk", "name"))
    rows = [{**row, "place": names.get(row["community_id"], "")} for row in found["counts"]]
    _tell({**found, "counts": rows}, console, as_json=as_json)
    return DONE


def replay_folder(
    folder: Path, old: Pack, new: Pack, as_of: datetime | None, console: Console, *, as_json: bool,
    others: Iterable[Pack] = (),
) -> int:  # fmt: skip
    """Over ``<table>.parquet`` files, or ``<table>/`` folders of them, with the columns of the engine's contract.

    ``others``: packs under which something may have been opened, where either pack leads back to them.
    By place too, where there is a ``roster`` or ``residencies`` say where people live.
    """
    import pyarrow.parquet as parquet

    from lianfang.config.cli.replay_places import place_of
    from lianfang.engine.status import StatusEngine, StatusFacts, delta
    from lianfang.engine.status.contract import DECISIONS, FACT_CONTRACTS
    from lianfang.engine.status.transitions import chain_of

    paths = {name: next((p for p in (folder / f"{name}.parquet", folder / name) if p.exists()), None)
             for name in (*FACT_CONTRACTS, "roster")}  # fmt: skip
    roster = paths.pop("roster")
    if paths["persons"] is None:
        console.error(console.text("status_command.no_facts", folder=str(folder)))
        return USAGE
    facts = StatusFacts(**{name: parquet.read_table(path) for name, path in paths.items() if path is not None})
    at = (as_of or datetime.now()).replace(microsecond=0)
    decided = []
    for pack in (old, new):
        if not pack.is_in_force(at):
            decided.append(DECISIONS.empty())
            continue
        with StatusEngine(pack, superseded=chain_of(pack, (*others, old))[1:]) as engine:
            decided.append(engine.decide(facts, at).decisions)
    changes = [row for row in delta(*decided).to_pylist() if row["change"] in _TOLD]
    places = place_of([row["person_id"] for row in changes], roster, facts.conformed()["residencies"], at)
    _tell({"people": facts.persons.num_rows, **_summed(changes, places)}, console, as_json=as_json)
    return DONE


def _summed(changes: Iterable[Mapping[str, Any]], places: Mapping[int, str]) -> dict[str, Any]:
    """Who changed, by place (where any is known) and by rule."""
    rank = ("green", "unknown", "yellow", "red").index
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    changed = worsened = improved = 0
    for row in changes:
        was, now = row["previous_status"] or "unknown", row["status"] or "unknown"
        if was == now and row["change"] in ("appeared", "gone"):
            continue
        changed += 1
        worsened += rank(now) > rank(was)
        improved += rank(now) < rank(was)
        counts[places.get(row["person_id"], "–"), was, now, row["previous_rule_id"] or "", row["rule_id"] or ""] += 1
    rows = [dict(zip(("place", "from", "to", "before_rule", "rule"), key, strict=True), people=count)
            for key, count in counts.most_common()]  # fmt: skip
    if not places:
        rows = [{name: value for name, value in row.items() if name != "place"} for row in rows]
    return {"changed": changed, "worsened": worsened, "improved": improved, "counts": rows}


def _tell(found: Mapping[str, Any], console: Console, *, as_json: bool) -> None:
    if as_json:
        console.answer(json.dumps(found, ensure_ascii=False, indent=1))
        return
    numbers = {name: found[name] for name in ("people", "changed", "worsened", "improved")}
    console.answer(console.text("status_command.replayed", **numbers), style="bold")
    for row in found["counts"][:_MOST_LINES]:
        place = f"{row['place']}  " if row.get("place") else ""
        rules = f"{row['before_rule'] or '–'} → {row['rule'] or '–'}"
        console.answer(f"  {row['people']:>7}  {place}{row['from']} → {row['to']}  {rules}")
    left = len(found["counts"]) - _MOST_LINES
    if left > 0:
        console.answer(console.text("status_command.more", count=left))
