"""Why a person has this status: the rule that decided, every other rule and why it did not, the facts each read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.status.deciding import Decided, decided_by_pack
from lianfang.domains.status.evidence import Fact, FactShown, facts_in_words
from lianfang.domains.status.rule_words import name_of_pack, pack_text, said_by
from lianfang.domains.status.timeline import reason_of_row
from lianfang.engine.packs import Pack, RuleInForce
from lianfang.engine.packs.model import Source, StatusRule
from lianfang.engine.status.transitions import moment_of
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.wording import clock, local

# Outcomes as a reader is told them; "applied" of the rule that decided becomes "decides".
OUTCOMES = ("decides", "outranked", "ended", "unknown", "not_met")


@dataclass(frozen=True, slots=True)
class RuleConsidered:
    """One rule of the pack: what became of it for this person, on which facts, and what it rests on itself.
    ``kept_from`` names the pack before it whose rule it is, where the change of packs kept that one; else ""."""

    rule_id: str
    priority: int
    status: str
    outcome: str
    because: str
    reason: str
    facts: list[FactShown]
    said: StatusRule
    grade: str
    is_unverified: bool
    sources: tuple[Source, ...]
    kept_from: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """A decision taken anew at ``at`` with what was known then. ``pack`` is "" where no rules are in force."""

    at: datetime
    status: str
    reason: str
    rule: str
    since_at: datetime | None
    until_at: datetime | None
    ends_when: list[str]
    next_step: str
    appeal: str
    is_emergency: bool
    emergency_until_at: datetime | None
    pack: str
    pack_version: int
    authority: str
    rules: list[RuleConsidered]
    set_aside: list[tuple[FactShown, str]]


def why(person_id: int, at: datetime) -> Why | None:
    """Decide again and keep every step; None for a person who was not known then. Reads as the system: who may ask is
    the caller's to check."""
    with acting_as(system_actor("why")):
        for one in decided_by_pack([person_id], at, considers=True):
            if one.decisions is None or one.pack is None:
                return _no_rules(at)
            rows = one.decisions.decisions.to_pylist()
            return _told(one, one.pack, rows[0], at) if rows else None
    return None


def _no_rules(at: datetime) -> Why:
    return Why(
        at=at, status="unknown", reason=t("status.no_decision"), rule="", since_at=None, until_at=None, ends_when=[],
        next_step=t("status.no_decision_step"), appeal="", is_emergency=False, emergency_until_at=None, pack="",
        pack_version=0, authority="", rules=[], set_aside=[],
    )  # fmt: skip


def _told(one: Decided, pack: Pack, row: Mapping[str, Any], at: datetime) -> Why:
    assert one.decisions is not None
    facts_by_rule: dict[str, list[Fact]] = {}
    for fact in one.decisions.evidence.to_pylist():
        facts_by_rule.setdefault(fact["rule_id"], []).append((fact["evidence_table"], fact["evidence_id"]))
    for told in one.decisions.considered.to_pylist():
        if told["evidence_table"] is not None:  # of a rule that does not hold: the latest fact that it read
            facts_by_rule.setdefault(told["rule_id"], []).append((told["evidence_table"], told["evidence_id"]))
    aside = [
        ((fact["evidence_table"], fact["evidence_id"]), fact["code"]) for fact in one.decisions.set_aside.to_pylist()
    ]
    read = [fact for facts in facts_by_rule.values() for fact in facts]
    words = facts_in_words([*read, *(fact for fact, _ in aside)])
    language = current_texts().language
    naive = timezone.localtime(at).replace(tzinfo=None)
    said = said_by(pack.id, pack.version, row["rule_id"])
    return Why(
        at=at,
        status=row["status"],
        reason=reason_of_row(row),
        rule=row["rule_id"],
        since_at=_aware(row["since"]),
        until_at=_aware(row["until"]),
        ends_when=[_known(f"status.ends_when.{code}", code) for code in row["ends_when"] or ()],
        next_step=pack_text(*said, "next_steps", row["next_step"] or ""),
        appeal=pack_text(*said, "appeals", row["appeal"] or ""),
        is_emergency=row["is_emergency"],
        emergency_until_at=_aware(row["emergency_until"]),
        pack=pack.manifest.name.in_language(language),  # type: ignore[arg-type]
        pack_version=pack.version,
        authority=pack.manifest.authority.in_language(language),  # type: ignore[arg-type]
        rules=_rules(one, _standing(one, pack, naive), row["rule_id"], facts_by_rule, words),
        set_aside=[(words[fact], _known(f"status_reasons.set_aside.{code}", code)) for fact, code in aside],
    )


