"""How single cells are read: one normaliser for every canonical field, and the types of what they give.

``NORMALISERS[field](cell, context)`` gives a ``Reading``; ``PLAIN[field]`` the same for all plain cells of a column at
once, for the fields of which nearly every cell is plain and different. ``TYPES[field]`` is the Arrow type of its value,
``COMPANIONS[field]`` the further columns that it may fill, with their types. The rules all normalisers keep:

- a value that was changed has a note that says how; a cell that was not understood has a note of severity "error"
  and no value;
- reading a value again changes nothing;
- nothing is guessed: lost digits, masked numbers, ambiguous dates and undeclared codes give no value;
- an empty or unknown result is never negative.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from lianfang.engine.intake.values import identity, names, phones, places, results
from lianfang.engine.intake.values.addresses import AddressParts, parse_address
from lianfang.engine.intake.values.cells import words_in
from lianfang.engine.intake.values.code_tables import parse_code_table
from lianfang.engine.intake.values.contract import Normaliser
from lianfang.engine.intake.values.dates import Bounds, day_normaliser, instant_companions, instant_normaliser
from lianfang.engine.intake.values.folding import fold_text
from lianfang.engine.intake.values.plain import PlainReader, plain_readers
from lianfang.engine.intake.values.plates import read_plate
from lianfang.engine.intake.values.quantities import (
    count_normaliser,
    read_age,
    read_amount,
    read_temperature,
    read_tube_capacity,
)
from lianfang.engine.intake.values.texts import read_code, read_place_name, read_statement, read_text
from lianfang.engine.intake.values.vocabularies import (
    DIRECTION,
    HEALTH_CODE,
    ID_TYPE,
    STATUS,
    TEST_KIND,
    YES_NO,
    read_sex,
    word_normaliser,
)
from lianfang.engine.tables import DAY, INSTANT

__all__ = [
    "COMPANIONS",
    "NORMALISERS",
    "PLAIN",
    "TYPES",
    "AddressParts",
    "fold_text",
    "parse_address",
    "parse_code_table",
]

_FREE_TEXT = words_in(
    "nationality ethnicity occupation employer class_kind key_person_kind special_need relation_to_head photo remark "
    "registered_address tenancy transport itinerary reason companions vaccine_maker control_measure specimen_type "
    "test_method ct_value_orf ct_value_n untested_reason case_kind contact_kind index_case outcome check_result item "
    "unit_of_measure row_no"
)
_STATEMENTS = words_in("symptoms travel_history contact_history")
_PLACE_NAMES = words_in(
    "province city county township community grid compound from_place to_place isolation_site sampling_site "
    "sampling_team sampler laboratory exposure_place hospital gate"
)
_CODES = words_in("household_no transport_no tube_code box_code booking_code case_no record_id")
_NAMES = words_in("guardian_name chief_name grid_worker_name reporter_name")
_PHONES = words_in("phone_other guardian_phone chief_phone grid_worker_phone")
_RESULTS = words_in("igm igg last_result")

_PAST = Bounds(past=True)
_OPEN = Bounds(past=False)
_BIRTH = Bounds(past=True, birth=True)
_PAST_DAYS = words_in("vaccinated_on onset_on diagnosed_on exposed_on")
_OPEN_DAYS = words_in("arrived_on left_on control_from_on control_until_on")
_PAST_INSTANTS = words_in(
    "reported_at sampled_at received_at tested_at reported_result_at last_tested_at checked_at created_at updated_at"
)
_OPEN_INSTANTS = words_in("arrived_at ordered_at delivered_at")

_DAYS: dict[str, Bounds] = {
    "birth_on": _BIRTH,
    **dict.fromkeys(_PAST_DAYS, _PAST),
    **dict.fromkeys(_OPEN_DAYS, _OPEN),
}
_INSTANTS: dict[str, Bounds] = {**dict.fromkeys(_PAST_INSTANTS, _PAST), **dict.fromkeys(_OPEN_INSTANTS, _OPEN)}

NORMALISERS: Mapping[str, Normaliser] = {
    **dict.fromkeys(_FREE_TEXT, read_text),
    **dict.fromkeys(_STATEMENTS, read_statement),
    **dict.fromkeys(_PLACE_NAMES, read_place_name),
    **dict.fromkeys(_CODES, read_code),
    **dict.fromkeys(_NAMES, names.name_normaliser(with_companions=False)),
    **dict.fromkeys(_PHONES, phones.phone_normaliser(with_companions=False)),
    **dict.fromkeys(_RESULTS, results.result_normaliser(with_companions=False)),
    **{field: day_normaliser(bounds) for field, bounds in _DAYS.items()},
    **{field: instant_normaliser(field, bounds) for field, bounds in _INSTANTS.items()},
    **places.PLACE_NORMALISERS,
    "name": names.name_normaliser(with_companions=True),
    "phone": phones.phone_normaliser(with_companions=True),
    "result": results.result_normaliser(with_companions=True),
    "id_number": identity.read_id_number,
    "plate": read_plate,
    "sex": read_sex,
    "id_type": word_normaliser(ID_TYPE),
    "is_head": word_normaliser(YES_NO),
    "health_code": word_normaliser(HEALTH_CODE),
    "itinerary_code": word_normaliser(HEALTH_CODE),
    "test_kind": word_normaliser(TEST_KIND),
    "direction": word_normaliser(DIRECTION, keep_others=True),
    "status_code": word_normaliser(STATUS, keep_others=True),
    "age": read_age,
    "temperature": read_temperature,
    "quantity": read_amount,
    "price": read_amount,
    "tube_capacity": read_tube_capacity,
    "position_in_tube": count_normaliser(1, 99, "个|号|位|人|管"),
    "household_size": count_normaliser(0, 200, "人|口|口人|名|个人?"),
    "vaccine_doses": count_normaliser(0, 20, "针|剂|针剂|剂次|次|针次|支|DOSES?|[针剂次]*[(].*[)]"),
    "test_times": count_normaliser(0, 10_000, "次|轮|回|次检测"),
}

PLAIN: Mapping[str, PlainReader] = plain_readers(
    names=("name", *_NAMES), phones=("phone", *_PHONES), codes=_CODES, days=_DAYS, instants=_INSTANTS
)

_SMALL = pa.int16()
TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(NORMALISERS, pa.string()),
    **dict.fromkeys(_DAYS, DAY),
    **dict.fromkeys(_INSTANTS, INSTANT),
    **dict.fromkeys(words_in("age tube_capacity position_in_tube household_size vaccine_doses test_times"), _SMALL),
    **dict.fromkeys(words_in("temperature quantity price"), pa.float64()),
    "is_head": pa.bool_(),
}

COMPANIONS: Mapping[str, Mapping[str, pa.DataType]] = {
    **{field: instant_companions(field) for field in _INSTANTS},
    "name": names.COMPANIONS,
    "phone": phones.COMPANIONS,
    "result": results.COMPANIONS,
    "id_number": identity.COMPANIONS,
    "building": places.BUILDING_COMPANIONS,
    "unit": places.UNIT_COMPANIONS,
    "room": places.ROOM_COMPANIONS,
    "address": dict.fromkeys(("compound", "building", "unit", "floor", "room"), pa.string()),
}
