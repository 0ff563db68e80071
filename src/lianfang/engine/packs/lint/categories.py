"""Categories: stages that exist, tests within them, places that are not confused, an appeal for what restricts."""

from __future__ import annotations

from datetime import datetime

from lianfang.engine.packs.categories import Category, Stage
from lianfang.engine.packs.facts import PERSON_FACTS
from lianfang.engine.packs.lint.conditions import check_guard, moments, value_at
from lianfang.engine.packs.lint.drafts import Drafts, check_bound, check_entry
from lianfang.engine.packs.model import RESTRICTIVE
from lianfang.engine.packs.yaml_lines import KeyPath

_FILE = "categories.yaml"
# Four intensities that are not the same thing (integrated isolation rules of 2022): what each allows a person to
# do, and how the people in the same household live. A pack that mixes them says one thing and does another.
ALLOWED = {
    "central": (("none",), ("apart", "normal", "confined")),
    "hospital": (("none",), ("apart", "normal", "confined")),
    "home_isolation": (("none",), ("confined", "apart")),
    "home_monitoring": (("necessary_only",), ("normal",)),
    "self_monitoring": (("free",), ("normal",)),
    "away_from_school": (("not_to_school",), ("normal",)),
}
HOLDING = ("none", "necessary_only", "not_to_school")
"""Movements that hold a person back."""


def check_categories(drafts: Drafts) -> None:
    colours = {rule.status for rule in drafts.rules.status_rules if rule.kind == "category_stage"}
    for name, category in drafts.categories.items():
        path: KeyPath = ("categories", name)
        file = drafts.files[_FILE]
        check_entry(drafts, file, path, category)
        seen: set[str] = set()
        for index, stage in enumerate(category.stages):
            here: KeyPath = (*path, "stages", index)
            if stage.id in seen:
                file.problem("entry_repeated", (*here, "id"), given=stage.id)
            seen.add(stage.id)
            _check_stage(drafts, here, stage)
            if stage.status is not None and stage.status not in colours:
                file.problem("stage_without_rule", (*here, "status"), given=stage.status, stage=stage.id)
        if any(category.holds_at(at) and not _stands(drafts, category, at) for at in moments(drafts)):
            file.problem("category_without_stage", path, given=name)
        _check_release(drafts, path, category, "unknown" in colours)


def _stands(drafts: Drafts, category: Category, at: datetime) -> bool:
    """Whether one of its stages exists then; one whose parameter is not there is noted by itself."""
    return any(
        not isinstance(stage.days, str) or stage.days not in drafts.parameters or value_at(drafts, stage.days, at)
        for stage in category.stages
    )


def _check_stage(drafts: Drafts, path: KeyPath, stage: Stage) -> None:
    file = drafts.files[_FILE]
    check_bound(drafts, file, (*path, "days"), stage.days, ("days",))
    shortest = min(drafts.values_of(stage.days), default=None)
    for index, day in enumerate(stage.test_days):
        where: KeyPath = (*path, "test_days", index)
        if shortest is not None and day > shortest:
            file.problem("test_day_beyond_stage", where, given=day, days=int(shortest), stage=stage.id)
        if index and day <= stage.test_days[index - 1]:
            file.problem("test_days_out_of_order", where, given=day, before=stage.test_days[index - 1])
    movements, households = ALLOWED[stage.place]
    for key, given, wanted in (
        ("movement", stage.movement, movements),
        ("cohabitants", stage.cohabitants, households),
    ):
        if given not in wanted:
            file.problem("place_confused", (*path, key), given=given, place=stage.place, wanted=", ".join(wanted))
    if (stage.status in RESTRICTIVE or stage.movement in HOLDING) and stage.appeal is None:
        file.problem("restriction_without_appeal", path, rule=stage.id)


def _check_release(drafts: Drafts, path: KeyPath, category: Category, has_unknown_rule: bool) -> None:
    release, file = category.release, drafts.files[_FILE]
    if release is None:
        return
    here: KeyPath = (*path, "release")
    if release.needs is None and release.when is None:
        file.problem("key_missing", (*here, "needs"), line=file.line_of(here))
    if release.when is not None:
        check_guard(drafts, file, (*here, "when"), release.when, PERSON_FACTS)
    asks_tests = any(need != "case_released" for need in release.needs or ())
    if asks_tests and not any(stage.test_days for stage in category.stages):
        file.problem("release_without_test", (*here, "needs"), given=", ".join(release.needs or ()))
    if not has_unknown_rule:
        file.problem("stage_without_rule", (*here, "otherwise"), given=release.otherwise, stage="release")
