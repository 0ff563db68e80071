"""A decision in words: for the person's page, lists and print, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.status.evidence import FactShown, evidence_facts, facts_in_words, folded
from lianfang.domains.status.gating import HOLDING
from lianfang.domains.status.models import HealthStatus, WithheldDecision
from lianfang.domains.status.rule_words import gaps_of, name_of_pack, pack_text, said_by
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
        next_step=pack_text(*said_by(found.pack, found.pack_version, found.rule), "next_steps", found.next_step),
        appeal=pack_text(*said_by(found.pack, found.pack_version, found.rule), "appeals", found.appeal),
        since_at=found.since_at,
        until_at=found.until_at,
        ends_when=[_code("status.ends_when", code) for code in found.ends_when],
        evidence=_evidence(found.evidence, with_links) if with_evidence else [],
        others=[_other(found, one) for one in found.other_reasons],
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
    return _sentence(found, found.rule, found.reason, gaps_of(found.params, until))


def _other(found: HealthStatus, other: Mapping[str, Any]) -> str:
    return _sentence(found, other["rule"], other["reason"], gaps_of(other["params"], other["until"]))


def _sentence(found: HealthStatus, rule: str, reason: str, gaps: Mapping[str, Any]) -> str:
    return pack_text(*said_by(found.pack, found.pack_version, rule), "reasons", reason, **gaps)


def reason_then(about: Mapping[str, Any]) -> str:
    """The reason of a decision that an appeal keeps, with the end that it had."""
    until = about.get("until_at")
    local = None if until is None else timezone.localtime(datetime.fromisoformat(until)).isoformat(sep=" ")
    gaps = gaps_of(about.get("params"), local)
    return pack_text(
        *said_by(about["pack"], about["pack_version"], about.get("rule", "")), "reasons", about["reason"], **gaps
    )


def pack_name(found: HealthStatus) -> str:
    """The name of the pack that decided, in the reader's language; with that whose rule it keeps, where it does."""
    name = name_of_pack(found.pack, found.pack_version)
    kept = said_by(found.pack, found.pack_version, found.rule)
    if kept == (found.pack, found.pack_version):
        return name
    return t("status.kept_from", pack=name, before=name_of_pack(*kept))


def _code(table: str, code: str) -> str:
    key = f"{table}.{code}"
    words = current_texts()
    return words(key) if key in words else code
