"""The shape of a pack's files: strict models, nothing is guessed or converted.

A health official writes these files; the guide is docs/guides/policy-packs.md.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

Grade = Literal["A", "B", "C", "D"]
Status = Literal["green", "unknown", "yellow", "red"]
Language = Literal["zh-Hans", "zh-Hant", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-Hans", "zh-Hant", "en")
RESTRICTIVE = ("yellow", "red")

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
]
Anchor = Literal["tested_at", "sampled_at", "reported_at", "received_at", "recorded_at", "starts_at"]
EvidenceTable = Literal["result", "sample", "case", "obligation", "order"]
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
]

_TO_THE_MINUTE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d")


def _to_instant(value: Any) -> Any:
    """A day means its first moment; seconds may be left out; an instant with a zone is left to be refused."""
    if isinstance(value, str) and _TO_THE_MINUTE.fullmatch(value):
        return datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value


def _naive(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise PydanticCustomError("zone_given", "local time of the place, without a zone")
    return value


def _number(value: Any) -> Any:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise PydanticCustomError("number_type", "a number, or null")
    return value


Instant = Annotated[datetime, BeforeValidator(_naive), BeforeValidator(_to_instant)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Number = Annotated[int | float | None, PlainValidator(_number)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Model(BaseModel):
    """Strict, closed and immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class InThreeLanguages(Model):
    zh_hans: Words = Field(alias="zh-Hans")
    zh_hant: Words = Field(alias="zh-Hant")
    en: Words

    def in_language(self, language: Language) -> str:
        return {"zh-Hans": self.zh_hans, "zh-Hant": self.zh_hant, "en": self.en}[language]


class Source(Model):
    """Where something was read. Grade A official text, B reprint by a news medium, C other reprint, D weak."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    title: Words
    found: Words
    grade: Grade


class Graded(Model):
    """Something that rests on sources of the manifest, by their ids."""

    sources: tuple[str, ...] = ()
    reference: Words
    grade: Grade
    unverified: bool = False


class Effective(Model):
    """Half open: the first moment belongs to it, the last does not. Null is open."""

    from_: Instant = Field(alias="from")
    to: Instant | None


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
    unit: Literal["hours", "days", "count"]
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
