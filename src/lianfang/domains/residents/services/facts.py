"""What a resident typed, in the register's normal form, or said to be wrong by row and field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.services.facts import PersonFacts, understood
from lianfang.domains.registry.words import SPECIAL_NEEDS, read_relation
from lianfang.domains.residents.problems import ResidentProblemError

_STAND_IN = "李明"
LONGEST_REMARK = 200


@dataclass(frozen=True, slots=True)
class GivenRow:
    """One row of the form, as typed. ``number`` is how the page counts it, from 1; ``person_id`` of somebody registered
    whom it speaks of."""

    number: int
    person_id: int | None = None
    name: str = ""
    id_number: str = ""
    phone: str = ""
    relation_to_head: str = ""
    special_needs: tuple[str, ...] = ()
    remark: str = ""
    has_left: bool = False

    @property
    def is_blank(self) -> bool:
        return self.person_id is None and not any(
            (self.name.strip(), self.id_number.strip(), self.phone.strip(), self.special_needs, self.remark.strip())
        )


@dataclass(frozen=True, slots=True)
class RowProblem:
    """``field`` of row ``number`` is wrong; ``said`` is a RegistryError or one of ours, with its words' code."""

    number: int
    field: str
    said: RegistryError | ResidentProblemError


class RowsWrongError(ValueError):
    """Nothing was sent. ``problems`` names every wrong field of every row."""

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        super().__init__(f"{len(problems)} fields are wrong")
        self.problems = tuple(problems)


def read_phone(phone: str) -> str:
    """A telephone number in normal form, "" for none. Raises ResidentProblemError."""
    if not phone.strip():
        return ""
    try:
        return understood(PersonFacts(name=_STAND_IN, phone=phone))[0].phone
    except RegistryError as problem:
        raise ResidentProblemError("phone_wrong", "phone") from problem


def read_row(row: GivenRow) -> tuple[GivenRow, list[RowProblem]]:
    """The row in normal form and what is wrong with it, field by field: one bad number hides no other."""
    problems: list[RowProblem] = []
    found = row
    for field in ("name", "id_number", "phone"):
        text = getattr(row, field).strip()
        if not text and (field != "name" or row.person_id is not None):
            continue
        facts = PersonFacts(**{"name": _STAND_IN, field: text})
        try:
            read, _ = understood(facts)
        except RegistryError as problem:
            problems.append(RowProblem(row.number, field, problem))
            continue
        if field == "id_number" and read.id_is_valid is False:
            # At a desk a doubtful number is kept; here its owner can look at the card again.
            problems.append(RowProblem(row.number, field, ResidentProblemError("id_check_digit", field)))
            continue
        found = replace(found, **{field: getattr(read, field)})
    if len(row.remark.strip()) > LONGEST_REMARK:
        problems.append(RowProblem(row.number, "remark", RegistryError("too_long", "remark", longest=LONGEST_REMARK)))
    needs = tuple(need for need in SPECIAL_NEEDS if need in row.special_needs)
    relation = read_relation(row.relation_to_head)
    return replace(found, relation_to_head=relation, special_needs=needs, remark=row.remark.strip()), problems
