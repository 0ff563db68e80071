"""What contradicts what among the people that were linked."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.contract import CONFLICTS, RECORDS, Settings
from lianfang.engine.linkage.profiles import load_profiles

_DEFAULTS = Settings()
_PLACE = "nullif(concat_ws(' ', q.community, q.compound, q.building, q.unit, q.room), '')"
_VALUES = {
    "name": "q.name_key",
    "id_number": "coalesce(q.id_number, q.id_mask)",
    "phone": "coalesce(q.phone, q.phone_mask)",
    "place": _PLACE,
}


def find_conflicts(records: pa.Table, members: pa.Table, *, settings: Settings = _DEFAULTS) -> pa.Table:
    """CONFLICTS among ``records`` (RECORDS) as linked by ``members`` (MEMBERS).

    Kinds: ``identity_names`` one whole document with clearly different names; ``identity_digit`` a document that
    fails its check, or differs in one or two digits from another under the same name; ``phone_shared`` one phone
    of several people who share no room, or of more than ``settings.phone_shared_above``; ``several_rooms``
    one person in several rooms of the roster; ``room_identities`` one name in one room with different documents;
    ``repeated_rows`` identical roster rows with no more than a name, which may be one person or several.
    """
    with duckdb.connect(":memory:") as con:
        con.execute("SET preserve_insertion_order = false")
        load_profiles(con, RECORDS.conform(records))
        return conflicts_among(con, members, settings)


def conflicts_among(con: duckdb.DuckDBPyConnection, members: pa.Table, settings: Settings) -> pa.Table:
    """``find_conflicts`` on a connection that holds the profiles already."""
    con.register("members_in", members)
    con.execute("""
        CREATE TEMP TABLE q AS
        SELECT r.record_id, r.role, m.person_key, p.* FROM rec r JOIN profile p USING (pid)
        JOIN members_in m USING (record_id)
    """)
    con.execute("CREATE TEMP TABLE found (kind VARCHAR, field VARCHAR, grp VARCHAR, record_id BIGINT)")
    _identity_names(con)
    _identity_digit(con)
    _phone_shared(con, settings)
    _several_rooms(con)
    _room_identities(con)
    _repeated_rows(con)
    return _table(con)


def _identity_names(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("""
        SELECT anchor, list_sort(list(DISTINCT name_key)) FROM q
        WHERE anchor IS NOT NULL AND name_key IS NOT NULL AND NOT contains(name_key, '*')
        GROUP BY anchor HAVING min(name_key) <> max(name_key)
    """).fetchall()
    con.register("anchors_in", pa.table({"anchor": pa.array([row[0] for row in rows], pa.string())}))
    con.execute("""
        INSERT INTO found SELECT 'identity_names', 'name', anchor, record_id FROM q SEMI JOIN anchors_in USING (anchor)
        WHERE name_key IS NOT NULL
    """)
    con.unregister("anchors_in")


def _identity_digit(con: duckdb.DuckDBPyConnection) -> None:
    """Numbers that fail their check, alone or beside the whole one; and near-identical whole ones."""
    con.execute("""
        INSERT INTO found
        SELECT 'identity_digit', 'id_number', 'check:' || person_key, record_id FROM q
        WHERE id_number IS NOT NULL AND person_key IN (
            SELECT person_key FROM q WHERE id_number IS NOT NULL AND NOT id_is_valid)
    """)
    # Two people of one name on the roster, each with a whole number, are two people.
    numbers = """SELECT name_key, id_type, id_number, person_key, anchor, bool_or(role = 'roster') AS rostered FROM q
                 WHERE anchor IS NOT NULL AND name_key IS NOT NULL AND length(id_number) >= 8 GROUP BY ALL"""
    # A pair of numbers one or two digits apart keeps one of its thirds unharmed: three keys find them all.
    con.execute(f"""
        CREATE TEMP TABLE number AS
        SELECT *, unnest([left(id_number, length(id_number) // 3),
                          id_number[length(id_number) // 3 + 1 : 2 * (length(id_number) // 3)],
                          '>' || substr(id_number, 2 * (length(id_number) // 3) + 1)]) AS part,
               unnest([1, 2, 3]) AS place FROM ({numbers})
    """)
    con.execute("""
        INSERT INTO found
        SELECT DISTINCT 'identity_digit', 'id_number', 'near:' || pair.a || '|' || pair.b, q.record_id FROM (
            SELECT DISTINCT l.anchor AS a, r.anchor AS b, l.name_key FROM number l JOIN number r
              ON l.name_key = r.name_key AND l.id_type = r.id_type AND l.place = r.place AND l.part = r.part
            WHERE l.id_number < r.id_number AND l.anchor <> r.anchor AND NOT (l.rostered AND r.rostered)
              AND damerau_levenshtein(l.id_number, r.id_number) <= 2) pair
        JOIN q ON q.anchor IN (pair.a, pair.b) AND q.name_key = pair.name_key
    """)


def _phone_shared(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Households share phones: only several rooms, or very many people, make a conflict. Where somebody lives is
    what the roster says: other lists shorten places, and two spellings of one home are not two homes."""
    con.execute("""
        CREATE TEMP TABLE home AS
        SELECT person_key, phone, any_value(h.home) AS home FROM q
        LEFT JOIN (
            SELECT person_key, any_value(concat_ws('|', community, compound, building, unit, room)) AS home
            FROM q WHERE role = 'roster' AND room IS NOT NULL GROUP BY person_key
            HAVING count(DISTINCT (building, unit, room)) = 1) h USING (person_key)
        WHERE phone IS NOT NULL GROUP BY person_key, phone
    """)
    con.execute(f"""
        INSERT INTO found SELECT 'phone_shared', 'phone', phone, record_id FROM q WHERE phone IN (
            SELECT phone FROM home GROUP BY phone
            HAVING count(*) > {settings.phone_shared_above} OR (count(*) > 1 AND count(DISTINCT home) > 1))
    """)


def _several_rooms(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        INSERT INTO found
        SELECT 'several_rooms', 'place', person_key, record_id FROM q
        WHERE role = 'roster' AND room IS NOT NULL AND person_key IN (
            SELECT l.person_key FROM q l JOIN q r USING (person_key)
            WHERE l.role = 'roster' AND r.role = 'roster' AND l.pid < r.pid
              AND (l.room <> r.room OR l.building <> r.building OR l.unit <> r.unit
                   OR l.community <> r.community OR l.compound <> r.compound))
    """)


def _room_identities(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        INSERT INTO found
        SELECT 'room_identities', 'id_number',
               concat_ws('|', name_key, community, compound, building, unit, room, id_type), record_id
        FROM q WHERE name_key IS NOT NULL AND room IS NOT NULL AND anchor IS NOT NULL
        WINDOW w AS (PARTITION BY name_key, community, compound, building, unit, room, id_type)
        QUALIFY min(anchor) OVER w <> max(anchor) OVER w
    """)


def _repeated_rows(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        INSERT INTO found
        SELECT 'repeated_rows', 'name_only', content, record_id FROM q
        WHERE role = 'roster' AND coalesce(id_number, id_mask, phone, phone_mask, room, address) IS NULL
        QUALIFY count(*) OVER (PARTITION BY content) > 1
    """)


def _table(con: duckdb.DuckDBPyConnection) -> pa.Table:
    values = " ".join(f"WHEN '{field}' THEN {sql}" for field, sql in _VALUES.items())
    table = con.execute(f"""
        SELECT md5(f.kind || '|' || f.grp)[:16] AS conflict_key, f.kind, f.record_id, q.person_key,
               f.field, CASE f.field {values} ELSE q.name_key END AS value
        FROM (SELECT DISTINCT * FROM found) f JOIN q USING (record_id)
        ORDER BY f.kind, conflict_key, value, f.record_id
    """).to_arrow_table()
    return CONFLICTS.conform(table)