def _standing(one: Decided, pack: Pack, at: datetime) -> list[tuple[str, Pack, RuleInForce]]:
    """(id, pack, rule) of every rule in force, the highest priority first, with those of packs before it that the
    change of packs kept for what was opened then."""
    assert one.decisions is not None and one.standing is not None
    considered = set(one.decisions.considered["rule_id"].to_pylist())
    rules = [(entry.rule.id, pack, entry) for entry in pack.rules_at(at)]
    for before in one.standing.superseded:
        kept = before.rules_at(moment_of(before, at)) if any(f"{before.id}:" in rule for rule in considered) else ()
        rules += [(f"{before.id}:{entry.rule.id}", before, entry) for entry in kept]
    own = {entry.rule.id for entry in pack.rules_at(at)}
    return sorted((rule for rule in rules if rule[0] in own | considered), key=lambda rule: -rule[2].rule.priority)


def _rules(
    one: Decided, standing: list[tuple[str, Pack, RuleInForce]], decides: str, facts: Mapping[str, list[Fact]],
    words: Mapping[Fact, FactShown],
) -> list[RuleConsidered]:  # fmt: skip
    """Every rule, the highest priority first. What the engine says of a rule is taken where it says it."""
    assert one.decisions is not None
    said = {row["rule_id"]: row for row in one.decisions.considered.to_pylist()}
    outranked = set(one.decisions.reasons["rule_id"].to_pylist())
    found = []
    for rule_id, pack, entry in standing:
        rule = entry.rule
        told = said.get(rule_id, {})
        outcome = told.get("outcome") or ("outranked" if rule_id in outranked else "not_met")
        outcome = "decides" if rule_id == decides else "outranked" if outcome == "applied" else outcome
        found.append(
            RuleConsidered(
                rule_id=rule_id,
                priority=rule.priority,
                status=rule.status,
                outcome=outcome,
                because=_because(told, outcome),
                reason=_general(pack, entry),
                facts=[words[fact] for fact in dict.fromkeys(facts.get(rule_id, []))],
                said=rule,
                grade=rule.grade,
                is_unverified=entry.is_unverified,
                sources=pack.sources_of(rule.sources),
                kept_from="" if ":" not in rule_id else name_of_pack(pack.id, pack.version),
            )
        )
    return found


def _because(told: Mapping[str, Any], outcome: str) -> str:
    """The engine's code in words, with the fact that is missing and the instant of its end where it names them."""
    parts = []
    if told.get("why") and outcome not in ("decides", "outranked"):
        parts.append(_known(f"status.considered.{told['why']}", ""))
    if told.get("fact"):
        parts.append(_known(f"pack_words.fact.{told['fact']}", str(told["fact"])))
    if told.get("ended_at") is not None:
        parts.append(clock(local(timezone.make_aware(told["ended_at"]))))
    return t("web.word.comma").join(part for part in parts if part)


def _general(pack: Pack, entry: RuleInForce) -> str:
    limit = t("policy.gap.limit") if entry.limit is None or entry.limit.value is None else f"{entry.limit.value:g}"
    gaps = {"until": t("policy.gap.until"), "limit": limit, "unit": entry.unit or ""}
    return pack.text(current_texts().language, "reasons", entry.rule.reason, **gaps)


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else timezone.make_aware(instant)


def _known(key: str, otherwise: str) -> str:
    words = current_texts()
    return words(key) if key in words else otherwise
