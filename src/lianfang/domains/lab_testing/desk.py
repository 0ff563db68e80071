"""The sampling desk: one line of text after the other, from a scanner or a keyboard, each answered at once.

``take_line`` decides what a line means in the state of the desk, does it, and says what was done. The desk's state
is small and travels with the page: which tube, and what was asked last.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lianfang.domains.lab_testing import codes
from lianfang.domains.lab_testing.finding import tube_for
from lianfang.domains.lab_testing.identification import MOST_CANDIDATES, Recognised, looks_like_name, recognise
from lianfang.domains.lab_testing.models import Round, Sample, Tube, TubeState
from lianfang.domains.lab_testing.refusals import ConfirmationNeededError, RefusedError
from lianfang.domains.lab_testing.roster import is_in_scope
from lianfang.domains.lab_testing.services import (
    Opening,
    Recorded,
    Swab,
    Who,
    open_tube,
    record_household,
    record_sample,
    seal_tube,
    undo_last_sample,
)
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.privacy.numbers import mask_name
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tones import Tone

CONFIRM = "+"
UNDO = "-"
NEW_TUBE = "new_tube"
MOST_UNRECORDED = 20
_SEAL = re.compile(r"[=＝]\s*([0-9]{1,3})").fullmatch
_PICK = re.compile(r"[1-9]").fullmatch


@dataclass(frozen=True, slots=True)
class Pending:
    """What the desk asked last. ``kind``: candidates, name (of a stranger with ``number``), confirm (of ``text``)."""

    kind: str = ""
    text: str = ""
    number: str = ""
    person_ids: tuple[int, ...] = ()
    confirmed: tuple[str, ...] = ()
    line: str = ""


@dataclass(frozen=True, slots=True)
class DeskState:
    """Where the desk stands between two lines; ``opening`` is for tubes whose label says nothing of them.
    ``unrecorded`` are the lines that were refused, or whose question was passed over: somebody may stand there
    with a swab taken."""

    tube_id: int | None = None
    pending: Pending = field(default_factory=Pending)
    unrecorded: tuple[str, ...] = ()
    sampler: str = ""
    opening: Opening = field(default_factory=Opening)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to show: ``title`` large and in ``tone``, ``lines`` below it, ``choices`` to pick by number."""

    state: DeskState
    tone: Tone
    title: str
    lines: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    is_refused: bool = False


def take_line(actor: Actor, round_: Round, state: DeskState, text: str, client_id: uuid.UUID | None = None) -> Answer:
    """Do what a line asks for. What is refused changes nothing and is said in words; the desk stays where it was."""
    text = text.strip()
    answer = _judged(actor, round_, state, text, client_id)
    return replace(answer, state=_remembered(state, answer, text))


def _judged(actor: Actor, round_: Round, state: DeskState, text: str, client_id: uuid.UUID | None) -> Answer:
    calm = replace(state, pending=Pending())
    try:
        return _answer(actor, round_, state, text, client_id)
    except ConfirmationNeededError as error:
        return Answer(
            replace(state, pending=_to_confirm(state.pending, text, error)),
            "warn",
            error.text(),
            (t("lab_testing.desk.confirm_hint"),),
        )
    except RefusedError as error:
        return Answer(calm, "bad", error.text(), is_refused=True)


def _remembered(before: DeskState, answer: Answer, text: str) -> DeskState:
    """The state after a line, with what is still not recorded. A line that goes through at last leaves the list."""
    asked, asks = before.pending, answer.state.pending
    is_answer = bool(asked.kind) and _answers(asked, text)
    line = asked.line if is_answer else text
    lines = [one for one in before.unrecorded if one != line]
    if asked.kind and not is_answer and asked.line not in lines:
        lines.append(asked.line)
    if answer.is_refused and line and line not in (CONFIRM, UNDO) and not _SEAL(line):
        lines.append(line)
    return replace(
        answer.state,
        unrecorded=tuple(lines[-MOST_UNRECORDED:]),
        pending=replace(asks, line=line) if asks.kind else asks,
    )


