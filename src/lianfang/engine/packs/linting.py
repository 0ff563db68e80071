"""Checks across a pack's files: what no single key can show.

Refused: a restriction without end, evidence or appeal; gaps and overlaps of dated values; weak values that are
not marked unverified; a missing fact that would read as green or red; words missing in a language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

from lianfang.engine.packs.kinds import FALLBACK, KINDS, KindSpec
from lianfang.engine.packs.model import (
    LANGUAGES,
    Graded,
    Language,
    Manifest,
    PackTexts,
    Parameter,
    Rules,
    StatusRule,
)
from lianfang.engine.packs.yaml_lines import KeyPath, YamlFile

_WEAK = ("C", "D")
_TEXT_TABLES = ("reasons", "next_steps", "appeals", "parameters")
REASON_GAPS = frozenset({"since", "until", "sampled_at"})
LIMIT_GAP = "limit"
_LARGEST_VALUE = 100_000


@dataclass(frozen=True, slots=True)
class Drafts:
    """The files of a pack, each valid by itself; problems are noted on the files."""

    manifest: Manifest
    parameters: Mapping[str, Parameter]
    rules: Rules
    texts: Mapping[Language, PackTexts]
    manifest_file: YamlFile
    parameters_file: YamlFile
    rules_file: YamlFile
    text_files: Mapping[Language, YamlFile]


def cross_check(drafts: Drafts, folder_id: str) -> None:
    """Note every problem on the file that it stands in."""
    _check_manifest(drafts, folder_id)
    for name, parameter in drafts.parameters.items():
        _check_values(drafts, name, parameter)
    for index, rule in enumerate(drafts.rules.status_rules):
        _check_rule(drafts, ("status_rules", index), rule)
    _check_rules_together(drafts)
    _check_override(drafts)
    _check_parameters_used(drafts)
    _check_texts(drafts)


def _check_manifest(drafts: Drafts, folder_id: str) -> None:
    manifest, file = drafts.manifest, drafts.manifest_file
    if manifest.id != folder_id:
        file.problem("id_not_folder", ("id",), wanted=folder_id, given=manifest.id)
    effective = manifest.effective
    if effective.to is not None and effective.to <= effective.from_:
        file.problem(
            "effective_backwards", ("effective", "to"), given=str(effective.to), from_instant=str(effective.from_)
        )
    seen: set[str] = set()
    for index, source in enumerate(manifest.sources):
        if source.id in seen:
            file.problem("source_repeated", ("sources", index, "id"), given=source.id)
        seen.add(source.id)
    _check_grade(drafts, file, ("transition",), manifest.transition)


def _check_grade(drafts: Drafts, file: YamlFile, path: KeyPath, graded: Graded) -> None:
    grades = {source.id: source.grade for source in drafts.manifest.sources}
    for index, given in enumerate(graded.sources):
        if given not in grades:
            file.problem("source_unknown", (*path, "sources", index), given=given, known=", ".join(grades))
    known = [grades[given] for given in graded.sources if given in grades]
    if known and graded.grade < min(known):
        file.problem("grade_too_good", (*path, "grade"), given=graded.grade, source_grade=min(known))
    if not known and graded.grade != "D":
        file.problem("grade_too_good", (*path, "grade"), given=graded.grade, source_grade="D")
    if graded.grade in _WEAK and not graded.unverified:
        file.problem("not_marked_unverified", (*path, "grade"), grade=graded.grade)


def _check_values(drafts: Drafts, name: str, parameter: Parameter) -> None:
    file, effective = drafts.parameters_file, drafts.manifest.effective
    first = parameter.values[0]
    if first.from_ > effective.from_:
        file.problem("values_gap", (name, "values", 0, "from"), starts=str(first.from_), needed=str(effective.from_))
    for index, dated in enumerate(parameter.values):
        path: KeyPath = (name, "values", index)
        if index and dated.from_ <= parameter.values[index - 1].from_:
            before = parameter.values[index - 1].from_
            file.problem("values_out_of_order", (*path, "from"), given=str(dated.from_), before=str(before))
        if effective.to is not None and dated.from_ >= effective.to:
            file.problem("value_never_in_force", (*path, "from"), given=str(dated.from_), ends=str(effective.to))
        if dated.value is not None and not 0 < dated.value <= _LARGEST_VALUE:
            file.problem("value_out_of_range", (*path, "value"), given=str(dated.value), most=_LARGEST_VALUE)
        _check_grade(drafts, file, path, dated)


def _check_rule(drafts: Drafts, path: KeyPath, rule: StatusRule) -> None:
    spec, file = KINDS[rule.kind], drafts.rules_file
    _check_grade(drafts, file, path, rule)
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
            if each not in wanted:
                file.problem(code, (*path, key, index), given=each, kind=rule.kind, wanted=", ".join(wanted) or "–")
    if rule.pool_results is not None and rule.kind != "positive_pool_hold":
        file.problem("option_not_for_kind", (*path, "pool_results"), kind=rule.kind)
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
    elif parameter.unit == "count":
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
    _check_grade(drafts, file, ("emergency_override",), override)
    _check_span(drafts, path, override.at_most)
    parameter = drafts.parameters.get(override.at_most)
    for dated in parameter.values if parameter is not None else ():
        if dated.value is None:
            file.problem("parameter_retired", path, given=override.at_most, retired_from=str(dated.from_))


def _check_parameters_used(drafts: Drafts) -> None:
    used = {rule.until.at_most for rule in drafts.rules.status_rules if rule.until is not None}
    used.add(drafts.rules.emergency_override.at_most)
    for name in drafts.parameters:
        if name not in used:
            drafts.parameters_file.problem("parameter_unused", (name,), given=name)


def _codes_asked(drafts: Drafts) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every code that needs words: table, code, and the gaps that its words may have."""
    for rule in drafts.rules.status_rules:
        gaps = REASON_GAPS | {LIMIT_GAP} if rule.until is not None else REASON_GAPS
        yield "reasons", rule.reason, gaps
        yield "next_steps", rule.next_step, frozenset()
        if rule.appeal is not None:
            yield "appeals", rule.appeal, frozenset()
    override = drafts.rules.emergency_override
    yield "reasons", override.reason, frozenset({"until"})
    yield "next_steps", override.next_step, frozenset()
    for name in drafts.parameters:
        yield "parameters", name, frozenset()


