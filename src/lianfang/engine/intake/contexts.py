"""What a sheet is about, as far as it decides what an ambiguous label means."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from lianfang.engine.intake.fields import FIELDS

_TUBES = frozenset(("tube_code", "box_code", "tube_capacity", "position_in_tube"))
_SAMPLING = _TUBES | {"sampled_at", "sampling_site", "sampling_team", "sampler", "specimen_type", "test_kind"}
_RESULTS = frozenset(
    (
        "result",
        "ct_value_orf",
        "ct_value_n",
        "laboratory",
        "tested_at",
        "received_at",
        "reported_result_at",
        "test_method",
    )
)
_ISOLATION = frozenset(("isolation_site", "isolation_room", "control_from_on", "control_until_on", "control_measure"))
_GATE = frozenset(("gate", "checked_at", "direction", "check_result"))
_MOVEMENT = frozenset(name for name, one in FIELDS.items() if one.group == "movement") - {
    "reason",
    "plate",
    "companions",
}
_SUPPLIES = frozenset(("item", "quantity", "price", "unit_of_measure"))
_BUILDING = frozenset(("building", "unit", "compound", "floor"))
_CONTACT = frozenset(("contact_kind", "exposed_on", "exposure_place", "index_case"))


def contexts_of(fields: AbstractSet[str], *, contact_named: bool = False) -> frozenset[str]:
    """The contexts that hold in a sheet whose sure columns are ``fields``."""
    holds = {
        "": True,
        "person": bool(fields & {"name", "id_number"}),
        "no_name": "name" not in fields,
        "no_phone": "phone" not in fields,
        "testing": bool(fields & _SAMPLING),
        "results": bool(fields & _RESULTS),
        "lab": bool(fields & _RESULTS or fields & _TUBES or "sampled_at" in fields),
        "tubes": bool(fields & _TUBES),
        "unsampled_tubes": bool(fields & _TUBES) and "sampled_at" not in fields,
        "building": bool(fields & _BUILDING),
        "isolation": bool(fields & _ISOLATION),
        "isolation_only": "isolation_site" in fields and not fields & {"building", "unit", "compound"},
        "gate": bool(fields & _GATE or fields >= {"plate", "temperature"} or fields >= {"plate", "reason"}),
        "movement": bool(fields & _MOVEMENT),
        "supplies": bool(fields & _SUPPLIES) and not fields & {"id_number", "result", "tube_code"},
        "contact": contact_named or bool(fields & _CONTACT),
        "contact_and_name": (contact_named or bool(fields & _CONTACT)) and "name" in fields,
        "nobody": not fields & {"name", "id_number", "phone", "sex", "age", "address"},
        "tubes_only": bool(fields & _TUBES) and not fields & {"community", "township", "room"},
        "testing_or_lab": bool(fields & (_SAMPLING | _RESULTS)),
        "inquiry": bool(fields & {"control_measure", "itinerary", "exposed_on", "contact_kind", "control_from_on"})
        and not fields & (_TUBES | {"laboratory"}),
        "no_name_no_item": not fields & {"name", "item", "quantity"},
        "priced": "price" in fields,
        "vaccine": bool(fields & {"vaccine_doses", "vaccinated_on", "vaccine_maker"}),
        "room_only": "room" in fields and "building" not in fields,
    }
    return frozenset(name for name, held in holds.items() if held)
