"""Guards and criteria: facts that exist, compared with what they can be compared with, and that can hold at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lianfang.engine.packs.facts import FactSpec
from lianfang.engine.packs.guards import Guard, can_hold
from lianfang.engine.packs.lint.drafts import Drafts, check_bound
from lianfang.engine.packs.yaml_lines import KeyPath, YamlFile

Facts = Mapping[str, FactSpec]


def check_guard(drafts: Drafts, file: YamlFile, path: KeyPath, guard: Guard, facts: Facts) -> None:
    """Every comparison by itself; whether the whole can hold is for ``can_ever_hold``."""
    if guard.fact is not None:
        _check_comparison(drafts, file, path, guard, facts)
    for key, parts in (("all", guard.all_), ("any", guard.any_)):
        for index, part in enumerate(parts or ()):
            check_guard(drafts, file, (*path, key, index), part, facts)
    if guard.not_ is not None:
        check_guard(drafts, file, (*path, "not"), guard.not_, facts)


def _check_comparison(drafts: Drafts, file: YamlFile, path: KeyPath, one: Guard, facts: Facts) -> None:
    spec = facts.get(str(one.fact))
    if spec is None:
        file.problem("fact_unknown", (*path, "fact"), given=str(one.fact), known=", ".join(sorted(facts)))
        return
    wanted = {"number": "at_least, at_most", "boolean": "is: true, is: false", "word": ", ".join(spec.words)}[spec.type]
    if spec.type == "number":
        fits = one.is_ is None
    elif spec.type == "boolean":
        fits = isinstance(one.is_, bool)
    else:
        fits = one.is_ in spec.words
    if not fits:
        file.problem("comparison_not_for_fact", path, given=str(one.fact), wanted=wanted)
    for key, bound in (("at_least", one.at_least), ("at_most", one.at_most)):
        check_bound(drafts, file, (*path, key), bound, (spec.unit,))
    if one.within_days is not None and not spec.takes_window:
        file.problem("window_not_for_fact", (*path, "within_days"), given=str(one.fact))
    check_bound(drafts, file, (*path, "within_days"), one.within_days, ("days",))


def can_ever_hold(drafts: Drafts, guard: Guard) -> bool:
    """Whether some facts satisfy the guard with the values of some moment of the pack.

    A guard that names a parameter that is not there is taken to: that mistake is noted by itself.
    """
    if any(name not in drafts.parameters for name in guard.parameters()):
        return True
    for moment in moments(drafts):
        filled = guard.with_values(lambda name, at=moment: value_at(drafts, name, at))  # type: ignore[misc]
        if filled is not None and can_hold(filled):
            return True
    return False


def moments(drafts: Drafts) -> tuple[datetime, ...]:
    """The first moment of the pack, and every later one of it at which a value changes."""
    effective = drafts.manifest.effective
    starts = {value.from_ for parameter in drafts.parameters.values() for value in parameter.values}
    return (effective.from_, *sorted(one for one in starts if one > effective.from_ and effective.contains(one)))


def value_at(drafts: Drafts, name: str, at: datetime) -> int | float | None:
    """The value of a parameter then; None where it is retired, or not there."""
    found = None
    for dated in drafts.parameters[name].values if name in drafts.parameters else ():
        if dated.from_ <= at:
            found = dated.value
    return found
