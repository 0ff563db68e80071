"""Records → profiles: what a record says of who it is about, once per distinct content.

Identical content is one profile, however often and in whatever order the files repeat it; ``pid`` numbers
the profiles in the order of their content, so nothing downstream depends on the order of the records. Sex and
day of birth that a row leaves out are read from a valid resident number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.linkage.names import name_key

CONTENT = (
    "name_key", "id_type", "id_number", "id_mask", "phone", "phone_mask", "sex", "birth_on",
    "community", "compound", "building", "unit", "room",
)  # fmt: skip
_SEPARATOR = "\x1f"
_BATCH = 20_480
_PLAIN_NAME = "^[\\x{4e00}-\\x{9fff}]+$"

# A document that may stand for the person. HK/Macao permits keep nine characters for life, Taiwan
# permits eight; what follows counts renewals (dossier §4).
_ANCHOR = """
CASE WHEN id_number IS NULL OR length(id_number) < 5 THEN NULL
     WHEN id_type IN ('resident_id', 'foreigner_id') AND length(id_number) = 18
          THEN CASE WHEN id_is_valid THEN id_type || ':' || id_number END
     WHEN id_type = 'resident_id' OR NOT coalesce(id_is_valid, true) THEN NULL
     WHEN id_number = repeat(id_number[1], length(id_number)) THEN NULL
     WHEN id_type = 'hk_macao_permit' THEN id_type || ':' || left(id_number, 9)
     WHEN id_type = 'taiwan_permit' THEN id_type || ':' || left(id_number, 8)
     ELSE coalesce(id_type, 'other') || ':' || id_number END
"""


# Eighteen characters with one scheme of check digit are one kind of number, whoever issued the card: a form
# that says 居民身份证 and one that tells a foreigner's card by its first digit mean the same number.
_EIGHTEEN = "[0-9*]{17}[0-9X*]"
_ID_TYPE = f"""
CASE WHEN id_type = 'resident_id' THEN id_type
     WHEN regexp_full_match(coalesce(id_number, id_mask), '{_EIGHTEEN}') THEN 'resident_id' ELSE id_type END
