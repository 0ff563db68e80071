"""What contradicts what among the people that were linked.

Everything is looked for among the profiles (pid) and people (person), which are integers; the records of what was
found, the names of people and the values are fetched at the end.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.contract import CONFLICTS, RECORDS, Settings
from lianfang.engine.linkage.profiles import content_texts, load_profiles

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
        con.register("members_in", members)
        con.execute("""
            CREATE TEMP TABLE person AS
            SELECT pid, min(pid) OVER (PARTITION BY person_key) AS person, person_key
            FROM (SELECT DISTINCT r.pid, m.person_key FROM rec r JOIN members_in m USING (record_id))
        """)
        con.execute("CREATE TEMP TABLE person_name AS SELECT DISTINCT person, person_key FROM person")
        con.unregister("members_in")
        return conflicts_among(con, settings)


def conflicts_among(con: duckdb.DuckDBPyConnection, settings: Settings) -> pa.Table:
    """``find_conflicts`` on a connection that holds ``rec``, ``profile`` and ``content``, ``person`` (pid, person) and
    ``person_name`` (person, person_key)."""
    con.execute("CREATE TEMP TABLE found (kind VARCHAR, field VARCHAR, grp VARCHAR, pid INTEGER, of_roster BOOLEAN)")
    _identity_names(con)
    _failed_checks(con)
    _near_numbers(con)
    _phone_shared(con, settings)
    _several_rooms(con)
    _room_identities(con)
    _repeated_rows(con)
    return _table(con)


def _identity_names(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        INSERT INTO found
        SELECT 'identity_names', 'name', anchor, pid, false FROM profile SEMI JOIN (
            SELECT anchor FROM profile
            WHERE anchor IS NOT NULL AND name_key IS NOT NULL AND NOT contains(name_key, '*')
            GROUP BY anchor HAVING min(name_key) <> max(name_key)) USING (anchor)
        WHERE name_key IS NOT NULL
    """)


def _failed_checks(con: duckdb.DuckDBPyConnection) -> None:
    """Numbers that fail their check, alone or beside the whole one."""
    con.execute("""
        INSERT INTO found
        SELECT 'identity_digit', 'id_number', 'check:' || n.person_key, q.pid, false
        FROM (SELECT DISTINCT p.person FROM profile JOIN person p USING (pid)
              WHERE id_number IS NOT NULL AND NOT id_is_valid)
        JOIN person_name n USING (person) JOIN person p USING (person) JOIN profile q ON q.pid = p.pid
        WHERE q.id_number IS NOT NULL
    """)


def _near_numbers(con: duckdb.DuckDBPyConnection) -> None:
    """Whole numbers under one name that differ in one or two digits.

    Two people of one name on the roster, each with a whole number, are two people, whatever the kind of number is
    called elsewhere: one of the two must stand nowhere on the roster. Numbers without day of birth and check digit
    are alike by accident: a phone or a room must agree as well.
    """
    con.execute("""
        CREATE TEMP TABLE loose AS
        SELECT DISTINCT p.name_key, p.id_number FROM profile p
        ANTI JOIN (SELECT name_key, id_number FROM profile WHERE on_roster AND anchor IS NOT NULL) e
          ON e.id_number = p.id_number AND e.name_key = p.name_key
        WHERE NOT p.on_roster AND p.anchor IS NOT NULL AND p.name_key IS NOT NULL AND length(p.id_number) >= 8
    """)
    # A pair of numbers one or two digits apart keeps one of its thirds unharmed: three keys find them all.
    con.execute("""
        CREATE TEMP TABLE number AS
        SELECT *, unnest([left(id_number, length(id_number) // 3),
                          id_number[length(id_number) // 3 + 1 : 2 * (length(id_number) // 3)],
                          '>' || substr(id_number, 2 * (length(id_number) // 3) + 1)]) AS part,
               unnest([1, 2, 3]) AS place
        FROM (SELECT p.name_key, p.id_type, p.id_number, p.anchor, l.id_number IS NOT NULL AS is_loose,
                     list(DISTINCT phone) AS phones,
                     list(DISTINCT concat_ws('|', compound, building, room)) FILTER (room IS NOT NULL) AS rooms
              FROM profile p SEMI JOIN (SELECT name_key FROM loose) n USING (name_key)
              LEFT JOIN loose l ON l.name_key = p.name_key AND l.id_number = p.id_number
              WHERE p.anchor IS NOT NULL AND length(p.id_number) >= 8 GROUP BY ALL)
    """)
    con.execute("""
        INSERT INTO found
        SELECT DISTINCT 'identity_digit', 'id_number', 'near:' || pair.a || '|' || pair.b, q.pid, false FROM (
            SELECT DISTINCT l.anchor AS a, r.anchor AS b, l.name_key FROM number l JOIN number r
              ON l.name_key = r.name_key AND l.id_type = r.id_type AND l.place = r.place AND l.part = r.part
            WHERE l.id_number < r.id_number AND l.anchor <> r.anchor AND (l.is_loose OR r.is_loose)
              AND (length(l.id_number) = 18 OR list_has_any(l.phones, r.phones) OR list_has_any(l.rooms, r.rooms))
              AND damerau_levenshtein(l.id_number, r.id_number) <= 2) pair
        JOIN profile q ON q.anchor IN (pair.a, pair.b) AND q.name_key = pair.name_key
    """)


