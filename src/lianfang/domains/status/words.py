"""A decision in words: for the person's page, lists and print, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.status.models import HealthStatus
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.parts import Evidence


@dataclass(frozen=True, slots=True)
class Explained:
    """``reason``, ``next_step`` and ``appeal`` are sentences of the pack; ``others`` what also holds."""

    status: str
    reason: str
    next_step: str
    appeal: str
    since_at: datetime | None
    until_at: datetime | None
    ends_when: list[str]
    evidence: list[Evidence]
    others: list[str]
    pack: str
    is_unverified: bool
    is_emergency: bool
    emergency_until_at: datetime | None
    as_of: datetime | None


def explain(found: HealthStatus | None) -> Explained:
    """Who has no decision yet is unknown, and told so: no pack is in force, or the first run has not come."""
    if found is None:
        return Explained(
            "unknown",
            t("status.no_decision"),
            t("status.no_decision_step"),
            "",
            None,
            None,
            [],
            [],
            [],
            "",
            False,
            False,
            None,
            None,
        )
    return Explained(
        status=found.status,
        reason=reason_of(found),
        next_step=_pack_text(found, "next_steps", found.next_step),
        appeal=_pack_text(found, "appeals", found.appeal),
        since_at=found.since_at,
        until_at=found.until_at,
        ends_when=[_code("status.ends_when", code) for code in found.ends_when],
        evidence=[_evidence(one) for one in found.evidence if one[2]],
        others=[_sentence(found, one["reason"], _gaps(one["params"], one["until"])) for one in found.other_reasons],
        pack=_pack_name(found),
        is_unverified=found.is_unverified,
        is_emergency=found.is_emergency,
        emergency_until_at=found.emergency_until_at,
        as_of=found.as_of,
    )


def reason_of(found: HealthStatus) -> str:
    """The reason as a sentence."""
    until = None if found.until_at is None else timezone.localtime(found.until_at).isoformat(sep=" ")
    return _sentence(found, found.reason, _gaps(found.params, until))


def _sentence(found: HealthStatus, reason: str, gaps: Mapping[str, Any]) -> str:
    return _pack_text(found, "reasons", reason, **gaps)


def _pack_text(found: HealthStatus, table: str, code: str, **gaps: Any) -> str:
    if not code:
        return ""
    pack = packs_on_disk().get((found.pack, found.pack_version))
    if pack is None:
        # The pack was removed from the disk after the decision: its codes still say which rule it was.
        return code
    return pack.text(current_texts().language, table, code, **gaps)


def _pack_name(found: HealthStatus) -> str:
    pack = packs_on_disk().get((found.pack, found.pack_version))
    if pack is None:
        return f"{found.pack} {found.pack_version}"
    return pack.manifest.name.in_language(current_texts().language)  # type: ignore[arg-type]


def _gaps(params: Any, until: str | None) -> dict[str, Any]:
    given = json.loads(params) if isinstance(params, str) else dict(params or {})
    return {"limit": "", "unit": "", **given, "until": until[:16] if until else t("web.unknown")}


def _evidence(one: list[Any]) -> Evidence:
    table, number, at = one
    return Evidence(
        at=timezone.make_aware(datetime.fromisoformat(at)),
        title=t(f"status.evidence.{table}", number=number),
        tone="info",
    )


def _code(table: str, code: str) -> str:
    key = f"{table}.{code}"
    words = current_texts()
    return words(key) if key in words else code
