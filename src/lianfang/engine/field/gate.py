"""The answer at a gate, the same on a device without a network and on the server. Twin: ``js/rules/gate.js``.

``gate_answer(facts, rules, now)`` → ``GateAnswer``. Three-valued: what is not known never lets pass and never accuses,
it asks for a second look. In this order:

1. **Emergency** always opens; somebody reviews it afterwards.
2. **Who is it?** A code must be read ``valid`` (``expired``, for ``renew_hours`` at most, is enough where the status
   is known otherwise: the phone had no network to renew it). Nobody identified, or any other reading: second look.
3. **Permit** valid now: pass, whatever the rules say; it is for who would be stopped. More companions than it names are
   looked at.
4. **Status**: of the live answer, else of what was learnt last: the token or what the package carries. Red stops,
   yellow and unknown are looked at. A token counts only with a filter of changes that reaches back to its issue; a hit,
   or no such filter, is looked at. Nothing older than ``carried_hours`` counts.
5. **Joint check**: temperature, last negative, travel, vaccination, companions, each only where the rules ask. Nothing
   but a negative that is known to be too old stops; and that only where what says so is live or younger than
   ``fresh_hours``, since a later result may be on its way.

A stop outranks a second look; of several reasons the first is ``reason``, the others are ``also``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from lianfang.engine.field.tokens import Verdict

HOUR = 3600
Answer = Literal["pass", "stop", "second_look", "emergency"]
COLOURS: dict[Answer, str] = {"pass": "green", "stop": "red", "second_look": "yellow", "emergency": "blue"}


@dataclass(frozen=True, slots=True)
class KnownStatus:
    """What the server said of the pseudonym: ``is_live`` just now, else carried in the package made at ``at``.

    ``until_at`` None: the status has no end. ``printed_from_at``: printed codes issued before it were withdrawn."""

    status: str
    at: int
    last_negative_at: int | None = None
    until_at: int | None = None
    is_live: bool = False
    printed_from_at: int | None = None


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """Whether the filter of changes has the pseudonym; ``since_at`` and ``made_at`` are the filter's."""

    is_hit: bool
    since_at: int
    made_at: int


@dataclass(frozen=True, slots=True)
class GateFacts:
    """``proof``: token, printed, lookup, typed or none. ``code``: what ``read_code`` said, for token and printed.

    ``permit``: none, valid, not_now or other_gate; ``travel``: clear, seen or unknown. None: nobody looked or asked.
    ``companions``: people with this one who showed no code of their own; ``permit_companions``: how many it lets.
    """

    proof: str = "none"
    code: Verdict | None = None
    known: KnownStatus | None = None
    changes: ChangedSince | None = None
    temperature: float | None = None
    permit: str = "none"
    permit_until_at: int | None = None
    permit_companions: int = 0
    companions: int = 0
    travel: str | None = None
    vaccine_doses: int | None = None
    is_emergency: bool = False


@dataclass(frozen=True, slots=True)
class GateRules:
    """What this gate asks; None or 0: it does not. ``carried_``, ``fresh_`` and ``renew_hours``: see the module."""

    negative_hours: float | None = None
    fever_from: float | None = None
    travel: bool = False
    vaccine_doses: int = 0
    carried_hours: float = 24
    fresh_hours: float = 4
    renew_hours: float = 72

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> GateRules:
        """From a package, which may say more for the screen (plate, destination, sources)."""
        return cls(**{name: given[name] for name in cls.__slots__ if name in given})


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """``words`` and ``reason`` are keys under ``field_proof.words`` and ``field_proof.reason``, each of ``also`` too;
    ``hints`` under ``field_proof.hint``. ``as_of``: when what it rests on was known. ``until_at``: how long it would
    be the same. ``presence`` verified: the person was there; seen: a picture or a paper."""

    answer: Answer
    reason: str
    also: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    status: str | None = None
    as_of: int | None = None
    until_at: int | None = None
    presence: str = "seen"

    @property
    def colour(self) -> str:
        return COLOURS[self.answer]

    @property
    def words(self) -> str:
        return f"field_proof.words.{self.answer}"

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self), "also": list(self.also), "hints": list(self.hints), "colour": self.colour,
            "words": self.words,
        }  # fmt: skip


Finding = tuple[Answer, str]


def gate_answer(facts: GateFacts, rules: GateRules, now: int) -> GateAnswer:
    """See the module. Never raises for facts of these types."""
    presence = facts.code.presence if facts.code is not None else "seen"
    if facts.is_emergency:
        return GateAnswer("emergency", "emergency", presence=presence)
    hints = _hints(facts, rules)
    trouble = _not_identified(facts, rules, now)
    if trouble:
        return GateAnswer("second_look", trouble, hints=hints, presence=presence)
    companions = _companions(facts)
    if facts.permit == "valid":
        status = facts.known.status if facts.known else None
        if companions:
            return GateAnswer("second_look", "companions_not_shown", (), hints, status, now, None, presence)
        return GateAnswer("pass", "permit", (), hints, status, now, facts.permit_until_at, presence)
    source, found = _status(facts, rules, now)
    findings = [*found, *_joint(facts, rules, now, source), *companions]
    status, as_of = (source.status, source.at) if source is not None else (None, None)
    if not findings:
        return GateAnswer("pass", "all_met", (), hints, status, as_of, _until(facts, rules, source), presence)
    findings.sort(key=lambda finding: finding[0] != "stop")
    (answer, reason), others = findings[0], tuple(reason for _, reason in findings[1:])
    return GateAnswer(answer, reason, others, hints, status, as_of, None, presence)