def _phone_shared(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Households share phones: only several rooms, or very many people, make a conflict. Where somebody lives is
    what the roster says: other lists shorten places, and two spellings of one home are not two homes."""
    con.execute("""
        CREATE TEMP TABLE holder AS
        SELECT DISTINCT q.phone, p.person FROM profile q JOIN person p USING (pid) SEMI JOIN (
            SELECT phone FROM profile JOIN person USING (pid) WHERE phone IS NOT NULL
            GROUP BY phone HAVING min(person) <> max(person)) s ON s.phone = q.phone
    """)
    con.execute("""
        CREATE TEMP TABLE home AS
        SELECT p.person, min(concat_ws('|', q.community, q.compound, q.building, q.unit, q.room)) AS home
        FROM profile q JOIN person p USING (pid) SEMI JOIN holder h ON h.person = p.person
        WHERE q.on_roster AND q.room IS NOT NULL GROUP BY p.person
        HAVING count(DISTINCT (q.building, q.unit, q.room)) = 1
    """)
    con.execute(f"""
        INSERT INTO found SELECT 'phone_shared', 'phone', phone, pid, false FROM profile WHERE phone IN (
            SELECT phone FROM holder LEFT JOIN home USING (person) GROUP BY phone
            HAVING count(*) > {settings.phone_shared_above} OR count(DISTINCT home) > 1)
    """)


def _several_rooms(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE TEMP TABLE entered AS
        SELECT p.person, q.pid, q.community, q.compound, q.building, q.unit, q.room
        FROM profile q JOIN person p USING (pid) SEMI JOIN (
            SELECT person FROM profile JOIN person USING (pid) WHERE on_roster AND room IS NOT NULL
            GROUP BY person HAVING count(*) > 1) t ON t.person = p.person
        WHERE q.on_roster AND q.room IS NOT NULL
    """)
    con.execute("""
        INSERT INTO found
        SELECT 'several_rooms', 'place', n.person_key, e.pid, true FROM entered e JOIN person_name n USING (person)
        WHERE e.person IN (
            SELECT l.person FROM entered l JOIN entered r USING (person)
            WHERE l.pid < r.pid AND (l.room <> r.room OR l.building <> r.building OR l.unit <> r.unit
                                     OR l.community <> r.community OR l.compound <> r.compound))
    """)


def _room_identities(con: duckdb.DuckDBPyConnection) -> None:
    place = "name_key, community, compound, building, unit, room, id_type"
    given = "name_key IS NOT NULL AND room IS NOT NULL AND anchor IS NOT NULL"
    # Whoever is alone by the hash of name and place is alone.
    con.execute(f"""
        INSERT INTO found
        SELECT 'room_identities', 'id_number', concat_ws('|', {place}), pid, false
        FROM profile SEMI JOIN (
            SELECT hash({place}) AS key FROM profile WHERE {given} GROUP BY key
            HAVING min(hash(anchor)) <> max(hash(anchor))) s ON s.key = hash({place})
        WHERE {given} WINDOW w AS (PARTITION BY {place}) QUALIFY min(anchor) OVER w <> max(anchor) OVER w
    """)


def _repeated_rows(con: duckdb.DuckDBPyConnection) -> None:
    repeated = """
        SELECT pid FROM rec JOIN profile p USING (pid)
        WHERE role = 'roster' AND coalesce(id_number, id_mask, phone, phone_mask, room, address) IS NULL
        GROUP BY pid HAVING count(*) > 1"""
    con.register("repeated_in", content_texts(con, repeated))
    con.execute("INSERT INTO found SELECT 'repeated_rows', 'name_only', text, pid, true FROM repeated_in")
    con.unregister("repeated_in")


def _table(con: duckdb.DuckDBPyConnection) -> pa.Table:
    values = " ".join(f"WHEN '{field}' THEN {sql}" for field, sql in _VALUES.items())
    table = con.execute(f"""
        SELECT left(md5(f.kind || '|' || f.grp), 16) AS conflict_key, f.kind, r.record_id, n.person_key,
               f.field, CASE f.field {values} ELSE q.name_key END AS value
        FROM (SELECT DISTINCT * FROM found) f JOIN rec r ON r.pid = f.pid AND (r.role = 'roster' OR NOT f.of_roster)
        JOIN profile q ON q.pid = f.pid JOIN person p ON p.pid = f.pid JOIN person_name n USING (person)
        ORDER BY f.kind, conflict_key, value, r.record_id
    """).to_arrow_table()
    return CONFLICTS.conform(table)