def _answers(asked: Pending, text: str) -> bool:
    """Whether a line answers what was asked, rather than passing it over."""
    if asked.kind == "candidates":
        return bool(_PICK(text)) and int(text) <= len(asked.person_ids)
    return (asked.kind == "confirm" and text == CONFIRM) or (bool(asked.number) and looks_like_name(text))


def _to_confirm(pending: Pending, text: str, error: ConfirmationNeededError) -> Pending:
    """The question, with all that is needed to do the line once it is confirmed."""
    code = error.code.removesuffix("_seal")
    if pending.kind == "confirm" and text == CONFIRM:
        return replace(pending, confirmed=(*pending.confirmed, code))
    if pending.kind == "candidates" and _PICK(text):
        return Pending("confirm", text, "", (pending.person_ids[int(text) - 1],), (code,))
    if pending.kind == "name":
        return Pending("confirm", text, pending.number, (), (code,))
    return Pending("confirm", text, "", (), (code,))


def _answer(actor: Actor, round_: Round, state: DeskState, text: str, client_id: uuid.UUID | None) -> Answer:
    pending, calm = state.pending, replace(state, pending=Pending())
    if pending.kind == "confirm" and text == CONFIRM:
        return _again(actor, round_, state, client_id)
    if pending.kind == "candidates" and _PICK(text) and int(text) <= len(pending.person_ids):
        return _take_person(actor, calm, Who(pending.person_ids[int(text) - 1]), client_id, ())
    is_document = pending.kind == "name" or (pending.kind == "confirm" and NEW_TUBE in pending.confirmed)
    if is_document and pending.number and looks_like_name(text):
        return _take_person(actor, calm, Who(name=text, id_number=pending.number), client_id, ())
    if text == UNDO:
        return _undo(actor, calm)
    if sealed := _SEAL(text):
        return _seal(actor, calm, int(sealed[1]), ())
    return _take_scan(actor, round_, calm, text, client_id, ())


def _again(actor: Actor, round_: Round, state: DeskState, client_id: uuid.UUID | None) -> Answer:
    """The line before, with what was asked about it confirmed."""
    pending, calm = state.pending, replace(state, pending=Pending())
    if sealed := _SEAL(pending.text):
        return _seal(actor, calm, int(sealed[1]), pending.confirmed)
    if pending.person_ids:
        return _take_person(actor, calm, Who(pending.person_ids[0]), client_id, pending.confirmed)
    if pending.number and NEW_TUBE not in pending.confirmed:
        return _take_person(actor, calm, Who(name=pending.text, id_number=pending.number), client_id, pending.confirmed)
    return _take_scan(actor, round_, calm, pending.text, client_id, pending.confirmed)


def _take_scan(
    actor: Actor, round_: Round, state: DeskState, text: str, client_id: uuid.UUID | None, confirmed: tuple[str, ...]
) -> Answer:
    found = recognise(actor, round_, text)
    if found.kind == "tube" or (found.kind == "maybe_tube" and (state.tube_id is None or NEW_TUBE in confirmed)):
        return _open(actor, round_, state, found.code)
    if found.kind == "maybe_tube":
        return _ask_whether_tube(state, found)
    tube = _current(actor, state)
    takes: dict[str, Callable[[], Answer]] = {
        "household": lambda: _take_household(actor, state, tube, found.household_id or 0, client_id, confirmed),
        "person": lambda: _take_person(actor, state, found.who or Who(), client_id, confirmed),
        "candidates": lambda: _ask_which(state, found),
        "stranger": lambda: _ask_name(state, found),
        "nobody": lambda: _take_stranger(actor, state, found, client_id, confirmed),
    }
    return takes[found.kind]()


def _ask_whether_tube(state: DeskState, found: Recognised) -> Answer:
    """A code that nobody knows: a new tube, or, where it could be one, the number of a stranger's document."""
    number = found.who.id_number if found.who is not None else ""
    lines = [t("lab_testing.desk.confirm_hint"), *([t("lab_testing.desk.or_name")] if number else [])]
    asked = Pending("confirm", found.code, number, (), (NEW_TUBE,))
    return Answer(
        replace(state, pending=asked), "warn", t("lab_testing.refused.new_tube", code=found.code), tuple(lines)
    )


