"""The canonical fields a column of a spreadsheet may hold.

``group`` is the part of the life of a record the field belongs to; ``kind`` is how its cells look and
is what the content checks of ``content.py`` go by. ``several`` says what happens where two columns of
one person mean the same field: "first" takes the first that is filled, "join" writes them one after
the other, "only" lets one column have the field and sets the others aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Several = Literal["only", "first", "join"]


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical field."""

    name: str
    group: str
    kind: str
    several: Several = "first"


# name:kind, with "!" after the kind for "only" and "+" for "join".
_GROUPS: dict[str, str] = {
    "person": (
        "name:person! sex:sex birth_on:day age:age id_type:id_type id_number:id_number phone:phone! "
        "phone_other:phone nationality:nationality ethnicity:ethnicity occupation:text employer:text+ "
        "class_kind:class_kind+ key_person_kind:text+ special_need:text+ relation_to_head:relation "
        "guardian_name:person guardian_phone:phone is_head:yes_no photo:text remark:text+"
    ),
    "residence": (
        "province:province city:city county:county township:township community:community grid:text "
        "compound:compound building:building unit:unit floor:floor room:room address:address "
        "household_size:count registered_address:address+ tenancy:text household_no:code"
    ),
    "responsible": (
        "chief_name:person chief_phone:phone grid_worker_name:person grid_worker_phone:phone "
        "reporter_name:person reported_at:instant"
    ),
    "movement": (
        "arrived_on:day arrived_at:instant left_on:day from_place:address+ to_place:address+ "
        "transport:text+ transport_no:transport_no+ plate:plate itinerary:text+ travel_history:text+ "
        "reason:text+ companions:text+"
    ),
    "health": (
        "temperature:temperature symptoms:text+ health_code:health_code itinerary_code:text "
        "contact_history:text+ vaccine_doses:text vaccinated_on:day vaccine_maker:text "
        "control_measure:text+ control_from_on:day control_until_on:day isolation_site:text+ "
        "isolation_room:room"
    ),
    "testing": (
        "tube_code:tube! tube_capacity:count position_in_tube:count box_code:tube sampled_at:instant "
        "sampling_site:text sampling_team:text sampler:text specimen_type:specimen test_kind:test_kind "
        "test_method:text received_at:instant tested_at:instant reported_result_at:instant "
        "result:result! ct_value_orf:ct ct_value_n:ct igm:result igg:result laboratory:text "
        "test_times:count last_tested_at:instant last_result:result untested_reason:text booking_code:code"
    ),
    "case": (
        "case_no:code case_kind:text onset_on:day diagnosed_on:day contact_kind:text index_case:text "
        "exposed_on:day exposure_place:text+ hospital:text outcome:text"
    ),
    "gate": "gate:text checked_at:instant direction:text check_result:text",
    "supplies": (
        "item:text quantity:quantity unit_of_measure:text price:quantity ordered_at:instant delivered_at:instant"
    ),
    "record": "row_no:row_no record_id:code created_at:instant updated_at:instant status_code:text",
}


def _fields() -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for group, listed in _GROUPS.items():
        for entry in listed.split():
            name, kind = entry.split(":")
            several: Several = "only" if kind.endswith("!") else "join" if kind.endswith("+") else "first"
            fields[name] = Field(name, group, kind.rstrip("!+"), several)
    return fields


FIELDS: dict[str, Field] = _fields()
GROUPS: tuple[str, ...] = tuple(_GROUPS)


def is_known_field(name: str) -> bool:
    """Whether ``name`` is a canonical field."""
    return name in FIELDS