"""


# What is joined and counted again and again, as numbers: ``name_h`` … null where the text is.
_HASHED = ("name_key", "phone", "community", "compound", "building", "unit", "room")
CODES = ("name_h", *(f"{field}_h" for field in _HASHED[1:]))
_CODES = ", ".join(
    f"CASE WHEN {field} IS NOT NULL THEN hash({field}) END AS {code}"
    for field, code in zip(_HASHED, CODES, strict=True)
)


def record_key(record: Mapping[str, object]) -> str:
    """The stable name of a record's content: 16 hexadecimal digits.

    ``record`` has the fields of RECORDS; absent ones count as null. Address and tube count only where a
    record has neither whole number, phone nor room: a decision about a person then holds in the next round too,
    while two people whose masks happen to be equal stay two.
    """
    values = {field: _text(record.get(field)) for field in (*CONTENT[1:], "address", "tube_code")}
    if re.fullmatch(_EIGHTEEN, values["id_number"] or values["id_mask"]):
        values["id_type"] = "resident_id"
    name = record.get("name")
    parts = [name_key(name) or "" if isinstance(name, str) else ""]
    parts += [values[field] for field in CONTENT[1:]]
    has_room = bool(values["room"])
    keyed = any(values[field] for field in ("id_number", "phone", "room"))
    parts.append("" if has_room else values["address"])
    parts.append("" if keyed else values["tube_code"])
    digest = hashlib.md5(_SEPARATOR.join(parts).encode(), usedforsecurity=False).digest()
    # DuckDB's md5_number, which sorts faster than text, reads the digest from its last byte.
    return digest[::-1].hex()[:16]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def pair_key(a: str, b: str) -> str:
    """The stable name of a pair of records, from their ``record_key``; the order does not matter."""
    return "-".join(sorted((a, b)))


# SQL: the record_key of a ``content``.
KEY = "lower(lpad(format('{{:x}}', {content}), 32, '0'))[:16]"


def content_texts(con: duckdb.DuckDBPyConnection, pids: str) -> pa.Table:
    """``pid`` and ``text``, the content as a decimal number, of the profiles that the SQL ``pids`` selects.

    DuckDB takes a hundred microseconds for each such text, Python less than one.
    """
    halves = con.execute(f"""
        SELECT pid, (content >> 64)::UBIGINT, (content & 18446744073709551615::UHUGEINT)::UBIGINT
        FROM content WHERE pid IN ({pids})
    """).to_arrow_table()
    texts = [str(high << 64 | low) for high, low in zip(halves[1].to_pylist(), halves[2].to_pylist(), strict=True)]
    return pa.table({"pid": halves[0], "text": pa.array(texts, pa.string())})


def load_profiles(con: duckdb.DuckDBPyConnection, records: pa.Table) -> None:
    """Create ``rec`` (row, record_id, role, tube_code, pid), ``content`` (pid, content) and ``profile`` from a
    RECORDS table; ``row`` counts its rows from 0."""
    given = records.append_column("row", pa.arange(0, records.num_rows).cast(pa.int32()))
    given = given.append_column("name_key", _name_keys(records["name"]))
    # DuckDB gives each thread one batch at a time.
    con.register("records_in", pa.Table.from_batches(given.to_batches(max_chunksize=_BATCH), given.schema))
    _number(con)
    con.execute("""
        CREATE TEMP TABLE rec AS
        SELECT h.row, h.record_id, h.role, h.tube_code, n.pid FROM hashed h JOIN numbered n USING (content)
    """)
    con.execute("DROP TABLE hashed")
    con.execute("CREATE TEMP TABLE content AS SELECT pid, content FROM numbered")
    _describe(con)
    con.execute("DROP TABLE numbered")
    con.unregister("records_in")


def _name_keys(names: pa.ChunkedArray) -> pa.ChunkedArray:
    """``name_key`` of every name, "" where it has none. Names of plain characters are their own key."""
    distinct = pc.unique(names).drop_null()
    plain = pc.and_not(pc.match_substring_regex(distinct, _PLAIN_NAME), pc.match_substring(distinct, "某"))
    odd = distinct.filter(pc.invert(plain))
    keys = pa.array([name_key(name) or "" for name in odd.to_pylist()], pa.string())
    return pc.coalesce(pc.take(keys, pc.index_in(names, value_set=odd)), names)


def _number(con: duckdb.DuckDBPyConnection) -> None:
    """``hashed``: the records with the hash of their content; ``numbered``: each content once, in its order."""
    content = ", ".join(f"coalesce({field}::VARCHAR, '')" for field in CONTENT)
    con.execute(f"""
        CREATE TEMP TABLE hashed AS
        SELECT row, record_id, role, tube_code, coalesce(id_is_valid, true) AS id_is_valid,
               md5_number(concat_ws(chr(31), {content},
                   CASE WHEN room IS NULL THEN coalesce(address, '') ELSE '' END,
                   CASE WHEN coalesce(id_number, phone, room) IS NULL
                        THEN coalesce(tube_code, '') ELSE '' END)) AS content
        FROM (SELECT * REPLACE ({_ID_TYPE} AS id_type) FROM records_in)
    """)
    con.execute("""
        CREATE TEMP TABLE numbered AS
        SELECT (row_number() OVER (ORDER BY content) - 1)::INTEGER AS pid, * FROM (
            SELECT content, min(row) AS example, bool_and(id_is_valid) AS id_is_valid,
                   bool_or(role = 'roster') AS on_roster, count(*)::INTEGER AS copies
            FROM hashed GROUP BY content)
    """)


def _describe(con: duckdb.DuckDBPyConnection) -> None:
    """``profile``: what the first record of each content says, and what follows from it."""
    con.execute(f"""
        CREATE TEMP TABLE profile AS
        SELECT * EXCLUDE (row, sex, birth_on, is_resident), {_CODES},
               coalesce(birth_on, CASE WHEN is_resident THEN try_strptime(id_number[7:14], '%Y%m%d')::DATE END)
                   AS birth_on,
               coalesce(sex, CASE WHEN NOT is_resident THEN NULL
                                  WHEN id_number[17] IN ('1', '3', '5', '7', '9') THEN 'male' ELSE 'female' END) AS sex
        FROM (SELECT *, {_ANCHOR} AS anchor, id_type = 'resident_id' AND anchor IS NOT NULL AS is_resident FROM (
              SELECT r.* REPLACE (nullif(name_key, '') AS name_key, {_ID_TYPE} AS id_type,
                                  CASE WHEN room IS NULL THEN address END AS address),
                     n.pid, n.id_is_valid, n.on_roster, n.copies
              FROM (SELECT row, {", ".join(CONTENT)}, address FROM records_in) r
              JOIN numbered n ON n.example = r.row))
    """)
