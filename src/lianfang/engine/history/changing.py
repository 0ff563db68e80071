"""What a change of pack does: both packs asked at one instant about the same facts, and why anybody moves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import files_of, reading
from lianfang.engine.history.contract import STATUSES, Change, Lived, Move
from lianfang.engine.packs import Pack
from lianfang.engine.packs.differences import Change as Difference
from lianfang.engine.packs.differences import differences, moments_of

# Whose colour, rule, reason or end is another by the new pack.
_MOVED = """
SELECT b.person_id, b.status AS status_before, b.rule_id AS rule_before, n.status AS status, n.rule_id AS rule,
    is_held(b.status) AND is_held(n.status) AND coalesce(n.until < b.until, false) AS is_earlier,
    is_held(b.status) AND is_held(n.status) AND coalesce(n.until > b.until, false) AS is_later
FROM decisions_before b JOIN decisions n ON n.person_id = b.person_id
WHERE b.status <> n.status OR b.rule_id <> n.rule_id OR b.reason <> n.reason OR b.until IS DISTINCT FROM n.until
"""
_MOVES = """
SELECT status_before, rule_before, status, rule, count(*), count(*) FILTER (is_earlier), count(*) FILTER (is_later),
    (SELECT list_sort(list(DISTINCT t.topic)) FROM moved p
        JOIN topics t ON t.person_id = p.person_id AND t.rule_id IN (p.rule_before, p.rule)
        WHERE p.rule_before = m.rule_before AND p.rule = m.rule AND p.status_before = m.status_before
            AND p.status = m.status)
FROM moved m
GROUP BY status_before, rule_before, status, rule
ORDER BY count(*) DESC, rule_before, rule
"""
# Categories and areas that the deciding rules read.
_TOPICS = """
SELECT DISTINCT e.person_id, e.rule_id, 'category:' || x.category AS topic
FROM (SELECT * FROM evidence_before UNION ALL SELECT * FROM evidence_after) e
JOIN exposures x ON x.exposure_id = e.evidence_id AND e.evidence_table = 'exposure'
UNION ALL
SELECT DISTINCT e.person_id, e.rule_id, 'level:' || l.level
FROM (SELECT * FROM evidence_before UNION ALL SELECT * FROM evidence_after) e
JOIN area_levels l ON l.level_id = e.evidence_id AND e.evidence_table = 'area_level'
"""
_EVIDENCE = ("person_id", "rule_id", "evidence_table", "evidence_id")


def prolonged(pack: Pack) -> Pack:
    """The pack as if it had stayed in force: what it would have said beyond its last day."""
    effective = pack.manifest.effective.model_copy(update={"to": None})
    return dataclasses.replace(pack, manifest=pack.manifest.model_copy(update={"effective": effective}))


def compare(
    db: Stages, facts: Path, outputs: tuple[Path, Path], packs: tuple[Pack, Pack], at: datetime, lived: Sequence[Lived]
) -> Change:
    """``outputs`` are the answers of the old and the new pack at ``at`` about the same facts."""
    _open(db, facts, outputs)
    old, new = packs
    changes = differences(old, new, moments_of(old, new))
    moves, unexplained = [], 0
    for was, rule_before, status, rule, people, earlier, later, topics in db.rows(_MOVES):
        why = explain(old, new, changes, rule_before, rule, topics or ())
        unexplained += 0 if why else people
        said = [one.as_json() for one in why]
        moves.append(Move(was, rule_before, status, rule, people, earlier, later, said))
    freed, worse = db.rows(
        "SELECT count(*) FILTER (is_held(b.status) AND NOT is_held(n.status)), "
        "count(*) FILTER (is_held(n.status) AND NOT is_held(b.status)) "
        "FROM decisions_before b JOIN decisions n ON n.person_id = b.person_id"
    )[0]
    return Change(
        before=old.id,
        after=new.id,
        starts_at=new.manifest.effective.from_,
        compared_at=at,
        transition=new.manifest.transition.rule,
        people=int(db.rows("SELECT count(*) FROM decisions")[0][0]),
        statuses_before=_statuses(db, "decisions_before"),
        statuses=_statuses(db, "decisions"),
        freed=freed,
        newly_restricted=worse,
        moves=moves,
        unexplained=unexplained,
        lived=lived,
    )


def _open(db: Stages, facts: Path, outputs: tuple[Path, Path]) -> None:
    columns = ", ".join(_EVIDENCE)
    for output, ending, evidence in zip(outputs, ("_before", ""), ("_before", "_after"), strict=True):
        db.view(f"decisions{ending}", reading(files_of(output, "decisions")))
        db.view(f"evidence{evidence}", f"SELECT {columns} FROM ({reading(files_of(output, 'evidence'))})")
    for name, shape in (
        ("exposures", "0 AS exposure_id, '' AS category"),
        ("area_levels", "0 AS level_id, '' AS level"),
    ):
        files = files_of(facts, name)
        db.view(name, reading(files) if files else f"SELECT {shape} WHERE false")
    db.define("CREATE OR REPLACE MACRO is_held(status) AS status IN ('yellow', 'red')")
    db.stage("topics", _TOPICS)
    db.stage("moved", _MOVED)


def _statuses(db: Stages, decisions: str) -> dict[str, int]:
    return dict.fromkeys(STATUSES, 0) | dict(db.rows(f"SELECT status, count(*) FROM {decisions} GROUP BY status"))


def explain(
    old: Pack, new: Pack, changes: Sequence[Difference], rule_before: str, rule: str, topics: Sequence[str]
) -> list[Difference]:
    """The differences that bear on a move from one rule to another.

    They are those of the categories and levels behind either answer (``topics``) and of the two rules; where there are
    none, those of other rules of the same kinds.
    """
    wanted = {tuple(topic.split(":", 1)) for topic in topics}
    found = [one for one in changes if (one.who, one.whom) in wanted]
    found += [one for one in changes if one.who == "kind" and one.params.get("rule") in (rule_before, rule)]
    kinds = _kinds(old, new, rule_before) | _kinds(old, new, rule)
    return found or [one for one in changes if one.who == "kind" and one.whom in kinds]


def _kinds(old: Pack, new: Pack, rule: str) -> set[str]:
    name = rule.rsplit(":", 1)[-1]
    return {one.kind for pack in (old, new) for one in pack.rules if one.id == name}


def packs_said(packs: Sequence[Pack]) -> list[Mapping[str, Any]]:
    """What is told of the packs themselves."""
    return [
        {
            "id": pack.id,
            "version": pack.version,
            "digest": pack.digest,
            "from": pack.manifest.effective.from_,
            "to": pack.manifest.effective.to,
            "name": {language: pack.manifest.name.in_language(language) for language in ("zh-Hans", "zh-Hant", "en")},
        }
        for pack in packs
    ]
