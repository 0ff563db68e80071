"""Rules that can never decide anything, because a higher one of the same kind always does, or nothing feeds them."""

from __future__ import annotations

from lianfang.engine.packs.guards import can_hold
from lianfang.engine.packs.lint.conditions import can_ever_hold
from lianfang.engine.packs.lint.drafts import Drafts
from lianfang.engine.packs.model import StatusRule


def check_reachable(drafts: Drafts) -> None:
    """A manual order names its rule itself, so that several rules of that kind do not stand in each other's way."""
    file, rules = drafts.rules_file, drafts.rules.status_rules
    for index, rule in enumerate(rules):
        if rule.when is not None and not can_ever_hold(drafts, rule.when):
            file.problem("rule_unreachable", ("status_rules", index, "when"), given=rule.id, other="–")
        above = (other for other in rules if other.kind == rule.kind and other.priority > rule.priority)
        hiding = next((other for other in above if _hides(drafts, other, rule)), None)
        if hiding is not None:
            file.problem("rule_unreachable", ("status_rules", index), given=rule.id, other=hiding.id)
        if not _is_fed(drafts, rule):
            file.problem("rule_never_used", ("status_rules", index), given=rule.id, kind=rule.kind)


def _hides(drafts: Drafts, above: StatusRule, below: StatusRule) -> bool:
    """Whether ``above`` holds whenever ``below`` does, and as long."""
    if above.kind == "manual_order":
        return False
    if above.kind == "category_stage" and above.status != below.status:
        return False
    if above.kind == "area_level":
        return False  # each is named by its own level
    if set(below.pool_results or ("positive",)) - set(above.pool_results or ("positive",)):
        return False
    return _guard_covers(above, below) and _lasts_as_long(drafts, above, below)


def _guard_covers(above: StatusRule, below: StatusRule) -> bool:
    if above.when is None:
        return True
    return below.when is not None and not can_hold(below.when, unless=above.when)


def _lasts_as_long(drafts: Drafts, above: StatusRule, below: StatusRule) -> bool:
    if above.until is None:
        return True
    if below.until is None or above.until.counted_from != below.until.counted_from:
        return False
    if above.until.at_most == below.until.at_most:
        return True
    ours, theirs = drafts.values_of(above.until.at_most), drafts.values_of(below.until.at_most)
    units = {
        drafts.parameters[each.at_most].unit for each in (above.until, below.until) if each.at_most in drafts.parameters
    }
    is_retired = drafts.is_ever_retired(above.until.at_most)
    return len(units) == 1 and not is_retired and bool(ours) and bool(theirs) and min(ours) >= max(theirs)


def _is_fed(drafts: Drafts, rule: StatusRule) -> bool:
    if rule.kind == "area_level":
        levels = drafts.areas.levels if drafts.areas else ()
        return any(level.status_rule == rule.id for level in levels)
    if rule.kind == "category_stage":
        given = {stage.status for category in drafts.categories.values() for stage in category.stages}
        waits = any(category.release is not None for category in drafts.categories.values())
        return rule.status in given or (rule.status == "unknown" and waits)
    return True
