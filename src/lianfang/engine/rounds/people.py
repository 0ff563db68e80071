"""The people of a round with what their rows say: the last step, after everybody is counted by number."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.backends import Stages
from lianfang.engine.rounds.contract import PEOPLE
from lianfang.engine.rounds.numbering import Numbering

_FOUND = "SELECT * FROM people ORDER BY stairwell_place, room_place, address_place, name_place, person"
_ROWS_OF = """
SELECT person, record_id
FROM (
    SELECT person, record_id FROM roster
    UNION ALL SELECT person, record_id FROM samples
    UNION ALL SELECT person, record_id FROM results
    UNION ALL SELECT person, record_id FROM exempt
)
WHERE person IS NOT NULL
ORDER BY person, record_id
"""
_TUBES_OF = "SELECT person, tube FROM person_tubes ORDER BY person, trusted_at NULLS LAST, tube"


def people_in_walking_order(db: Stages, roster: pa.Table, persons: Numbering, tubes: Numbering) -> pa.Table:
    """The table PEOPLE, from the stages ``people``, ``person_tubes`` and ``unrostered``.

    A person on the roster is described by the row that stands, anybody else by the first swab.
    """
    found = db.table(_FOUND).combine_chunks()
    rows, swabs = db.table(_ROWS_OF), db.table(_TUBES_OF)
    told = _described(db, roster, found)
    whom = found["person"].combine_chunks()
    columns = {name: found[name] for name in found.column_names}
    columns["walking_order"] = pa.arange(1, len(whom) + 1)
    columns["person_key"] = persons.name(whom)
    columns["record_ids"] = _gathered(rows["person"], rows["record_id"], whom)
    columns["tubes"] = _gathered(swabs["person"], tubes.name(swabs["tube"]), whom)
    return PEOPLE.conform(pa.table({name: told[name] for name in told.column_names} | columns))


def _described(db: Stages, roster: pa.Table, found: pa.Table) -> pa.Table:
    """What the rows that stand for the people say, in the order of ``found``."""
    strangers = db.table("SELECT * FROM unrostered")
    said = [name for name in PEOPLE.schema.names if name in roster.column_names and name not in found.column_names]
    kinds = pa.schema([roster.schema.field(name) for name in said])
    empty = pa.nulls(strangers.num_rows)
    others = [strangers[name] if name in strangers.column_names else empty for name in said]
    others = [column.cast(kind.type) for column, kind in zip(others, kinds, strict=True)]
    both = pa.concat_tables([roster.select(said), pa.table(others, schema=kinds)]).combine_chunks()
    in_roster = pc.index_in(found["roster_record"], value_set=roster["record_id"].combine_chunks())
    elsewhere = pc.index_in(found["sample_record"], value_set=strangers["record_id"].combine_chunks())
    return both.take(pc.coalesce(in_roster, pc.add(elsewhere, roster.num_rows)))


def _gathered(owners: pa.ChunkedArray, values: pa.ChunkedArray | pa.Array, wanted: pa.Array) -> pa.Array:
    """The values of each of ``wanted`` as a list, in the order given; ``owners`` stand together."""
    runs = pc.run_end_encode(owners.combine_chunks())
    ends = runs.run_ends.cast(pa.int32())
    none = pa.array([len(owners)], pa.int32())
    # One empty list more, for those who have nothing.
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends, none])
    flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    lists = pa.ListArray.from_arrays(offsets, flat)
    at = pc.index_in(wanted, value_set=runs.values)
    return lists.take(at.fill_null(len(ends)))
