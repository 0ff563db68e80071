"""Levels of areas: each can be entered and left, goes down and never round, and says why it holds people."""

from __future__ import annotations

from lianfang.engine.packs.areas import Level
from lianfang.engine.packs.facts import AREA_FACTS
from lianfang.engine.packs.lint.conditions import can_ever_hold, check_guard
from lianfang.engine.packs.lint.drafts import Drafts, check_entry, check_grade, check_repeats
from lianfang.engine.packs.yaml_lines import KeyPath

_FILE = "areas.yaml"


def check_areas(drafts: Drafts) -> None:
    areas = drafts.areas
    if areas is None:
        return
    file = drafts.files[_FILE]
    check_repeats(file, ((("levels", index, "id"), level.id, level) for index, level in enumerate(areas.levels)))
    ranks: dict[int, str] = {}
    for index, level in enumerate(areas.levels):
        path: KeyPath = ("levels", index)
        check_entry(drafts, file, path, level)
        if ranks.setdefault(level.rank, level.id) != level.id:
            file.problem("rank_repeated", (*path, "rank"), given=level.rank, other=ranks[level.rank])
        _check_criteria(drafts, path, level)
        _check_way_down(drafts, path, level)
        _check_rule(drafts, path, level)
    if 0 not in ranks:
        file.problem("base_level_missing", ("levels",))
    if areas.excluded_infections and areas.excluded_because is None:
        file.problem("key_missing", ("excluded_because",), line=file.line_of(("excluded_infections",)))
    elif areas.excluded_because is not None:
        check_grade(drafts, file, ("excluded_because",), areas.excluded_because)


def _levels(drafts: Drafts) -> tuple[Level, ...]:
    return () if drafts.areas is None else drafts.areas.levels


def _check_criteria(drafts: Drafts, path: KeyPath, level: Level) -> None:
    file = drafts.files[_FILE]
    is_next = any(other.next == level.id for other in _levels(drafts))
    for key, guard in (("enter_when", level.enter_when), ("lower_when", level.lower_when)):
        if guard is not None:
            check_guard(drafts, file, (*path, key), guard, AREA_FACTS)
    if level.rank == 0:
        return
    if level.enter_when is None and not is_next:
        file.problem("level_never_entered", path, given=level.id)
    elif level.enter_when is not None and not can_ever_hold(drafts, level.enter_when):
        file.problem("level_never_entered", (*path, "enter_when"), given=level.id)
    if level.lower_when is None or level.next is None:
        file.problem("level_never_left", path, given=level.id)
    elif not can_ever_hold(drafts, level.lower_when):
        file.problem("level_never_left", (*path, "lower_when"), given=level.id)


def _check_way_down(drafts: Drafts, path: KeyPath, level: Level) -> None:
    """Every step goes to a lower rank, so that no chain of steps comes round again."""
    if level.next is None:
        return
    file, ranks = drafts.files[_FILE], {other.id: other.rank for other in _levels(drafts)}
    if level.next not in ranks:
        file.problem("level_unknown", (*path, "next"), given=level.next, known=", ".join(ranks))
    elif ranks[level.next] >= level.rank:
        file.problem("next_not_lower", (*path, "next"), given=level.next, level=level.id)


def _check_rule(drafts: Drafts, path: KeyPath, level: Level) -> None:
    file = drafts.files[_FILE]
    rules = {rule.id: rule for rule in drafts.rules.status_rules}
    if level.status_rule is None:
        if level.movement in ("none", "necessary_only"):
            file.problem("restriction_without_appeal", (*path, "status_rule"), rule=level.id)
    elif level.status_rule not in rules or rules[level.status_rule].kind != "area_level":
        known = ", ".join(rule.id for rule in rules.values() if rule.kind == "area_level") or "–"
        file.problem("level_rule_unknown", (*path, "status_rule"), given=level.status_rule, known=known)
