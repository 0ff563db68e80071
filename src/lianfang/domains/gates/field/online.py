"""What a gate asks the server while somebody stands there: many thousand a minute, two indexed queries for all of them.

Whoever a code means is looked up in the whole installation: a visitor from another community stands at this gate too.
No name is told, and whoever is not known here is told as just that.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lianfang.domains.gates.field.bodies import code_of, words_of
from lianfang.domains.gates.field.packages import day_of, permit_for_device
from lianfang.domains.gates.field.people import people_by_number
from lianfang.domains.gates.models import Gate, Permit
from lianfang.domains.gates.rules import asked_at
from lianfang.domains.status.codes import changed_since, live_statuses, people_behind, pseudonym_of, published_keys
from lianfang.engine.field.gate import GateFacts, GateRules, KnownStatus, gate_answer
from lianfang.engine.field.tokens import Verdict, VerifyingKey, read_code
from lianfang.foundation.access.roles import Action
from lianfang.foundation.devices.kinds import Question, answers
from lianfang.foundation.prepared import ask_prepared

LONGEST_CODE = 1_000
_RULES_FOR = 60.0
_MOST_RULES = 5_000
_VALID = """
SELECT id FROM gates_permit
WHERE person_id = ANY(%s::bigint[]) AND ends_at > %s AND starts_at <= %s
    AND approved_at IS NOT NULL AND withdrawn_at IS NULL AND refused_at IS NULL"""
_rules: dict[int, tuple[float, GateRules]] = {}


@answers("gate.check", action=Action.GATE_CHECK)
def online_check(*, questions: Sequence[Question], moment: datetime) -> list[dict[str, Any]]:
    """The live status and permits of each; with ``gate`` and what was measured, the whole answer too.

    A question has ``pseudonym`` (as the device read it), ``code`` (as it was scanned) or ``typed`` (a whole number of a
    document or phone)."""
    now = int(moment.timestamp())
    verdicts = _verdicts(questions, moment)
    names = _names(questions, verdicts)
    known = live_statuses({one for one in names if one}, moment)
    permits = _permits({one for one in names if one in known}, moment)
    return [
        _told(question, name, verdict, known.get(name), permits.get(name, []), now)
        for question, name, verdict in zip(questions, names, verdicts, strict=True)
    ]


def _verdicts(questions: Sequence[Question], moment: datetime) -> list[Verdict | None]:
    codes = [_code(one.body) for one in questions]
    keys: list[VerifyingKey] = published_keys(moment) if any(codes) else []
    return [read_code(code, keys=keys, now=int(moment.timestamp())) if code else None for code in codes]


def _code(body: Mapping[str, Any]) -> str:
    given = body.get("code")
    return given if isinstance(given, str) and len(given) <= LONGEST_CODE else ""


def _names(questions: Sequence[Question], verdicts: Sequence[Verdict | None]) -> list[str]:
    """Whom each question means, by pseudonym; "" for nobody."""
    typed = [words_of(one.body, "typed") for one in questions]
    by_number = people_by_number(one for one in typed if one)
    found = []
    for question, verdict, number in zip(questions, verdicts, typed, strict=True):
        name = (verdict.pseudonym if verdict is not None else code_of(question.body)) or ""
        person = by_number.get(number) if number and not name else None
        found.append(pseudonym_of(person.id).hex() if person is not None else name)
    return found


def _permits(names: set[str], moment: datetime) -> dict[str, list[dict[str, Any]]]:
    people = {person_id: name for name, person_id in people_behind(names).items()}
    # Most people have none.
    ids = [pk for (pk,) in ask_prepared(_VALID, [f"{{{','.join(map(str, people))}}}", moment, moment])]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in Permit.objects.filter(pk__in=ids) if ids else ():
        name = people[row.person_id]
        found.setdefault(name, []).append(permit_for_device(row, name, day_of(moment)))
    return found


def _told(
    question: Question, name: str, verdict: Verdict | None, known: KnownStatus | None,
    permits: list[dict[str, Any]], now: int,
) -> dict[str, Any]:  # fmt: skip
    if known is None:
        return {"pseudonym": None, "reading": verdict.reading if verdict else None, "permits": []}
    told: dict[str, Any] = {
        "pseudonym": name, "status": known.status, "at": known.at, "last_negative_at": known.last_negative_at,
        "until_at": known.until_at, "printed_from_at": known.printed_from_at, "is_live": True, "permits": permits,
        "reading": verdict.reading if verdict else None,
    }  # fmt: skip
    gate_id = question.body.get("gate")
    rules = _rules_of(gate_id, now) if isinstance(gate_id, int) and not isinstance(gate_id, bool) else None
    if rules is not None:
        told["answer"] = gate_answer(_facts(question.body, verdict, known, permits, now), rules, now).as_json()
    return told


def _facts(
    body: Mapping[str, Any], verdict: Verdict | None, known: KnownStatus, permits: list[dict[str, Any]], now: int
) -> GateFacts:
    proof = "lookup" if verdict is None else "printed" if verdict.kind == "printed" else "token"
    here = [one for one in permits if one["gate"] in (None, body.get("gate"))]
    window = next((end for one in here for start, end in one["windows"] if start <= now < end), None)
    temperature, travel, doses = body.get("temperature"), body.get("travel"), body.get("vaccine_doses")
    return GateFacts(
        proof=proof, code=verdict, known=known,
        temperature=float(temperature) if isinstance(temperature, int | float) else None,
        permit="valid" if window else "not_now" if permits else "none", permit_until_at=window,
        travel=travel if travel in ("clear", "seen", "unknown") else None,
        vaccine_doses=doses if isinstance(doses, int) else None,
    )  # fmt: skip


def _rules_of(gate_id: int, now: int) -> GateRules | None:
    """What a gate asks, as it was at most a minute ago."""
    kept = _rules.get(gate_id)
    if kept is not None and time.monotonic() - kept[0] < _RULES_FOR:
        return kept[1]
    gate = Gate.objects.select_related("place").filter(pk=gate_id).first() if 0 < gate_id < 2**63 else None
    if gate is None:
        return None
    rules = GateRules.from_json(asked_at(gate, datetime.fromtimestamp(now).astimezone()).for_device())
    if len(_rules) >= _MOST_RULES:
        _rules.clear()
    _rules[gate_id] = (time.monotonic(), rules)
    return rules


@answers("gate.changes", action=Action.GATE_CHECK)
def online_changes(*, questions: Sequence[Question], moment: datetime) -> list[dict[str, Any]]:
    """The filter of who became worse, for a device that asks between two contacts."""
    return [{"filter": changed_since(actor=one.actor, moment=moment).as_json()} for one in questions]


def forget_rules() -> None:
    """Drop rules kept in memory: between tests."""
    _rules.clear()
