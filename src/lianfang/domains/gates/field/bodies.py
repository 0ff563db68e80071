"""What a device wrote into an item, read with care: it was recorded without a network, perhaps by an older app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from lianfang.domains.gates.models import Answer, Direction, Proof
from lianfang.domains.gates.selectors import tidy_plate
from lianfang.foundation.devices.kinds import ItemRefusedError
from lianfang.foundation.web.instants import instant_of

COLDEST, HOTTEST = Decimal("30.0"), Decimal("45.0")
MOST_COMPANIONS = 60
LONGEST_DESTINATION, LONGEST_WORDS, LONGEST_REASON = 120, 200, 40
TRAVEL = frozenset({"clear", "seen", "unknown"})


@dataclass(frozen=True, slots=True)
class CheckBody:
    """``gate.checked`` as it is kept. ``typed`` is a whole number of a document or phone; it finds a person and is not
    kept."""

    gate: int
    direction: str
    proof: str
    pseudonym: str
    typed: str
    answer: str
    reason: str
    permit: int | None
    temperature: Decimal | None
    plate: str
    destination: str
    companions: int
    travel: str
    vaccine_doses: int | None
    packages_at: datetime | None
    corrects: UUID | None


def check_body(body: Mapping[str, Any]) -> CheckBody:
    """Raises ItemRefusedError for a body that does not say what was checked where; what else cannot be is left
    out."""
    corrects = _uuid(body.get("corrects"))
    answer = _word(body, "answer", Answer.values, default="" if corrects else None)
    return CheckBody(
        gate=gate_number(body), direction=_word(body, "direction", Direction.values),
        proof=_word(body, "proof", Proof.values, default=Proof.NONE), pseudonym=code_of(body),
        typed=_text(body, "typed", 40), answer=answer, reason=_text(body, "reason", LONGEST_REASON),
        permit=_count(body.get("permit"), 2**63 - 1), temperature=_temperature(body.get("temperature")),
        plate=tidy_plate(_text(body, "plate", 20))[:10], destination=_text(body, "destination", LONGEST_DESTINATION),
        companions=_count(body.get("companions"), MOST_COMPANIONS) or 0,
        travel=_word(body, "travel", TRAVEL, default=""), vaccine_doses=_count(body.get("vaccine_doses"), 20),
        packages_at=instant_of(_text(body, "packages_at", 40)), corrects=corrects,
    )  # fmt: skip


def gate_number(body: Mapping[str, Any]) -> int:
    found = _count(body.get("gate"), 2**63 - 1)
    if found is None:
        raise ItemRefusedError("field_gate.refused.no_gate")
    return found


def direction_of(body: Mapping[str, Any]) -> str:
    return _word(body, "direction", Direction.values)


def code_of(body: Mapping[str, Any]) -> str:
    text = body.get("pseudonym")
    is_one = isinstance(text, str) and 0 < len(text) <= 32 and text.isascii() and text.isalnum()
    return str(text).lower() if is_one else ""


def words_of(body: Mapping[str, Any], name: str = "words") -> str:
    return _text(body, name, LONGEST_WORDS)


def about_of(body: Mapping[str, Any]) -> UUID | None:
    return _uuid(body.get("about"))


def _word(body: Mapping[str, Any], name: str, allowed: Any, default: str | None = None) -> str:
    found = body.get(name)
    if isinstance(found, str) and found in allowed:
        return found
    if default is None:
        raise ItemRefusedError("field_gate.refused.unreadable", field=name)
    return default


def _text(body: Mapping[str, Any], name: str, longest: int) -> str:
    found = body.get(name)
    return found.replace("\0", "").strip()[:longest] if isinstance(found, str) else ""


def _count(given: Any, most: int) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= most else None


def _temperature(given: Any) -> Decimal | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    found = Decimal(str(given)).quantize(Decimal("0.1")) if -1000 < given < 1000 else None
    return found if found is not None and COLDEST <= found <= HOTTEST else None


def _uuid(given: Any) -> UUID | None:
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None
