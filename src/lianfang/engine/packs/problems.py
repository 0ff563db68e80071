"""What can be wrong with a pack: codes with parameters; the words are texts under ``pack.problem``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# code → its parameters, beside file, line and key. Codes of WARNINGS leave a pack usable.
PROBLEMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "file_missing": (),
        "file_too_large": ("limit",),
        "not_utf8": (),
        "not_yaml": ("what",),
        "alias_used": (),
        "tag_used": ("tag",),
        "key_repeated": ("first_line",),
        "key_not_text": (),
        "key_unknown": ("known", "meant"),
        "key_missing": (),
        "wrong_type": ("wanted", "given"),
        "value_not_allowed": ("wanted", "given"),
        "kind_unknown": ("wanted", "given"),
        "id_not_folder": ("wanted", "given"),
        "effective_backwards": ("given", "from_instant"),
        "source_repeated": ("given",),
        "source_unknown": ("given", "known"),
        "grade_too_good": ("given", "source_grade"),
        "not_marked_unverified": ("grade",),
        "values_out_of_order": ("given", "before"),
        "values_gap": ("starts", "needed"),
        "value_never_in_force": ("given", "ends"),
        "value_out_of_range": ("given", "most"),
        "rule_repeated": ("given",),
        "priority_repeated": ("given", "other"),
        "status_not_for_kind": ("given", "kind", "wanted"),
        "evidence_not_for_kind": ("given", "kind", "wanted"),
        "end_not_for_kind": ("given", "kind", "wanted"),
        "anchor_not_for_kind": ("given", "kind", "wanted"),
        "option_not_for_kind": ("kind",),
        "until_needed": ("kind",),
        "until_not_for_kind": ("kind",),
        "anchor_needed": ("kind", "wanted"),
        "restriction_without_end": ("rule",),
        "restriction_without_evidence": ("rule",),
        "restriction_without_appeal": ("rule",),
        "parameter_unknown": ("given", "known"),
        "parameter_not_a_span": ("given", "unit"),
        "parameter_retired": ("given", "retired_from"),
        "fallback_missing": (),
        "fallback_repeated": ("given",),
        "fallback_not_last": ("given",),
        "text_missing": ("language",),
        "text_empty": ("language",),
        "gap_unknown": ("gap", "known"),
        "gap_broken": ("what",),
        "gaps_differ": ("language", "gaps", "wanted"),
        "wrong_unit": ("given", "unit", "wanted"),
        "fact_unknown": ("given", "known"),
        "comparison_not_for_fact": ("given", "wanted"),
        "window_not_for_fact": ("given",),
        "entry_repeated": ("given",),
        "entry_gap": ("given", "since", "until"),
        "value_before_pack": ("given", "begins"),
        "rule_unreachable": ("given", "other"),
        "rule_never_used": ("given", "kind"),
        "stage_without_rule": ("given", "stage"),
        "category_without_stage": ("given",),
        "test_day_beyond_stage": ("given", "days", "stage"),
        "test_days_out_of_order": ("given", "before"),
        "place_confused": ("given", "place", "wanted"),
        "release_without_test": ("given",),
        "rank_repeated": ("given", "other"),
        "base_level_missing": (),
        "level_never_entered": ("given",),
        "level_never_left": ("given",),
        "level_unknown": ("given", "known"),
        "next_not_lower": ("given", "level"),
        "level_rule_unknown": ("given", "known"),
        "category_unknown": ("given", "known"),
        "group_of_nobody": ("given",),
        "obligation_without_rhythm": ("given",),
        "packs_overlap": ("given", "other", "since"),
        "packs_gap": ("given", "other", "since", "until"),
        "layer_key_unknown": ("given", "known"),
        "layer_key_closed": ("given", "tier", "wanted"),
        "layer_not_division": ("given",),
        "layer_overlap": ("given",),
        "layer_breaks": ("what", "key"),
        "anchors_differ": ("rule", "wanted"),
        "supersedes_unknown": ("given",),
        "parameter_unused": ("given",),
        "text_unused": ("language",),
        "restriction_unverified": ("rule",),
        "green_above_restriction": ("rule", "other"),
    }
)
WARNINGS = frozenset(
    {
        "parameter_unused",
        "text_unused",
        "restriction_unverified",
        "green_above_restriction",
        "anchors_differ",
        "entry_gap",
        "supersedes_unknown",
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (file, line from 1, key path), and what, as a code with parameters."""

    code: str
    file: str
    line: int
    key: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        return self.code not in WARNINGS

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.file}:{self.line} {self.key}: {self.code}{f' ({details})' if details else ''}"


class PackError(ValueError):
    """A pack that cannot be used; ``problems`` says why, warnings included."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems if problem.is_error))
        self.problems = problems
