"""From understood files to drafts: one per row, in the registry's words, with the place it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import pyarrow as pa

from lianfang.domains.registry import words
from lianfang.domains.registry.imports.localities import Localities
from lianfang.domains.registry.models import PlaceKind
from lianfang.domains.registry.naming import place_name, room_name
from lianfang.domains.registry.services.bulk import Spot, normal_spot
from lianfang.domains.registry.services.facts import PersonFacts
from lianfang.engine.intake.contract import FileReading, SheetReading
from lianfang.engine.reconciliation.assemble import usable_sheets

# What a row may say, by the columns of intake; each tells of the person of the row.
_COLUMNS = (
    "row",
    "name",
    "name_mask",
    "id_type",
    "id_number",
    "id_is_valid",
    "id_mask",
    "phone",
    "phone_other",
    "phone_mask",
    "sex",
    "sex_from_id",
    "birth_on",
    "birth_on_from_id",
    "relation_to_head",
    "class_kind",
    "key_person_kind",
    "occupation",
    "employer",
    "special_need",
    "remark",
    "tenancy",
    "township",
    "community",
    "compound",
    "building",
    "unit",
    "floor",
    "room",
    "address",
    "household_no",
)
# What ``engine.rounds`` counts to tell which of several rows says most of a person.
_FILLED = (
    "id_number",
    "phone",
    "building",
    "unit",
    "room",
    "community",
    "compound",
    "address",
    "special_need",
    "household_no",
    "remark",
)
_NAMES_SOMEBODY = ("name", "name_mask", "id_number", "id_mask", "phone", "phone_mask")


@dataclass(slots=True)
class Draft:
    """One row of the files. ``refused`` is a code of ``registry_import.refused``, "" where the row can be used.

    ``problems`` are codes of ``registry_import.row_problem``. ``masks`` are numbers of which a part is hidden.
    ``filled``: how much the row says, as ``engine.rounds`` counts it.
    """

    number: int
    file: int
    sheet: str
    row: int
    spot: Spot
    facts: PersonFacts
    room: str = ""
    floor: int | None = None
    tenancy: str = ""
    address: str = ""
    place: str = ""
    masks: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    problems: list[str] = field(default_factory=list)
    filled: int = 0

    @property
    def standing(self) -> tuple[object, ...]:
        """Smallest for the row that ``engine.rounds`` lets stand for a person who is on the roster twice."""
        facts, spot = self.facts, self.spot
        content = (self.place, spot.unit, self.room, facts.name, facts.id_number, facts.phone, self.address)
        return (-self.filled, *content, facts.remark, self.number)


def make_drafts(readings: Sequence[FileReading], localities: Localities) -> list[Draft]:
    """The drafts of all usable sheets, in the order of files, sheets and rows; a file given twice counts once."""
    drafts: list[Draft] = []
    _find_named_townships(readings, localities)
    seen: set[str] = set()
    for index, reading in enumerate(readings):
        if reading.sha256 and reading.sha256 in seen:
            continue
        seen.add(reading.sha256)
        for sheet in usable_sheets("roster", reading):
            drafts += _of_sheet(sheet, index, len(drafts), localities)
    return drafts


def _find_named_townships(readings: Sequence[FileReading], localities: Localities) -> None:
    """Rows that name their township first: what they make known serves the rows that name a community only."""
    for reading in readings:
        for sheet in usable_sheets("roster", reading):
            pairs = set(zip(_values(sheet.rows, "township"), _values(sheet.rows, "community"), strict=True))
            for township, community in sorted((a, b) for a, b in pairs if a and b):
                localities.find(township, community)


def _of_sheet(sheet: SheetReading, file: int, first: int, localities: Localities) -> Iterator[Draft]:
    table = sheet.rows
    columns = [_values(table, name) for name in _COLUMNS]
    number = first
    for cells in zip(*columns, strict=True):
        said = dict(zip(_COLUMNS, cells, strict=True))
        if not any(said[name] for name in _NAMES_SOMEBODY):
            continue
        yield _draft(said, number, file, sheet.sheet, localities)
        number += 1


def _values(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist() if name in table.column_names else [None] * table.num_rows


def _draft(said: Mapping[str, Any], number: int, file: int, sheet: str, localities: Localities) -> Draft:
    found = localities.find(said["township"], said["community"])
    spot = _spot(found.community_id, said["compound"] or "", said["building"] or "", said["unit"] or "")
    floor = str(said["floor"] or "")
    return Draft(
        number=number,
        file=file,
        sheet=sheet[:100],
        row=int(said["row"] or 0),
        spot=spot,
        facts=_facts(said),
        room=(said["room"] or "")[:40],
        floor=int(floor) if floor.lstrip("-").isdigit() else None,
        tenancy=words.read_tenancy(said["tenancy"]),
        address=said["address"] or "",
        place=" ".join(filter(None, (found.name, place_text(Spot(0, spot.compound, spot.building)))))[:160],
        masks={kind: said[f"{kind}_mask"] for kind in ("id", "phone") if said[f"{kind}_mask"]},
        refused=found.refused or ("" if said["name"] or said["name_mask"] else "name_missing"),
        problems=_problems(said),
        filled=sum([said[name] is not None for name in _FILLED]) + (said["id_is_valid"] is True),
    )


@lru_cache(maxsize=50_000)
def place_text(spot: Spot, room: str = "") -> str:
    """Where it is below the community, as lists write it: 临江花园 10号楼 1单元 301室."""
    kinds = (PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.UNIT)
    named = [place_name(_Named(kind, name)) for kind, name in zip(kinds, spot[1:], strict=True) if name]
    return " ".join((*named, room_name(room))) if room else " ".join(named)


@dataclass(slots=True)
class _Named:
    kind: str
    name: str


@lru_cache(maxsize=50_000)
def _spot(community_id: int, compound: str, building: str, unit: str) -> Spot:
    return normal_spot(community_id, compound, building, unit)


def _facts(said: Mapping[str, Any]) -> PersonFacts:
    return PersonFacts(
        name=(said["name"] or said["name_mask"] or "")[:80],
        sex=said["sex"] or said["sex_from_id"] or "",
        birth_on=_day(said["birth_on"]) or _day(said["birth_on_from_id"]),
        id_type=(said["id_type"] or "") if said["id_number"] else "",
        id_number=said["id_number"] or "",
        id_is_valid=said["id_is_valid"] if said["id_number"] else None,
        phone=said["phone"] or said["phone_other"] or "",
        relation_to_head=words.read_relation(said["relation_to_head"]),
        class_kind=words.read_class(said["class_kind"]),
        key_person_kind=(said["key_person_kind"] or "")[:40],
        occupation=(said["occupation"] or "")[:60],
        employer=(said["employer"] or "")[:120],
        special_needs=words.read_needs(said["special_need"]),
        remark=(said["remark"] or "")[:400],
    )


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None


def _problems(said: Mapping[str, Any]) -> list[str]:
    found = []
    if said["id_number"] and said["id_is_valid"] is False:
        found.append("id_invalid")
    if said["id_mask"] and not said["id_number"]:
        found.append("id_masked")
    if not said["id_number"] and not said["id_mask"]:
        found.append("id_missing")
    if said["phone_mask"] and not said["phone"]:
        found.append("phone_masked")
    if not said["room"]:
        found.append("room_missing")
    return found
