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

from lianfang.engine.linkage.names import name_key

CONTENT = (
    "name_key", "id_type", "id_number", "id_mask", "phone", "phone_mask", "sex", "birth_on",
    "community", "compound", "building", "unit", "room",
)  # fmt: skip
_SEPARATOR = "\x1f"

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
CASE WHEN regexp_full_match(coalesce(id_number, id_mask), '{_EIGHTEEN}') THEN 'resident_id' ELSE id_type END
"""


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


# SQL: the record_key of a profile's ``content``.
KEY = "lower(lpad(format('{{:x}}', {content}), 32, '0'))[:16]"


def load_profiles(con: duckdb.DuckDBPyConnection, records: pa.Table) -> None:
    """Create ``rec`` (record_id, role, tube_code, pid) and ``profile`` from a RECORDS table."""
    con.register("records_given", records)
    con.execute(f"CREATE TEMP VIEW records_in AS SELECT * REPLACE ({_ID_TYPE} AS id_type) FROM records_given")
    _load_name_keys(con)
    content = ", ".join(f"coalesce({field}::VARCHAR, '')" for field in CONTENT)
    con.execute(f"""
        CREATE TEMP TABLE hashed AS
        SELECT record_id, role, tube_code, md5_number(concat_ws(chr(31), {content},
            CASE WHEN room IS NULL THEN coalesce(address, '') ELSE '' END,
            CASE WHEN coalesce(id_number, phone, room) IS NULL
                 THEN coalesce(tube_code, '') ELSE '' END)) AS content, id_is_valid
        FROM (SELECT r.*, coalesce(k.name_key, r.name) AS name_key
              FROM records_in r LEFT JOIN odd_name k ON k.name = r.name)
    """)
    con.execute("""
        CREATE TEMP TABLE numbered AS
        SELECT (row_number() OVER (ORDER BY content) - 1)::INTEGER AS pid, * FROM (
            SELECT content, min(record_id) AS example, bool_and(coalesce(id_is_valid, true)) AS id_is_valid,
                   bool_or(role = 'roster') AS on_roster, count(*)::INTEGER AS copies
            FROM hashed GROUP BY content)
    """)
    con.execute("""
        CREATE TEMP TABLE rec AS
        SELECT h.record_id, h.role, h.tube_code, n.pid FROM hashed h JOIN numbered n USING (content)
    """)
    con.execute("DROP TABLE hashed")
    con.execute(f"""
        CREATE TEMP TABLE profile AS
        SELECT * EXCLUDE (sex, birth_on, is_resident),
               coalesce(birth_on, CASE WHEN is_resident THEN try_strptime(id_number[7:14], '%Y%m%d')::DATE END)
                   AS birth_on,
               coalesce(sex, CASE WHEN NOT is_resident THEN NULL
                                  WHEN id_number[17] IN ('1', '3', '5', '7', '9') THEN 'male' ELSE 'female' END) AS sex
        FROM (SELECT *, {_ANCHOR} AS anchor, id_type = 'resident_id' AND anchor IS NOT NULL AS is_resident FROM (
              SELECT n.pid, n.content, {_columns()},
                     n.id_is_valid, CASE WHEN r.room IS NULL THEN r.address END AS address, n.on_roster, n.copies
              FROM numbered n JOIN records_in r ON r.record_id = n.example
              LEFT JOIN odd_name k ON k.name = r.name))
    """)
    con.execute("DROP TABLE numbered")
    con.execute("DROP VIEW records_in")
    con.unregister("records_given")


def _columns() -> str:
    """The fields of CONTENT from a record ``r`` whose odd name has the key ``k``."""
    return "nullif(coalesce(k.name_key, r.name), '') AS name_key, " + ", ".join(f"r.{f}" for f in CONTENT[1:])


def _load_name_keys(con: duckdb.DuckDBPyConnection) -> None:
    """Names of plain characters are their own key; only the others go through Python."""
    odd = con.execute("""
        SELECT DISTINCT name FROM records_in WHERE name IS NOT NULL
           AND (NOT regexp_full_match(name, '[\\x{4e00}-\\x{9fff}]+') OR contains(name, '某'))
    """).fetchall()
    names = [name for (name,) in odd]
    keys = pa.table(
        {
            "name": pa.array(names, pa.string()),
            "name_key": pa.array([name_key(name) or "" for name in names], pa.string()),
        }
    )
    con.register("odd_name_in", keys)
    con.execute("CREATE TEMP TABLE odd_name AS SELECT * FROM odd_name_in")
    con.unregister("odd_name_in")
