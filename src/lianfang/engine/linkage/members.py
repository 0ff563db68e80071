"""From joined bases to MEMBERS: which record is whom, under a name made from content."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.linkage.contract import MEMBERS
from lianfang.engine.linkage.profiles import content_texts

How = tuple[str, float]


def load_people(con: duckdb.DuckDBPyConnection, root: Mapping[int, int], how: Mapping[int, How]) -> None:
    """Create ``person`` (pid, base, person, how, score) and ``person_name`` (number, person, person_key).

    ``root``: the smallest base of those that were joined, per base; ``how`` and probability that a base belongs.
    """
    bases = sorted(root.keys() | how.keys())
    con.register(
        "joined_in",
        pa.table(
            {
                "base": pa.array(bases, pa.int32()),
                "root": pa.array([root.get(base, base) for base in bases], pa.int32()),
                "how": pa.array([how[base][0] if base in how else None for base in bases], pa.string()),
                "score": pa.array([how[base][1] if base in how else 1.0 for base in bases], pa.float64()),
            }
        ),
    )
    con.execute("""
        CREATE TEMP TABLE person AS
        SELECT b.pid, b.base, coalesce(j.root, b.base) AS person, j.how, j.score
        FROM base b LEFT JOIN joined_in j USING (base)
    """)
    _load_names(con)
    con.unregister("joined_in")


def _load_names(con: duckdb.DuckDBPyConnection) -> None:
    """The name of a person is the hash of the document, else of the roster's entry, else of the first record. Only
    a disputed document can be that of several people: then the entry is hashed with it."""
    con.execute("""
        CREATE TEMP TABLE canon AS
        WITH first AS (
            SELECT person, min(pid) FILTER (on_roster) AS entry, min(pid) AS pid
            FROM person JOIN profile USING (pid) GROUP BY person),
        joined AS (
            SELECT j.root AS person, min(p.anchor) AS anchor
            FROM joined_in j JOIN profile p ON p.pid = j.base GROUP BY j.root)
        SELECT f.person, coalesce(f.entry, f.pid) AS pid, least(p.anchor, j.anchor) AS anchor
        FROM first f JOIN profile p ON p.pid = f.person LEFT JOIN joined j ON j.person = f.person
    """)
    con.execute("""
        CREATE TEMP TABLE shared AS
        SELECT anchor FROM canon
        WHERE anchor IN (SELECT p.anchor FROM base b JOIN profile p USING (pid) WHERE b.disputed)
        GROUP BY anchor HAVING count(*) > 1
    """)
    needed = "SELECT pid FROM canon WHERE anchor IS NULL OR anchor IN (SELECT anchor FROM shared)"
    con.register("content_in", content_texts(con, needed))
    con.execute("""
        CREATE TEMP TABLE person_name AS
        SELECT (row_number() OVER () - 1)::INTEGER AS number, person,
               left(md5(concat_ws('|', c.anchor, t.text)), 16) AS person_key
        FROM canon c LEFT JOIN content_in t USING (pid)
    """)
    con.unregister("content_in")


def members(con: duckdb.DuckDBPyConnection, records: pa.Table) -> pa.Table:
    """MEMBERS of ``records`` in the order of their numbers."""
    keys = con.execute("SELECT person_key FROM person_name ORDER BY number").to_arrow_table()["person_key"]
    told = con.execute("""
        WITH several AS (SELECT base FROM person GROUP BY base HAVING count(*) > 1)
        SELECT n.number,
               CASE WHEN p.how = 'decided' THEN 'decided'
                    WHEN q.anchor IS NOT NULL AND (s.base IS NOT NULL OR q.copies > 1) THEN 'identity'
                    WHEN p.how IS NOT NULL THEN p.how
                    WHEN q.copies = 1 THEN 'alone'
                    WHEN q.name_h IS NOT NULL AND q.phone_h IS NOT NULL THEN 'name+phone'
                    WHEN q.name_h IS NOT NULL AND q.room_h IS NOT NULL THEN 'name+room'
                    ELSE 'same_row' END AS how,
               CASE WHEN p.how = 'scored' AND NOT (q.anchor IS NOT NULL AND (s.base IS NOT NULL OR q.copies > 1))
                    THEN p.score ELSE 1.0 END AS score
        FROM person p JOIN profile q USING (pid) JOIN person_name n USING (person)
        LEFT JOIN several s ON s.base = p.base ORDER BY pid
    """).to_arrow_table()
    told = told.take(con.execute("SELECT pid FROM rec ORDER BY row").to_arrow_table()["pid"])
    numbers = records["record_id"]
    table = pa.table(
        {"record_id": numbers, "person_key": keys.take(told["number"]), "how": told["how"], "score": told["score"]}
    )
    if not pc.all(pc.less(numbers[:-1], numbers[1:])).as_py():
        table = table.sort_by("record_id")
    return MEMBERS.conform(table)
