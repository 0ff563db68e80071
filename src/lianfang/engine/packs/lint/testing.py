"""Test groups, tubes, exemptions, stopping; clocks and retention: somebody belongs, and every number has its unit."""

from __future__ import annotations

from collections.abc import Iterable

from lianfang.engine.packs.base import Dated
from lianfang.engine.packs.facts import PERSON_FACTS
from lianfang.engine.packs.lint.conditions import can_ever_hold, check_guard
from lianfang.engine.packs.lint.drafts import Drafts, check_bound, check_entry, check_repeats
from lianfang.engine.packs.testing import TestGroup, TestingFile
from lianfang.engine.packs.yaml_lines import KeyPath

_FILE = "testing.yaml"
EVERYONE = "everyone"


def check_testing(drafts: Drafts) -> None:
    testing = drafts.testing
    if testing is None:
        return
    file = drafts.files[_FILE]
    _check_list(drafts, "groups", "id", ((group.id, group) for group in testing.groups))
    _check_list(drafts, "pool_sizes", "for", ((each.for_, each) for each in testing.pool_sizes))
    _check_list(drafts, "exemptions", "id", ((each.id, each) for each in testing.exemptions))
    for index, group in enumerate(testing.groups):
        _check_group(drafts, ("groups", index), group)
    _check_pool_sizes(drafts, testing)
    for index, exemption in enumerate(testing.exemptions):
        path: KeyPath = ("exemptions", index, "when")
        check_guard(drafts, file, path, exemption.when, PERSON_FACTS)
        if not can_ever_hold(drafts, exemption.when):
            file.problem("group_of_nobody", path, given=exemption.id)
    _check_the_rest(drafts, testing)


def _check_list(drafts: Drafts, table: str, key: str, entries: Iterable[tuple[str, Dated]]) -> None:
    file, given = drafts.files[_FILE], tuple(entries)
    for index, (_, entry) in enumerate(given):
        check_entry(drafts, file, (table, index), entry)
    check_repeats(file, (((table, index, key), name, entry) for index, (name, entry) in enumerate(given)))


def _level_ids(drafts: Drafts) -> list[str]:
    return [] if drafts.areas is None else list(dict.fromkeys(level.id for level in drafts.areas.levels))


def _check_group(drafts: Drafts, path: KeyPath, group: TestGroup) -> None:
    file = drafts.files[_FILE]
    check_bound(drafts, file, (*path, "every_days"), group.every_days, ("days",))
    check_bound(drafts, file, (*path, "share_per_day"), group.share_per_day, ("percent",))
    levels = _level_ids(drafts)
    if group.in_level is not None and group.in_level not in levels:
        file.problem("level_unknown", (*path, "in_level"), given=group.in_level, known=", ".join(levels) or "–")
    if group.category is not None and group.category not in drafts.categories:
        known = ", ".join(drafts.categories) or "–"
        file.problem("category_unknown", (*path, "category"), given=group.category, known=known)
    names_nobody = group.who is None and group.category is None and group.in_level is None
    if group.who is not None:
        check_guard(drafts, file, (*path, "who"), group.who, PERSON_FACTS)
        names_nobody = not can_ever_hold(drafts, group.who)
    elif group.obligation == "may":
        names_nobody = False
    if names_nobody:
        file.problem("group_of_nobody", path, given=group.id)
    if group.obligation == "must" and group.every_days is None and group.share_per_day is None:
        file.problem("obligation_without_rhythm", path, given=group.id)


def _check_pool_sizes(drafts: Drafts, testing: TestingFile) -> None:
    known = [*_level_ids(drafts), *dict.fromkeys(group.id for group in testing.groups), EVERYONE]
    for index, each in enumerate(testing.pool_sizes):
        if each.for_ not in known:
            drafts.files[_FILE].problem(
                "level_unknown", ("pool_sizes", index, "for"), given=each.for_, known=", ".join(known)
            )


def _check_the_rest(drafts: Drafts, testing: TestingFile) -> None:
    file = drafts.files[_FILE]
    for key in ("certificates", "rounds_to_stop", "positive_pool"):
        entry = getattr(testing, key)
        if entry is not None:
            check_entry(drafts, file, (key,), entry)
    stop, pool = testing.rounds_to_stop, testing.positive_pool
    if stop is not None:
        for key, unit in (("clean_rounds", "count"), ("gap_days", "days"), ("then_rounds", "count")):
            check_bound(drafts, file, ("rounds_to_stop", key), getattr(stop, key), (unit,))
    if pool is not None:
        check_bound(drafts, file, ("positive_pool", "within_hours"), pool.within_hours, ("hours",))
    if testing.certificates is not None:
        for rule in drafts.rules.status_rules:
            counted = rule.until.counted_from if rule.kind == "negative_result" and rule.until else None
            if counted is not None and counted != testing.certificates.anchors:
                file.problem("anchors_differ", ("certificates", "anchors"), rule=rule.id, wanted=", ".join(counted))


def check_clocks(drafts: Drafts) -> None:
    for name, entries in (("clocks", drafts.clocks), ("retention", drafts.retention)):
        for index, entry in enumerate(entries):
            check_entry(drafts, drafts.files[f"{name}.yaml"], (name, index), entry)
    if drafts.clocks:
        file = drafts.files["clocks.yaml"]
        check_repeats(file, ((("clocks", index, "id"), each.id, each) for index, each in enumerate(drafts.clocks)))
        for index, clock in enumerate(drafts.clocks):
            for unit, bound in clock.lengths.items():
                check_bound(drafts, file, ("clocks", index, f"within_{unit}"), bound, (unit,))
    if drafts.retention:
        file = drafts.files["retention.yaml"]
        named = enumerate(drafts.retention)
        check_repeats(file, ((("retention", index, "purpose"), each.purpose, each) for index, each in named))
        for index, kept in enumerate(drafts.retention):
            check_bound(drafts, file, ("retention", index, "keep_days"), kept.keep_days, ("days",))