def _current(actor: Actor, state: DeskState) -> Tube:
    if state.tube_id is None:
        raise RefusedError("desk_needs_tube")
    return tube_for(actor, state.tube_id)


def _open(actor: Actor, round_: Round, state: DeskState, code: str) -> Answer:
    tube = open_tube(actor=actor, round_id=round_.pk, code=code, given=state.opening)
    if tube.state != TubeState.OPEN:
        key = "tube_is_void" if tube.state == TubeState.VOID else "tube_not_open"
        raise RefusedError(
            key, code=tube.code, reason=tube.void_reason, state=t(f"lab_testing.tube_state.{tube.state}")
        )
    bound = Sample.objects.filter(tube=tube, is_void=False).count()
    lines = [t("lab_testing.desk.tube_bound", bound=bound)] if bound else []
    if state.tube_id not in (None, tube.pk):
        before = tube_for(actor, state.tube_id or 0)
        if before.state == TubeState.OPEN:
            lines.append(t("lab_testing.desk.left_open", code=before.code))
    kind = t("lab_testing.tube.household") if tube.is_household else t("lab_testing.tube.capacity", count=tube.capacity)
    return Answer(
        replace(state, tube_id=tube.pk),
        "info",
        t("lab_testing.desk.tube_ready", code=tube.code, kind=kind),
        tuple(lines),
    )


def _take_person(
    actor: Actor, state: DeskState, who: Who, client_id: uuid.UUID | None, confirmed: tuple[str, ...]
) -> Answer:
    tube = _current(actor, state)
    if tube.is_household and who.person_id is not None:
        person = Person.objects.visible_to(actor).filter(pk=who.person_id).first()
        if person is not None and person.household_id is not None:
            return _take_household(actor, state, tube, person.household_id, client_id, confirmed, person.pk)
    swab = Swab(sampler=state.sampler, client_id=client_id, confirmed=frozenset(confirmed))
    recorded = record_sample(actor=actor, tube_id=tube.pk, who=who, swab=swab)
    return _told(actor, state, recorded)


def _told(actor: Actor, state: DeskState, recorded: Recorded) -> Answer:
    sample = recorded.sample
    name = sample.name if is_in_scope(actor, sample) else mask_name(sample.name)
    if recorded.is_repeat:
        return Answer(state, "info", t("lab_testing.desk.already", name=name, position=sample.position or 0))
    lines = [t(f"lab_testing.warning.{warning}") for warning in recorded.warnings]
    if recorded.bound >= recorded.capacity and not sample.tube.is_household:
        lines.append(t("lab_testing.desk.full", bound=recorded.bound))
    tone: Tone = "warn" if recorded.warnings else "good"
    return Answer(state, tone, t("lab_testing.desk.recorded", name=name, bound=recorded.bound), tuple(lines))


def _take_household(
    actor: Actor,
    state: DeskState,
    tube: Tube,
    household_id: int,
    client_id: uuid.UUID | None,
    confirmed: tuple[str, ...],
    person_id: int | None = None,
) -> Answer:
    swab = Swab(sampler=state.sampler, client_id=client_id, confirmed=frozenset(confirmed))
    try:
        done = record_household(actor=actor, tube_id=tube.pk, household_id=household_id, swab=swab)
    except RefusedError as error:
        # One who is expected nowhere, or comes a second time, still stands at the desk.
        if person_id is None or error.code not in ("household_not_expected", "household_done"):
            raise
        return _told(actor, state, record_sample(actor=actor, tube_id=tube.pk, who=Who(person_id), swab=swab))
    names = t("lab_testing.word.comma").join(one.sample.name for one in done.recorded)
    left = [t("lab_testing.desk.left_out", count=len(done.left_out))] if done.left_out else []
    warned = {t(f"lab_testing.warning.{name}") for one in done.recorded for name in one.warnings}
    title = t("lab_testing.desk.household_recorded", names=names, count=len(done.recorded))
    return Answer(state, "warn" if warned else "good", title, (*sorted(warned), *left))


