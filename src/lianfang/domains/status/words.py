"""A decision in words: for the person's page, lists and print, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.status.evidence import FactShown, evidence_facts, facts_in_words, folded
from lianfang.domains.status.gating import HOLDING
from lianfang.domains.status.models import HealthStatus, WithheldDecision
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
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


def explain(found: HealthStatus | None, *, with_evidence: bool = True, with_links: bool = False) -> Explained:
    """Who has no decision yet is unknown, and told so: no pack is in force, or the first run has not come.

    ``with_links``: each fact leads to where staff put it right. Lists leave the evidence out.
    """
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
    ran_out = _waits_for_somebody(found)
    return Explained(
        status="unknown" if ran_out else found.status,
        reason=t("status.run.ran_out") if ran_out else reason_of(found),
        next_step=pack_text(found.pack, found.pack_version, "next_steps", found.next_step),
        appeal=pack_text(found.pack, found.pack_version, "appeals", found.appeal),
        since_at=found.since_at,
        until_at=found.until_at,
        ends_when=[_code("status.ends_when", code) for code in found.ends_when],
        evidence=_evidence(found.evidence, with_links) if with_evidence else [],
        others=[_sentence(found, one["reason"], _gaps(one["params"], one["until"])) for one in found.other_reasons],
        pack=pack_name(found),
        is_unverified=found.is_unverified,
        is_emergency=found.is_emergency,
        emergency_until_at=found.emergency_until_at,
        as_of=found.as_of,
    )


def _waits_for_somebody(found: HealthStatus) -> bool:
    """The decision has run out, and a worse one waits for a person: what ran out is not shown as if it still held."""
    if found.is_emergency or found.until_at is None or found.until_at > timezone.now():
        return False
    with acting_as(system_actor("status")):
        return WithheldDecision.objects.filter(person_id=found.person_id, state__in=HOLDING).exists()


def _evidence(evidence: list[Any], with_links: bool) -> list[Evidence]:
    words = facts_in_words(evidence_facts(evidence))
    known: dict[str, list[FactShown]] = {}
    for table, number, at in evidence:
        if at:
            known.setdefault(at, []).append(words[table, number])
    return [
        one.at(timezone.make_aware(datetime.fromisoformat(at)), with_link=with_links)
        for at, facts in known.items()
        for one in folded(facts)
    ]


def reason_of(found: HealthStatus) -> str:
    """The reason as a sentence."""
    until = None if found.until_at is None else timezone.localtime(found.until_at).isoformat(sep=" ")
    return _sentence(found, found.reason, _gaps(found.params, until))


def _sentence(found: HealthStatus, reason: str, gaps: Mapping[str, Any]) -> str:
    return pack_text(found.pack, found.pack_version, "reasons", reason, **gaps)


def reason_then(about: Mapping[str, Any]) -> str:
    """The reason of a decision that an appeal keeps, with the end that it had."""
    until = about.get("until_at")
    local = None if until is None else timezone.localtime(datetime.fromisoformat(until)).isoformat(sep=" ")
    gaps = _gaps(about.get("params"), local)
    return pack_text(about["pack"], about["pack_version"], "reasons", about["reason"], **gaps)


def pack_text(pack_id: str, version: int, table: str, code: str, **gaps: Any) -> str:
    """The words of a pack's code in the reader's language; the code itself where the pack is gone."""
    if not code:
        return ""
    pack = packs_on_disk().get((pack_id, version))
    if pack is None:
        # The pack was removed from the disk after the decision: its codes still say which rule it was.
        return code
    return pack.text(current_texts().language, table, code, **gaps)


def reason_in_general(pack_id: str, version: int, reason: str, params: Any) -> str:
    """A reason as it is said of many people: without the end that differs from one to another."""
    gaps = {**_gaps(params, None), "until": t("status.run.until_gap")}
    return pack_text(pack_id, version, "reasons", reason, **gaps)


def pack_name(found: HealthStatus) -> str:
    """The name of the pack that decided, in the reader's language."""
    pack = packs_on_disk().get((found.pack, found.pack_version))
    if pack is None:
        return f"{found.pack} {found.pack_version}"
    return pack.manifest.name.in_language(current_texts().language)  # type: ignore[arg-type]


def _gaps(params: Any, until: str | None) -> dict[str, Any]:
    given = json.loads(params) if isinstance(params, str) else dict(params or {})
    return {"limit": "", "unit": "", **given, "until": until[:16] if until else t("web.unknown")}


def _code(table: str, code: str) -> str:
    key = f"{table}.{code}"
    words = current_texts()
    return words(key) if key in words else code
