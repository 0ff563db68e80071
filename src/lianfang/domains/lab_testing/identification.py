"""What a scan or a typed line means at the desk: a tube, a household, one person, several that it could be, a
stranger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lianfang.domains.lab_testing import codes, roster
from lianfang.domains.lab_testing.models import Kit, Round, Tube
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.services.swabs import Who
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import search
from lianfang.domains.registry.selectors.searching import read_address_query
from lianfang.engine.intake.values.contract import ValueContext
from lianfang.engine.intake.values.identity import read_id_number
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.privacy.numbers import blind_index

MOST_CANDIDATES = 9
_RESIDENT_ID = re.compile(r"[1-9][0-9]{16}[0-9X]|[1-9][0-9]{14}").fullmatch
_OTHER_ID = re.compile(r"[A-Z]{1,3}[0-9]{6,12}").fullmatch
_PHONE = re.compile(r"1[3-9][0-9]{9}").fullmatch
_LABEL = re.compile(r"[A-Z0-9][A-Z0-9./_-]{5,29}").fullmatch
_HAN = re.compile("[\u3400-\u9fff]")
_CONTEXT = ValueContext(datetime(2020, 1, 1))


@dataclass(frozen=True, slots=True)
class Recognised:
    """``kind`` says which of the others is filled. A stranger's ``who`` has a number and still wants a name; ``nobody``
    was found under a text that is no number: a name is taken as it is once it is confirmed. A code that could be a
    tube's or a document's is ``maybe_tube`` with ``who``."""

    kind: Literal["tube", "household", "person", "candidates", "stranger", "nobody", "maybe_tube"]
    code: str = ""
    household_id: int | None = None
    who: Who | None = None
    candidates: tuple[Person, ...] = ()


def recognise(actor: Actor, round_: Round, text: str) -> Recognised:
    """Tell what ``text`` means in this round.

    Raises RefusedError for an empty text, and for a label, code or identity number whose check character says that it
    was misread.
    """
    code = codes.tidy(text)
    if not code:
        raise RefusedError("scan_empty")
    own = codes.read_own_code(code)
    if own is not None:
        letter, number = own
        if letter == "H":
            return Recognised("household", household_id=number)
        return Recognised("person", who=Who(number, has_shown_document=True))
    if is_label_of(round_, code):
        return Recognised("tube", code=codes.check_tube_code(code))
    if _RESIDENT_ID(code) or _OTHER_ID(code):
        return _by_document(actor, round_, code)
    found = _by_words(actor, text)
    if found is not None:
        return found
    if _LABEL(code) and not _PHONE(code) and any(sign.isdigit() for sign in code):
        return Recognised("maybe_tube", code=code)
    return Recognised("nobody", who=Who(name=text.strip()[:80]))


def is_label_of(round_: Round, code: str) -> bool:
    """A label of ours, one packed for the round, or a tube that is in use there."""
    if codes.looks_like_our_tube(code):
        return True
    if Tube.objects.filter(round=round_, code=code).exists():
        return True
    return Kit.objects.filter(round=round_, codes__contains=[code]).exists()


def _by_document(actor: Actor, round_: Round, number: str) -> Recognised:
    index = blind_index("id", number)
    here = list(roster.registered(Person.objects.visible_to(actor)).filter(id_index=index)[:MOST_CANDIDATES])
    if len(here) == 1:
        return Recognised("person", who=Who(here[0].pk))
    if here:
        return Recognised("candidates", candidates=tuple(here))
    # The card lies on the desk: whose home is elsewhere in the township is found too, and counted at home.
    with acting_as(system_actor("sampling")):
        township = Person.objects.filter(township_id=round_.township_id, id_index=index)
        there = list(roster.registered(township).values_list("pk", flat=True)[:2])
    if len(there) == 1:
        return Recognised("person", who=Who(there[0], has_shown_document=True))
    reading = read_id_number(number, _CONTEXT)
    if _RESIDENT_ID(number) and reading.companions.get("id_is_valid") is False:
        raise RefusedError("id_check_digit", number=number[-4:])
    stranger = Who(id_number=str(reading.value or number))
    # Letters and digits are how passports are numbered, and how many makers number their tubes.
    return (
        Recognised("stranger", who=stranger)
        if _RESIDENT_ID(number)
        else Recognised("maybe_tube", code=number, who=stranger)
    )


def _by_words(actor: Actor, text: str) -> Recognised | None:
    """By name, room, phone or initials; a name with a room ("张三 301") must fit both."""
    words = text.split()
    rooms = [word for word in words if any(sign.isdigit() for sign in word)]
    names = [word for word in words if word not in rooms]
    people = _people_at(actor, rooms, names) if rooms and names else _people(actor, text)
    if not people:
        return None
    is_exact = len(people) == 1 and (
        _PHONE(codes.tidy(text)) or (names and people[0].name == "".join(names)) or (rooms and names)
    )
    if is_exact:
        return Recognised("person", who=Who(people[0].pk))
    return Recognised("candidates", candidates=tuple(people[:MOST_CANDIDATES]))


def _people(actor: Actor, text: str) -> list[Person]:
    found = search(actor, text, MOST_CANDIDATES)
    people = [person for person in found.people if person.state in ("living", "away")]
    if not people and found.households:
        homes = Person.objects.visible_to(actor).filter(household__in=found.households[:MOST_CANDIDATES])
        people = list(roster.registered(homes).select_related("household").order_by("sort_key", "id")[:MOST_CANDIDATES])
    return people


def _people_at(actor: Actor, rooms: list[str], names: list[str]) -> list[Person]:
    named = [one for one in search(actor, "".join(names), 50).people if one.state in ("living", "away")]
    wanted = read_address_query("".join(rooms).upper())
    if wanted is None or not wanted.room:
        return named
    return [one for one in named if one.household is not None and one.household.room == wanted.room][:MOST_CANDIDATES]


def looks_like_name(text: str) -> bool:
    """Whether a text that found nobody can be somebody's name: it has no digit."""
    return (
        bool(text.strip())
        and not any(sign.isdigit() for sign in text)
        and (bool(_HAN.search(text)) or " " in text.strip())
    )
