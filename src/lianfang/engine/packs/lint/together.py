"""What the packs of one disease are to each other in time: one follows the other, without overlap or gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from lianfang.engine.packs.pack import Pack
from lianfang.engine.packs.problems import Problem

_FILE = "pack.yaml"


def check_together(packs: Iterable[Pack]) -> Mapping[str, tuple[Problem, ...]]:
    """Problems by pack id, on the manifest; they have no line, because a pack no longer knows its files.

    Of several versions of one pack the highest counts. A gap is refused only towards a pack that the later one
    supersedes: a disease that comes back after years has no pack in between.
    """
    latest: dict[str, Pack] = {}
    for pack in packs:
        if pack.id not in latest or latest[pack.id].version < pack.version:
            latest[pack.id] = pack
    by_disease: defaultdict[str, list[Pack]] = defaultdict(list)
    for pack in latest.values():
        by_disease[pack.manifest.disease].append(pack)
    problems: defaultdict[str, list[Problem]] = defaultdict(list)
    for group in by_disease.values():
        group.sort(key=lambda pack: (pack.manifest.effective.from_, pack.id))
        for index, pack in enumerate(group):
            problems[pack.id] += _overlaps(pack, group[:index])
            problems[pack.id] += _superseded(pack, latest)
    return {name: tuple(found) for name, found in problems.items() if found}


def _overlaps(pack: Pack, before: Iterable[Pack]) -> list[Problem]:
    start = pack.manifest.effective.from_
    return [
        _problem("packs_overlap", ("effective", "from"), given=pack.id, other=other.id, since=str(start))
        for other in before
        if other.is_in_force(start)
    ]


def _superseded(pack: Pack, known: Mapping[str, Pack]) -> list[Problem]:
    name = pack.manifest.supersedes
    if name is None:
        return []
    if name not in known:
        return [_problem("supersedes_unknown", ("supersedes",), given=name)]
    end, start = known[name].manifest.effective.to, pack.manifest.effective.from_
    if end is not None and end < start:
        gap = {"given": pack.id, "other": name, "since": str(end), "until": str(start)}
        return [_problem("packs_gap", ("effective", "from"), **gap)]
    return []


def _problem(code: str, path: tuple[str, ...], **params: str) -> Problem:
    return Problem(code, _FILE, 1, ".".join(path), params)
