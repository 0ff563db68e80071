"""What the pages of gates show."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from lianfang.domains.gates.models import (
    Answer,
    Difference,
    Gate,
    GateCheck,
    GateEmergency,
    Permit,
    PlaceEntry,
    Presence,
)
from lianfang.domains.gates.rules import USUAL_SOURCE, Asked, Rule
from lianfang.domains.gates.selectors import HourCount, entries_for, permit_state
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import names_of, people_for
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_name
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.parts import Chart, Series
from lianfang.foundation.web.tones import Tone

ANSWER_TONES: dict[str, Tone] = {
    Answer.PASS: "good", Answer.STOP: "bad", Answer.SECOND_LOOK: "warn", Answer.EMERGENCY: "info", "": "quiet",
}  # fmt: skip
PERMIT_TONES: dict[str, Tone] = {
    "asked": "warn", "in_force": "good", "to_come": "info", "over": "quiet", "refused": "bad", "withdrawn": "quiet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleShown:
    """One thing that a gate asks, in words, with who says so."""

    words: str
    source: str
    grade: str
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class CheckShown:
    """``who`` is a name where the reader may read it, else what is known of the person."""

    row: GateCheck
    tone: Tone
    answer: str
    reason: str
    who: str
    person: Person | None
    has_plate: bool


@dataclass(frozen=True, slots=True)
class PermitShown:
    row: Permit
    person: Person | None
    state: str
    tone: Tone
    hours: str
    uses: int


@dataclass(frozen=True, slots=True)
class GateLine:
    gate: Gate
    place: str
    rules: list[RuleShown]
    into: int
    out: int
    stopped: int


def rules_shown(asked: Asked) -> list[RuleShown]:
    return [_rule(one) for one in asked.rules]


def _rule(rule: Rule) -> RuleShown:
    value = "" if rule.value is None else f"{rule.value:g}"
    source = t(rule.source) if rule.source == USUAL_SOURCE else rule.source
    said = t(f"gates.said_by.{rule.said_by}", pack=rule.pack)
    return RuleShown(t(f"gates.rule.{rule.kind}", value=value), f"{said}{t('web.colon')}{source}" if source else said,
                     rule.grade, rule.is_unverified)  # fmt: skip


def reason_words(code: str) -> str:
    """A device's reason in the reader's words; an unknown code as it is."""
    words = current_texts()
    for table in ("field_proof.reason", "field_gate.reason"):
        if f"{table}.{code}" in words:
            try:
                return words(f"{table}.{code}")
            except KeyError:
                return code
    return code


def checks_shown(actor: Actor, rows: Collection[GateCheck]) -> list[CheckShown]:
    """People by name where the reader may see them; somebody of elsewhere stays without a name."""
    people = people_by_id(actor, (one.person_id for one in rows))
    return [
        CheckShown(
            one, ANSWER_TONES[one.answer], t(f"gates.answer.{one.answer or 'none'}"), reason_words(one.reason),
            _who(one, people), people.get(one.person_id or 0), one.plate_sealed is not None,
        )
        for one in rows
    ]  # fmt: skip


def people_by_id(actor: Actor, ids: Iterable[int | None]) -> dict[int, Person]:
    wanted = {one for one in ids if one is not None}
    if not wanted or not (actor.may(Action.REGISTRY_VIEW) or actor.may(Action.OWN_HOUSEHOLD)):
        return {}
    return {one.pk: one for one in people_for(actor, wanted)}


def _who(check: GateCheck, people: dict[int, Person]) -> str:
    person = people.get(check.person_id or 0)
    if person is not None:
        return person.name
    if check.person_id is not None:
        return t("gates.who.elsewhere")
    return t("gates.who.unknown_code" if check.pseudonym else "gates.who.nobody")


def permits_shown(actor: Actor, rows: Collection[Permit], uses: dict[int, int]) -> list[PermitShown]:
    now = timezone.now()
    people = people_by_id(actor, (one.person_id for one in rows))
    return [
        PermitShown(one, people.get(one.person_id), state, PERMIT_TONES[state], hours_words(one), uses.get(one.pk, 0))
        for one in rows
        for state in (permit_state(one, now),)
    ]


def hours_words(permit: Permit) -> str:
    """Which hours of which days, "" for the whole window."""
    days = t("web.comma").join(t(f"gates.weekday.{day}") for day in permit.weekdays)
    if permit.from_time is None and permit.until_time is None:
        return days
    begins, ends = (f"{one:%H:%M}" if one else "00:00" for one in (permit.from_time, permit.until_time))
    return f"{days} {begins}–{ends}".strip()


def gate_lines(gates: Collection[Gate], asked: dict[int, Asked], counts: dict[int, dict[str, int]]) -> list[GateLine]:
    names = names_of([gate.place_id for gate in gates])
    nothing = {"in": 0, "out": 0, "stopped": 0}
    return [
        GateLine(gate, names.get(gate.place_id, ""), rules_shown(asked[gate.pk]), row["in"], row["out"], row["stopped"])
        for gate in gates
        for row in (counts.get(gate.pk, nothing),)
    ]


def hour_chart(hours: list[HourCount]) -> Chart:
    return Chart(
        title=t("gates.chart.title"),
        labels=tuple(f"{timezone.localtime(one.at):%H}" for one in hours),
        series=(
            Series(t("gates.direction.in"), tuple(one.into for one in hours), "info"),
            Series(t("gates.direction.out"), tuple(one.out for one in hours), "quiet"),
            Series(t("gates.chart.stopped"), tuple(one.stopped for one in hours), "bad"),
        ),
        kind="bar",
    )


@dataclass(frozen=True, slots=True)
class EmergencyShown:
    row: GateEmergency
    person: Person | None


@dataclass(frozen=True, slots=True)
class DifferenceShown:
    """``was_before``: the status stood already when the check was made; else it changed on the way."""

    row: Difference
    person: Person | None
    was_before: bool


def emergencies_shown(actor: Actor, rows: Collection[GateEmergency]) -> list[EmergencyShown]:
    people = people_by_id(actor, (one.person_id for one in rows))
    return [EmergencyShown(one, people.get(one.person_id or 0)) for one in rows]


def differences_shown(actor: Actor, rows: Collection[Difference]) -> list[DifferenceShown]:
    people = people_by_id(actor, (one.person_id for one in rows))
    return [
        DifferenceShown(one, people.get(one.person_id), _before(one.status_since_at, one.check_row.happened_at))
        for one in rows
    ]


@dataclass(frozen=True, slots=True)
class EntryShown:
    """Somebody scanned the place code: there, or only in a picture."""

    row: PlaceEntry
    person: Person | None
    tone: Tone
    words: str
    because: str


def entries_shown(actor: Actor, gate: Gate, most: int = 20) -> list[EntryShown]:
    rows = list(entries_for(actor, gate)[:most])
    people = people_by_id(actor, (one.person_id for one in rows))
    return [
        EntryShown(
            one, people.get(one.person_id or 0), "good" if one.presence == Presence.VERIFIED else "unknown",
            t(f"gates.presence.{one.presence}"), t(f"gates.seen_because.{one.because}") if one.because else "",
        )
        for one in rows
    ]  # fmt: skip


def _before(since: datetime | None, happened: datetime) -> bool:
    return since is not None and since <= happened


def masked_name(person: Person | None) -> str:
    """For a printed sheet that is shown to guards: the name in full stays at the desk."""
    return "" if person is None else mask_name(person.name)