def _take_stranger(
    actor: Actor, state: DeskState, found: Recognised, client_id: uuid.UUID | None, confirmed: tuple[str, ...]
) -> Answer:
    who = found.who or Who()
    if not looks_like_name(who.name):
        raise RefusedError("not_understood", text=who.name[:40])
    if "stranger" not in confirmed:
        raise ConfirmationNeededError("stranger", name=who.name)
    return _take_person(actor, state, who, client_id, confirmed)


def _ask_which(state: DeskState, found: Recognised) -> Answer:
    people = found.candidates[:MOST_CANDIDATES]
    asked = Pending("candidates", person_ids=tuple(person.pk for person in people))
    choices = tuple(_choice(person) for person in people)
    return Answer(
        replace(state, pending=asked), "info", t("lab_testing.desk.which", count=len(people)), choices=choices
    )


def _choice(person: Person) -> str:
    address = person.household.address if person.household is not None else ""
    year = str(person.birth_on.year) if person.birth_on else ""
    return " · ".join(filter(None, (person.name, address, year)))


def _ask_name(state: DeskState, found: Recognised) -> Answer:
    number = found.who.id_number if found.who is not None else ""
    asked = Pending("name", number=number)
    return Answer(replace(state, pending=asked), "warn", t("lab_testing.desk.name_wanted", number=f"…{number[-4:]}"))


def _undo(actor: Actor, state: DeskState) -> Answer:
    tube = _current(actor, state)
    sample = undo_last_sample(actor=actor, tube_id=tube.pk)
    return Answer(state, "info", t("lab_testing.desk.undone", name=sample.name, code=tube.code))


def _seal(actor: Actor, state: DeskState, counted: int, confirmed: tuple[str, ...]) -> Answer:
    tube = _current(actor, state)
    sealed = seal_tube(actor=actor, tube_id=tube.pk, counted=counted, confirmed=confirmed)
    title = t("lab_testing.desk.sealed", code=sealed.code, count=counted)
    return Answer(replace(state, tube_id=None), "good", title, (t("lab_testing.desk.next_tube"),))


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line of a batch."""

    number: int
    text: str
    answer: Answer


def take_lines(
    actor: Actor, round_: Round, state: DeskState, text: str, client_id: uuid.UUID
) -> tuple[DeskState, list[Line]]:
    """Batch entry: a tube code, then those whose swabs are in it, then the next tube, one per line.

    A line that asks something (several people, a full tube) or is refused does nothing and is given back; the rest
    stands.
    """
    lines: list[Line] = []
    for number, given in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        answer = take_line(
            actor,
            round_,
            replace(state, pending=Pending(), unrecorded=()),
            given,
            uuid.uuid5(client_id, f"{number}:{given}"),
        )
        asks = bool(answer.state.pending.kind)
        lines.append(Line(number, given, replace(answer, is_refused=answer.is_refused or asks)))
        state = replace(answer.state, pending=Pending())
        if answer.is_refused and recognised_as_tube(actor, round_, given):
            # Without its tube, those who follow would be booked on the one before.
            state = replace(state, tube_id=None)
    return state, lines


def recognised_as_tube(actor: Actor, round_: Round, text: str) -> bool:
    """Whether a refused line was meant as a tube's code."""
    try:
        return recognise(actor, round_, text).kind in ("tube", "maybe_tube")
    except RefusedError:
        return codes.looks_like_our_tube(codes.tidy(text))


def as_hidden(pending: Pending) -> Mapping[str, Any]:
    """The pending question as form fields."""
    return {
        "kind": pending.kind,
        "text": pending.text,
        "number": pending.number,
        "people": ",".join(map(str, pending.person_ids)),
        "confirmed": ",".join(pending.confirmed),
        "asked_line": pending.line,
    }


def from_hidden(given: Mapping[str, Any]) -> Pending:
    """The question that the page carried; anything that does not fit is no question."""
    people = [int(part) for part in str(given.get("people", "")).split(",") if part.isdecimal() and len(part) < 19]
    confirmed = [part for part in str(given.get("confirmed", "")).split(",") if part]
    return Pending(
        str(given.get("kind", "")),
        str(given.get("text", ""))[:200],
        str(given.get("number", ""))[:40],
        tuple(people[:MOST_CANDIDATES]),
        tuple(confirmed),
        str(given.get("asked_line", ""))[:200],
    )