def _hints(facts: GateFacts, rules: GateRules) -> tuple[str, ...]:
    found = []
    if facts.proof in ("printed", "lookup"):
        found.append("look_at_holder")
    if facts.permit == "valid" and _has_fever(facts, rules):
        found.append("fever")
    if facts.permit in ("not_now", "other_gate"):
        found.append(f"permit_{facts.permit}")
    return tuple(found)


def _not_identified(facts: GateFacts, rules: GateRules, now: int) -> str:
    if facts.proof == "lookup":
        return "" if facts.known is not None else "not_found"
    if facts.proof not in ("token", "printed") or facts.code is None:
        return "not_identified"
    if facts.proof == "printed" and facts.code.reading == "valid" and _is_withdrawn(facts.code, facts.known):
        return "printed_withdrawn"
    if facts.code.reading == "valid" or _is_late(facts, rules, now):
        return ""
    return f"code_{facts.code.reading}"


def _is_late(facts: GateFacts, rules: GateRules, now: int) -> bool:
    """A phone without a network. Not for ever: a stolen phone would pass as its owner as long as the key is read."""
    if facts.proof != "token" or facts.code is None or facts.code.reading != "expired" or facts.known is None:
        return False
    return (facts.code.expires_at or 0) >= now - rules.renew_hours * HOUR


def _is_withdrawn(code: Verdict, known: KnownStatus | None) -> bool:
    if known is None or known.printed_from_at is None:
        return False
    return (code.issued_at or 0) < known.printed_from_at


def _companions(facts: GateFacts) -> list[Finding]:
    allowed = facts.permit_companions if facts.permit == "valid" else 0
    return [("second_look", "companions_not_shown")] if facts.companions > allowed else []


def _status(facts: GateFacts, rules: GateRules, now: int) -> tuple[KnownStatus | None, list[Finding]]:
    """What the status rests on, and what is wrong with it."""
    source = _source(facts)
    if source is None:
        return None, [("second_look", "status_not_carried")]
    found: list[Finding] = []
    if source.status == "red":
        found.append(("stop", "status_red"))
    elif source.status != "green":
        found.append(("second_look", "status_yellow" if source.status == "yellow" else "status_unknown"))
    if source.until_at is not None and source.until_at <= now:
        found.append(("second_look", "status_ran_out"))
    if not source.is_live:
        found += _age(facts, rules, source, now)
    return source, found


def _source(facts: GateFacts) -> KnownStatus | None:
    known, code = facts.known, facts.code
    if facts.proof != "token" or code is None or code.status is None or code.issued_at is None:
        return known
    if code.reading == "expired" or (known is not None and (known.is_live or known.at >= code.issued_at)):
        return known
    return KnownStatus(code.status, code.issued_at, code.last_negative_at, code.expires_at)


def _age(facts: GateFacts, rules: GateRules, source: KnownStatus, now: int) -> list[Finding]:
    changes, oldest = facts.changes, now - rules.carried_hours * HOUR
    if source is facts.known:
        if source.at < oldest:
            return [("second_look", "status_too_old")]
        is_changed = changes is not None and changes.is_hit and changes.made_at > source.at
        return [("second_look", "changed_since")] if is_changed else []
    if changes is None:
        return [("second_look", "changes_missing")]
    if changes.made_at < oldest:
        return [("second_look", "changes_too_old")]
    if changes.since_at > source.at:
        return [("second_look", "changes_do_not_reach")]
    return [("second_look", "changed_since")] if changes.is_hit else []


def _joint(facts: GateFacts, rules: GateRules, now: int, source: KnownStatus | None) -> list[Finding]:
    found: list[Finding] = []
    if rules.fever_from is not None:
        if facts.temperature is None:
            found.append(("second_look", "temperature_missing"))
        elif _has_fever(facts, rules):
            found.append(("second_look", "fever"))
    if rules.negative_hours:
        found += _negative(facts, rules, now, source)
    if rules.travel and facts.travel != "clear":
        found.append(("second_look", "travel_seen" if facts.travel == "seen" else "travel_unknown"))
    if rules.vaccine_doses:
        if facts.vaccine_doses is None:
            found.append(("second_look", "vaccination_unknown"))
        elif facts.vaccine_doses < rules.vaccine_doses:
            found.append(("second_look", "vaccination_short"))
    return found


def _has_fever(facts: GateFacts, rules: GateRules) -> bool:
    return rules.fever_from is not None and facts.temperature is not None and facts.temperature >= rules.fever_from


def _last_negative(facts: GateFacts) -> int | None:
    """The later of what the code and what the server says: both are signed facts."""
    said = [one.last_negative_at for one in (facts.code, facts.known) if one is not None]
    return max((one for one in said if one is not None), default=None)


def _negative(facts: GateFacts, rules: GateRules, now: int, source: KnownStatus | None) -> list[Finding]:
    last = _last_negative(facts)
    if last is None or rules.negative_hours is None:
        return [("second_look", "negative_unknown")]
    if now <= last + rules.negative_hours * HOUR:
        return []
    is_fresh = source is not None and (source.is_live or source.at >= now - rules.fresh_hours * HOUR)
    return [("stop", "negative_too_old") if is_fresh else ("second_look", "negative_may_be_newer")]


def _until(facts: GateFacts, rules: GateRules, source: KnownStatus | None) -> int | None:
    ends = [source.until_at] if source is not None and source.until_at is not None else []
    last = _last_negative(facts)
    if rules.negative_hours and last is not None:
        ends.append(int(last + rules.negative_hours * HOUR))
    return min(ends, default=None)
