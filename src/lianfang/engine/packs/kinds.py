"""The closed set of rule kinds: what a rule of each kind may say.

How a kind is decided is one table function of the same name in ``engine.status.kinds``; a test holds that
both sets are equal. What stands here cannot be changed by a pack: a missing fact never reads as green or red,
because no kind that rests on a missing fact may give those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Need = Literal["required", "when_restrictive", "forbidden"]


@dataclass(frozen=True, slots=True)
class KindSpec:
    """What a kind allows: statuses, evidence it shows, what may end it, and from when a limit is counted."""

    statuses: tuple[str, ...]
    evidence: tuple[str, ...]
    ends: tuple[str, ...]
    until: Need
    anchors: tuple[str, ...] = ()
    ends_by_event: bool = False
    """An event of ``ends`` is a sufficient end of a restriction, without a limit in time."""


KINDS: Mapping[str, KindSpec] = MappingProxyType(
    {
        "positive_result": KindSpec(
            statuses=("red", "yellow"),
            evidence=("result", "case"),
            ends=("case_released", "result_corrected"),
            until="forbidden",
            ends_by_event=True,
        ),
        "positive_pool_hold": KindSpec(
            statuses=("yellow", "red"),
            evidence=("result",),
            ends=("single_negative", "result_corrected", "limit_reached"),
            until="required",
            anchors=("received_at", "reported_at"),
        ),
        "contradicting_results": KindSpec(
            statuses=("unknown", "yellow"),
            evidence=("result",),
            ends=("single_negative", "result_corrected", "limit_reached"),
            until="when_restrictive",
            anchors=("received_at", "reported_at"),
        ),
        "unresolved_positive": KindSpec(
            statuses=("unknown",),
            evidence=("result",),
            ends=("single_negative", "negative_result", "result_corrected"),
            until="forbidden",
        ),
        "unclear_result": KindSpec(
            statuses=("unknown",),
            evidence=("result",),
            ends=("negative_result", "result_corrected"),
            until="forbidden",
        ),
        "unmatched_positive": KindSpec(
            statuses=("unknown",),
            evidence=("result",),
            ends=("sample_recorded", "case_released", "result_corrected"),
            until="forbidden",
        ),
        "manual_order": KindSpec(
            statuses=("yellow", "red"),
            evidence=("order",),
            ends=("order_ended", "order_revoked", "limit_reached"),
            until="required",
            anchors=("starts_at",),
        ),
        "negative_result": KindSpec(
            statuses=("green",),
            evidence=("result",),
            ends=("certificate_expired",),
            until="required",
            anchors=("tested_at", "sampled_at", "reported_at"),
        ),
        "test_overdue": KindSpec(
            statuses=("unknown", "yellow"),
            evidence=("obligation",),
            ends=("sampled", "limit_reached"),
            until="when_restrictive",
            anchors=("recorded_at",),
        ),
        "result_pending": KindSpec(
            statuses=("unknown",),
            evidence=("sample",),
            ends=("result_received", "limit_reached"),
            until="required",
            anchors=("sampled_at", "recorded_at"),
        ),
        "no_recent_result": KindSpec(
            statuses=("unknown",),
            evidence=(),
            ends=("negative_result",),
            until="forbidden",
        ),
        # A stage's length and its end are those of categories.yaml, so the rule itself names no limit.
        "category_stage": KindSpec(
            statuses=("red", "yellow", "unknown"),
            evidence=("exposure",),
            ends=("stage_ended", "exposure_withdrawn"),
            until="forbidden",
            ends_by_event=True,
        ),
        # An area's level ends by its criteria (areas.yaml) or by leaving; both are events. A pack may add a limit,
        # counted from the level's beginning.
        "area_level": KindSpec(
            statuses=("red", "yellow", "unknown"),
            evidence=("area_level",),
            ends=("level_lowered", "left_the_area", "limit_reached"),
            until="when_restrictive",
            anchors=("starts_at",),
            ends_by_event=True,
        ),
    }
)
FALLBACK = "no_recent_result"
# The reason of whoever a rule that is not green leaves unknown, because a fact is missing that its condition asks.
FACT_MISSING = "fact_missing"
HOLDING = "positive_pool_hold"
