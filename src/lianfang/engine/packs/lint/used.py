"""Parameters that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.lint.drafts import Drafts


def check_parameters_used(drafts: Drafts) -> None:
    used = {bound for bound in _bounds(drafts) if isinstance(bound, str)}
    for name in drafts.parameters:
        if name not in used:
            drafts.parameters_file.problem("parameter_unused", (name,), given=name)


def _bounds(drafts: Drafts) -> Iterator[object]:
    """Everything that may be the name of a parameter."""
    yield drafts.rules.emergency_override.at_most
    for rule in drafts.rules.status_rules:
        yield rule.until.at_most if rule.until is not None else None
    for guard in _guards(drafts):
        yield from guard.parameters()
    for category in drafts.categories.values():
        yield from (stage.days for stage in category.stages)
    for clock in drafts.clocks:
        yield from clock.lengths.values()
    yield from (kept.keep_days for kept in drafts.retention)
    if drafts.testing is not None:
        for group in drafts.testing.groups:
            yield from (group.every_days, group.share_per_day)
        stop, pool = drafts.testing.rounds_to_stop, drafts.testing.positive_pool
        yield from () if stop is None else (stop.clean_rounds, stop.gap_days, stop.then_rounds)
        yield None if pool is None else pool.within_hours


def _guards(drafts: Drafts) -> Iterator[Guard]:
    given: list[Guard | None] = [rule.when for rule in drafts.rules.status_rules]
    given += [category.release.when for category in drafts.categories.values() if category.release]
    for level in drafts.areas.levels if drafts.areas else ():
        given += [level.enter_when, level.lower_when]
    if drafts.testing is not None:
        given += [group.who for group in drafts.testing.groups]
        given += [exemption.when for exemption in drafts.testing.exemptions]
    yield from (guard for guard in given if guard is not None)
