# ruff: noqa: E501
"""Whom the rows of a file name: linked with the registered people of a place by the engine, as `lianfang reconcile` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.models import Sample
from lianfang.domains.registry.models import Household, Person, Place
from lianfang.engine.linkage import link_people
from lianfang.engine.linkage.contract import RECORDS
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.privacy.numbers import unseal

_NAMES_SOMEBODY = ("name", "id_number", "id_mask", "phone", "phone_mask")


def names_somebody(table: pa.Table) -> pa.Array:
    """Which rows name a person at all."""
    named = pc.is_valid(table[_NAMES_SOMEBODY[0]])
    for name in _NAMES_SOMEBODY[1:]:
        if name in table.column_names:
            named = pc.or_(named, pc.is_valid(table[name]))
    return named


def linked(actor: Actor, township_id: int, role: str, table: pa.Table, round_id: int | None = None) -> list[int | None]:
    """The registered person of each row of ``table`` (a contract of ``engine.tables``), None where there is none.

    Numbers are unsealed in memory only. Swabs recorded in the round help to tell whom a row with a tube means.
    """
    if not table.num_rows:
        return []
    named = names_somebody(table)
    if not pc.any(named).as_py():
        return [None] * table.num_rows
    ids, known = _registered(actor, township_id)
    asked = [name for name in RECORDS.schema.names if name in table.column_names and name != "role"]
    # Record numbers count from 0: people first, then their swabs, then the rows of the file.
    swabs = _swabs(actor, round_id, ids, known) if role == "results" and round_id is not None else RECORDS.empty()
    first = known.num_rows + swabs.num_rows
    rows = table.select(asked).set_column(
        asked.index("record_id"), "record_id", pa.array(range(first, first + table.num_rows), pa.int64())
    )
    rows = RECORDS.conform(rows.append_column("role", pa.repeat(role, table.num_rows)).filter(named))
    members = link_people(pa.concat_tables([known, swabs, rows])).members
    key_of = dict(zip(members["record_id"].to_pylist(), members["person_key"].to_pylist(), strict=True))
    person_of: dict[str, int] = {}
    for number, pk in enumerate(ids):
        person_of.setdefault(key_of[number], pk)
    found = (key_of.get(number) for number in range(first, first + table.num_rows))
    return [None if key is None else person_of.get(key) for key in found]


def _registered(actor: Actor, township_id: int) -> tuple[list[int], pa.Table]:
    """Who lives in the township as far as the actor sees it, as rows of a roster."""
    people = roster.registered(Person.objects.visible_to(actor).filter(township_id=township_id)).order_by("id")
    columns = ("id", "name", "id_type", "id_sealed", "id_is_valid", "phone_sealed", "sex", "birth_on", "community_id",
               "household_id", "building_id")  # fmt: skip
    rows = list(people.values_list(*columns))
    homes = {
        pk: rest for pk, *rest in Household.objects.visible_to(actor).filter(township_id=township_id)
        .values_list("id", "compound_id", "unit_id", "room", "floor")
    }  # fmt: skip
    names = dict(Place.objects.filter(township_id=township_id).values_list("id", "name"))
    records = [_record(number, row, homes, names) for number, row in enumerate(rows)]
    return [row[0] for row in rows], _as_records(records)


def _record(
    number: int, row: Sequence[Any], homes: Mapping[int, Sequence[Any]], names: Mapping[int, str]
) -> dict[str, Any]:
    _, name, id_type, id_sealed, is_valid, phone_sealed, sex, birth_on, community_id, household_id, building_id = row
    compound_id, unit_id, room, floor = homes.get(household_id, (None, None, None, None))
    return {
        "record_id": number, "role": "roster", "name": name, "id_type": id_type or None, "id_number": unseal(id_sealed),
        "id_is_valid": is_valid, "phone": unseal(phone_sealed), "sex": sex or None, "birth_on": birth_on,
        "community": names.get(community_id), "compound": names.get(compound_id or 0), "building": names.get(building_id or 0),
        "unit": names.get(unit_id or 0), "room": room or None, "floor": None if floor is None else str(floor),
    }  # fmt: skip


def _as_records(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.table(
        {field.name: pa.array([one.get(field.name) for one in records], field.type) for field in RECORDS.schema},
        schema=RECORDS.schema,
    )


def _swabs(actor: Actor, round_id: int, ids: Sequence[int], known: pa.Table) -> pa.Table:
    """The swabs of registered people in the round, each with its tube."""
    at = {pk: number for number, pk in enumerate(ids)}
    swabs = Sample.objects.visible_to(actor).filter(round_id=round_id, is_void=False, person_id__isnull=False)
    pairs = [(at[pk], code) for pk, code in swabs.order_by("id").values_list("person_id", "tube__code") if pk in at]
    if not pairs:
        return RECORDS.empty()
    table = known.take(pa.array([number for number, _ in pairs], pa.int64()))
    count, names = len(pairs), table.column_names
    table = table.set_column(names.index("record_id"), "record_id",
                             pa.array(range(known.num_rows, known.num_rows + count), pa.int64()))  # fmt: skip
    table = table.set_column(names.index("role"), "role", pa.repeat("samples", count))
    return RECORDS.conform(
        table.set_column(names.index("tube_code"), "tube_code", pa.array([code for _, code in pairs], pa.string()))
    )
