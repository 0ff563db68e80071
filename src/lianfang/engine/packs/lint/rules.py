"""Status rules: each by itself, and all together."""

from __future__ import annotations

from lianfang.engine.packs.facts import PERSON_FACTS
from lianfang.engine.packs.kinds import FALLBACK, KINDS, KindSpec
from lianfang.engine.packs.lint.conditions import check_guard
from lianfang.engine.packs.lint.drafts import SPANS, Drafts, check_grade
from lianfang.engine.packs.model import Parameter, StatusRule
from lianfang.engine.packs.yaml_lines import KeyPath


def check_rules(drafts: Drafts) -> None:
    for index, rule in enumerate(drafts.rules.status_rules):
        _check_rule(drafts, ("status_rules", index), rule)
    _check_rules_together(drafts)
    _check_override(drafts)


def _check_rule(drafts: Drafts, path: KeyPath, rule: StatusRule) -> None:
    spec, file = KINDS[rule.kind], drafts.rules_file
    check_grade(drafts, file, path, rule)
    if rule.status not in spec.statuses:
        file.problem(
            "status_not_for_kind",
            (*path, "status"),
            given=rule.status,
            kind=rule.kind,
            wanted=", ".join(spec.statuses),
        )
    for code, key, given, wanted in (
        ("evidence_not_for_kind", "evidence", rule.evidence, spec.evidence),
        ("end_not_for_kind", "ends_when", rule.ends_when, spec.ends),
    ):
        for index, each in enumerate(given):
            if each not in wanted and not (each == "person_fact" and rule.when is not None):
                file.problem(code, (*path, key, index), given=each, kind=rule.kind, wanted=", ".join(wanted) or "–")
    if rule.pool_results is not None and rule.kind != "positive_pool_hold":
        file.problem("option_not_for_kind", (*path, "pool_results"), kind=rule.kind)
    if rule.when is not None:
        check_guard(drafts, file, (*path, "when"), rule.when, PERSON_FACTS)
        if rule.kind == FALLBACK:
            file.problem("option_not_for_kind", (*path, "when"), kind=rule.kind)
    _check_until(drafts, path, rule, spec)
    if rule.is_restrictive:
        _check_restriction(drafts, path, rule, spec)


def _check_until(drafts: Drafts, path: KeyPath, rule: StatusRule, spec: KindSpec) -> None:
    file, until = drafts.rules_file, rule.until
    if until is None:
        if spec.until == "required" and not rule.is_restrictive:
            file.problem("until_needed", path, kind=rule.kind)
        return
    if spec.until == "forbidden":
        file.problem("until_not_for_kind", (*path, "until"), kind=rule.kind)
        return
    if not until.counted_from:
        file.problem("anchor_needed", (*path, "until"), kind=rule.kind, wanted=", ".join(spec.anchors))
    for index, anchor in enumerate(until.counted_from):
        if anchor not in spec.anchors:
            file.problem(
                "anchor_not_for_kind",
                (*path, "until", "counted_from", index),
                given=anchor,
                kind=rule.kind,
                wanted=", ".join(spec.anchors),
            )
    _check_span(drafts, (*path, "until", "at_most"), until.at_most)


def _check_span(drafts: Drafts, path: KeyPath, name: str) -> None:
    file = drafts.rules_file
    parameter = drafts.parameters.get(name)
    if parameter is None:
        file.problem("parameter_unknown", path, given=name, known=", ".join(sorted(drafts.parameters)))
    elif parameter.unit not in SPANS:
        file.problem("parameter_not_a_span", path, given=name, unit=parameter.unit)


def _check_restriction(drafts: Drafts, path: KeyPath, rule: StatusRule, spec: KindSpec) -> None:
    file = drafts.rules_file
    if not rule.ends_when or (rule.until is None and not spec.ends_by_event):
        file.problem("restriction_without_end", path, rule=rule.id)
    if not rule.evidence:
        file.problem("restriction_without_evidence", path, rule=rule.id)
    if rule.appeal is None:
        file.problem("restriction_without_appeal", path, rule=rule.id)
    if rule.unverified or (rule.until and _is_unverified(drafts.parameters.get(rule.until.at_most))):
        file.problem("restriction_unverified", path, rule=rule.id)


def _is_unverified(parameter: Parameter | None) -> bool:
    return parameter is not None and any(dated.unverified for dated in parameter.values)


def _check_rules_together(drafts: Drafts) -> None:
    file = drafts.rules_file
    ids: set[str] = set()
    priorities: dict[int, str] = {}
    for index, rule in enumerate(drafts.rules.status_rules):
        if rule.id in ids:
            file.problem("rule_repeated", ("status_rules", index, "id"), given=rule.id)
        if rule.priority in priorities:
            other = priorities[rule.priority]
            file.problem("priority_repeated", ("status_rules", index, "priority"), given=rule.priority, other=other)
        ids.add(rule.id)
        priorities.setdefault(rule.priority, rule.id)
    _check_fallback(drafts)
    highest_green = max(
        (rule for rule in drafts.rules.status_rules if rule.status == "green"), key=lambda r: r.priority, default=None
    )
    for index, rule in enumerate(drafts.rules.status_rules):
        if rule.is_restrictive and highest_green is not None and highest_green.priority > rule.priority:
            file.problem(
                "green_above_restriction", ("status_rules", index, "priority"), rule=rule.id, other=highest_green.id
            )


def _check_fallback(drafts: Drafts) -> None:
    file, rules = drafts.rules_file, drafts.rules.status_rules
    fallbacks = [(index, rule) for index, rule in enumerate(rules) if rule.kind == FALLBACK]
    if not fallbacks:
        file.problem("fallback_missing", ("status_rules",))
    for index, rule in fallbacks[1:]:
        file.problem("fallback_repeated", ("status_rules", index), given=rule.id)
    for index, rule in fallbacks[:1]:
        if any(other.priority < rule.priority for other in rules):
            file.problem("fallback_not_last", ("status_rules", index, "priority"), given=rule.priority)


def _check_override(drafts: Drafts) -> None:
    override, file = drafts.rules.emergency_override, drafts.rules_file
    path: KeyPath = ("emergency_override", "at_most")
    check_grade(drafts, file, ("emergency_override",), override)
    _check_span(drafts, path, override.at_most)
    parameter = drafts.parameters.get(override.at_most)
    for dated in parameter.values if parameter is not None else ():
        if dated.value is None:
            file.problem("parameter_retired", path, given=override.at_most, retired_from=str(dated.from_))
