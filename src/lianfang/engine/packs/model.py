"""The shape of a pack's first files: manifest, parameters, status rules, words.

A health official writes these files; the guide is docs/guides/policy-packs.md. What every file is made of
stands in ``base``; categories, areas, testing, clocks and layers in the modules of those names.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lianfang.engine.packs.base import (
    LANGUAGES,
    RESTRICTIVE,
    Code,
    Dated,
    Effective,
    Grade,
    Graded,
    Instant,
    InThreeLanguages,
    Language,
    Model,
    Number,
    Source,
    Status,
    Words,
)
from lianfang.engine.packs.guards import Guard

__all__ = [
    "LANGUAGES",
    "RESTRICTIVE",
    "Code",
    "Dated",
    "Effective",
    "Grade",
    "Graded",
    "InThreeLanguages",
    "Instant",
    "Language",
    "Model",
    "Number",
    "Source",
    "Status",
    "Words",
]

Kind = Literal[
    "positive_result",
    "positive_pool_hold",
    "contradicting_results",
    "unresolved_positive",
    "unclear_result",
    "unmatched_positive",
    "manual_order",
    "negative_result",
    "test_overdue",
    "result_pending",
    "no_recent_result",
    "category_stage",
    "area_level",
]
Anchor = Literal["tested_at", "sampled_at", "reported_at", "received_at", "recorded_at", "starts_at"]
EvidenceTable = Literal["result", "sample", "case", "obligation", "order", "exposure", "area_level", "person_fact"]
Unit = Literal["minutes", "hours", "days", "years", "count", "percent", "degrees", "metres", "index"]
Tier = Literal["province", "city", "county"]
End = Literal[
    "case_released",
    "result_corrected",
    "single_negative",
    "negative_result",
    "limit_reached",
    "sample_recorded",
    "sampled",
    "result_received",
    "certificate_expired",
    "order_ended",
    "order_revoked",
    "stage_ended",
    "exposure_withdrawn",
    "level_lowered",
    "left_the_area",
]


class Transition(Graded):
    """What becomes of decisions and orders that were opened under the pack that this one supersedes."""

    rule: Literal["keep", "convert", "re-evaluate"]


class Manifest(Model):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9+.-]*$")]
    version: Annotated[int, Field(ge=1)]
    disease: Code
    authority: InThreeLanguages
    name: InThreeLanguages
    effective: Effective
    supersedes: str | None
    transition: Transition
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class DatedValue(Graded):
    """In force from ``from`` until the next value's; null is retired."""

    from_: Instant = Field(alias="from")
    value: Number


class Parameter(Model):
    """``open_to`` names the layers that may set another value, with their reason."""

    unit: Unit
    open_to: tuple[Tier, ...] = ()
    values: Annotated[tuple[DatedValue, ...], Field(min_length=1)]


class Limit(Model):
    """Ends by itself after the value of a parameter, counted from the first of the instants that is known."""

    at_most: Code
    counted_from: tuple[Anchor, ...] = ()


class StatusRule(Graded):
    id: Code
    kind: Kind
    priority: Annotated[int, Field(ge=1, le=1_000_000)]
    status: Status
    reason: Code
    evidence: tuple[EvidenceTable, ...] = ()
    pool_results: Annotated[tuple[Literal["positive", "indeterminate"], ...], Field(min_length=1)] | None = None
    when: Guard | None = None
    until: Limit | None = None
    ends_when: tuple[End, ...] = ()
    next_step: Code
    appeal: Code | None = None

    @property
    def is_restrictive(self) -> bool:
        return self.status in RESTRICTIVE


class EmergencyOverride(Graded):
    """Outranks every rule and can be switched off by no pack."""

    reason: Code
    next_step: Code
    at_most: Code


class Rules(Model):
    emergency_override: EmergencyOverride
    status_rules: Annotated[tuple[StatusRule, ...], Field(min_length=1)]


class PackTexts(Model):
    """The words of one language, by code."""

    reasons: dict[str, Words]
    next_steps: dict[str, Words]
    appeals: dict[str, Words]
    parameters: dict[str, Words]
    categories: dict[str, Words] = Field(default_factory=dict)
    stages: dict[str, Words] = Field(default_factory=dict)
    levels: dict[str, Words] = Field(default_factory=dict)
    measures: dict[str, Words] = Field(default_factory=dict)
    groups: dict[str, Words] = Field(default_factory=dict)
    exemptions: dict[str, Words] = Field(default_factory=dict)
    clocks: dict[str, Words] = Field(default_factory=dict)
    purposes: dict[str, Words] = Field(default_factory=dict)