def _check_texts(drafts: Drafts) -> None:
    asked: dict[tuple[str, str], frozenset[str]] = {}
    for table, code, gaps in _codes_asked(drafts):
        asked[table, code] = asked.get((table, code), gaps) & gaps
    for language in LANGUAGES:
        file, words = drafts.text_files[language], drafts.texts[language]
        for (table, code), gaps in asked.items():
            text = getattr(words, table).get(code)
            if text is None:
                file.problem("text_missing", (table, code), language=language)
            elif not text.strip():
                file.problem("text_empty", (table, code), language=language)
            else:
                _check_gaps(drafts, language, (table, code), text, gaps)
        for table in _TEXT_TABLES:
            for code in getattr(words, table):
                if (table, code) not in asked:
                    file.problem("text_unused", (table, code), language=language)


def _check_gaps(drafts: Drafts, language: Language, path: tuple[str, str], text: str, allowed: frozenset[str]) -> None:
    file = drafts.text_files[language]
    try:
        found = _gaps(text)
    except ValueError as error:
        file.problem("gap_broken", path, what=str(error))
        return
    for gap in sorted(found - allowed):
        file.problem("gap_unknown", path, gap=gap or "{}", known=", ".join(sorted(allowed)) or "–")
    first = getattr(drafts.texts[LANGUAGES[0]], path[0]).get(path[1])
    try:
        wanted = found if first is None else _gaps(first)
    except ValueError:
        return  # noted on the first language's own file
    if found != wanted:
        file.problem(
            "gaps_differ",
            path,
            language=LANGUAGES[0],
            gaps=", ".join(sorted(found)) or "–",
            wanted=", ".join(sorted(wanted)) or "–",
        )


def _gaps(text: str) -> frozenset[str]:
    names = set()
    for _, name, form, conversion in Formatter().parse(text):
        if form or conversion:
            raise ValueError(f"{name}: only the bare name may stand in a gap")
        if name is not None:
            names.add(name)
    return frozenset(names)
