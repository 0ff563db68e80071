"""Which pairs are worth comparing, and what is known of each side: blocking and features."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.comparisons import chinese_model
from lianfang.engine.linkage.contract import Settings
from lianfang.engine.linkage.names import compare_names, softened_pinyin
from lianfang.engine.linkage.scoring import Model, block, compare, score

_WHOLE_ID = "CASE WHEN length(id_number) >= 12 THEN {} END"
_ID_HEAD, _ID_BIRTH, _ID_END = (
    _WHOLE_ID.format(part) for part in ("left(id_number, 14)", "id_number[7:14]", "right(id_number, 8)")
)
_ANY_PLACE = "coalesce(community, '') || coalesce(compound, '') || coalesce(unit, '')"
_RULES: tuple[tuple[str, ...], ...] = (
    ("phone",),
    ("building", "room", "surname"),
    ("building", "room", _ANY_PLACE),
    ("room", "CASE WHEN building IS NULL THEN coalesce(community, compound) END"),
    ("sound", "right(phone, 4)"),
    ("sound", "left(phone, 7)"),
    ("sound", "birth_on"),
    ("sound", "building"),
    ("sound", "community"),
    ("sound", "compound"),
    (_ID_END,),
    (_ID_HEAD, "surname"),
    (_ID_BIRTH, "sound"),
    (_WHOLE_ID.format("left(id_number, 12)"), "sound"),
    (_WHOLE_ID.format("right(id_number, 4)"), "sound"),
)
# Keys that only a masked value needs: what is left of it, with the surname or the place.
_MASK_RULES: tuple[tuple[str, ...], ...] = (
    ("id_tail", "surname"),
    ("id_tail", "phone_tail"),
    ("id_tail", "building"),
    ("phone_tail", "surname"),
    ("phone_tail", "building"),
    ("building", "surname", "coalesce(unit, '') || '|' || coalesce(room, '')"),
)
_TUBE_RULES: tuple[tuple[str, ...], ...] = (
    ("tube_code", "surname"),
    ("tube_code", "phone_tail"),
    ("tube_code", "id_tail"),
)


def scored_pairs(con: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Create ``scored`` (l, r, log_odds, the level of each comparison) for who is not yet linked for sure.

    Returns false, and creates nothing, where everybody is.
    """
    _open_profiles(con)
    counted = con.execute("SELECT count(*) FROM open_profile").fetchone()
    if not counted or counted[0] == 0:
        return False
    _told(con)
    _features(con)
    _candidates(con, settings)
    sides(con)
    name_levels(con)
    _drop_hopeless(con)
    model = measured_model(con, settings)
    compare(con, "side", model, keep=_weak_columns())
    score(con, model)
    return True


def _open_profiles(con: duckdb.DuckDBPyConnection) -> None:
    """``open_profile`` (id): whose person is not settled by an exact pair.

    Settled is who has a clear exact pair with a whole document, or with the roster from outside it.
    """
    con.execute("""
        CREATE TEMP TABLE settled AS
        SELECT DISTINCT pid FROM (
            SELECT e.l AS pid FROM exact e JOIN profile r ON r.pid = e.r JOIN profile l ON l.pid = e.l
            WHERE e.clear AND (r.anchor IS NOT NULL OR l.on_roster <> r.on_roster)
            UNION ALL
            SELECT e.r FROM exact e JOIN profile r ON r.pid = e.r JOIN profile l ON l.pid = e.l
            WHERE e.clear AND (l.anchor IS NOT NULL OR l.on_roster <> r.on_roster))
    """)
    con.execute("""
        CREATE TEMP TABLE open_profile AS
        SELECT pid AS id FROM profile ANTI JOIN settled USING (pid) WHERE anchor IS NULL
    """)


def _features(con: duckdb.DuckDBPyConnection) -> None:
    """``form`` per name (sound, surname's sound, frequencies); ``feature`` per profile, the blocking keys."""
    _population(con)
    rows = con.execute("""
        SELECT name_key, count(DISTINCT base) FILTER (counted)::DOUBLE FROM (
            SELECT name_key, base, true AS counted FROM appearance UNION ALL
            SELECT DISTINCT name_key, NULL, false FROM profile)
        WHERE name_key IS NOT NULL GROUP BY name_key ORDER BY name_key
    """).fetchall()
    keys = [row[0] for row in rows]
    sounds = [softened_pinyin(key) if "*" not in key else None for key in keys]
    surnames = [softened_pinyin(key[0]) if key[0] != "*" else None for key in keys]
    table = pa.table(
        {
            "name_key": pa.array(keys, pa.string()),
            "times": pa.array([max(row[1], 1.0) for row in rows], pa.float64()),
            "sound": pa.array(sounds, pa.string()),
            "surname": pa.array(surnames, pa.string()),
        }
    )
    con.register("form_in", table)
    con.execute("""
        CREATE TEMP TABLE form AS
        SELECT name_key, sound, surname, (times - 0.5) / people AS name_tf,
               (sum(times) OVER (PARTITION BY sound) - 0.5) / people AS sound_tf,
               least(sum(times) OVER (PARTITION BY surname) / people, 1.0) AS surname_tf
        FROM form_in, population
    """)
    con.unregister("form_in")
    con.execute("""
        CREATE TEMP TABLE feature AS
        SELECT p.pid AS id, f.sound, f.surname, p.phone, p.birth_on, p.community, p.compound, p.building, p.unit,
               p.room, p.id_number, p.id_mask IS NOT NULL OR p.phone_mask IS NOT NULL
                   OR contains(p.name_key, '*') AS is_masked,
               CASE WHEN p.id_mask IS NULL OR right(p.id_mask, 4) NOT LIKE '%*%'
                    THEN right(coalesce(p.id_number, p.id_mask), 4) END AS id_tail,
               CASE WHEN p.phone_mask IS NULL OR right(p.phone_mask, 4) NOT LIKE '%*%'
                    THEN right(coalesce(p.phone, p.phone_mask), 4) END AS phone_tail
        FROM profile p ANTI JOIN told USING (pid) LEFT JOIN form f USING (name_key)
    """)


def _told(con: duckdb.DuckDBPyConnection) -> None:
    """``told`` (pid): profiles that say nothing which the roster's entry of the same document does not say:
    comparing them again would only repeat its pairs."""
    agrees = " AND ".join(
        f"(p.{field} IS NULL OR p.{field} = e.{field})"
        for field in ("name_key", "phone", "community", "compound", "building", "unit", "room", "id_number")
    )
    con.execute(f"""
        CREATE TEMP TABLE told AS
        WITH entry AS (SELECT b.base, min(b.pid) AS entry FROM base b JOIN profile p USING (pid)
                       WHERE p.on_roster AND p.anchor IS NOT NULL GROUP BY b.base)
        SELECT p.pid FROM profile p JOIN base b USING (pid) JOIN entry USING (base)
        JOIN profile e ON e.pid = entry.entry
        WHERE p.pid <> e.pid AND p.phone_mask IS NULL AND {agrees}
    """)


def _population(con: duckdb.DuckDBPyConnection) -> None:
    """``appearance`` (pid, base, name_key, phone) and ``population`` (role, people): whom chance agreements are
    measured on. The roster where there is one, since it has everybody about once."""
    row = con.execute("""
        SELECT role FROM rec GROUP BY role ORDER BY role <> 'roster', count(DISTINCT pid) DESC, role LIMIT 1
    """).fetchone()
    con.execute(
        """
        CREATE TEMP TABLE appearance AS
        SELECT p.pid, b.base, p.name_key, p.phone FROM profile p JOIN base b USING (pid)
        SEMI JOIN (SELECT pid FROM rec WHERE role = ?) r USING (pid)
        """,
        [row[0] if row else ""],
    )
    con.execute("""
        CREATE TEMP TABLE population AS SELECT count(DISTINCT base)::DOUBLE AS people FROM appearance
    """)


def _candidates(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """``candidate`` (l, r, same_tube): pairs of an open profile with anybody, and of somebody with a document
    who is not on the roster with a settled one without."""
    limit = settings.block_limit
    con.execute("CREATE TEMP TABLE open_feature AS SELECT f.* FROM feature f SEMI JOIN open_profile USING (id)")
    con.execute("CREATE TEMP TABLE open_masked AS SELECT * FROM open_feature WHERE is_masked")
    con.execute("""
        CREATE TEMP TABLE stray AS
        SELECT f.* FROM feature f JOIN profile p ON p.pid = f.id JOIN base b USING (pid)
        WHERE p.anchor IS NOT NULL AND b.base NOT IN (
              SELECT b.base FROM base b JOIN profile p USING (pid) WHERE p.on_roster)
          AND (SELECT bool_or(on_roster) FROM profile)
    """)
    con.execute("""
        CREATE TEMP TABLE settled_open AS
        SELECT f.* FROM feature f JOIN profile p ON p.pid = f.id SEMI JOIN settled s ON s.pid = f.id
        WHERE p.anchor IS NULL
    """)
    con.execute("""
        CREATE TEMP TABLE tubed AS
        SELECT DISTINCT f.*, r.tube_code FROM feature f JOIN rec r ON r.pid = f.id
        WHERE r.tube_code IN (SELECT tube_code FROM rec SEMI JOIN open_profile o ON o.id = rec.pid)
    """)
    con.execute("CREATE TEMP TABLE open_tubed AS SELECT t.* FROM tubed t SEMI JOIN open_profile USING (id)")
    for left, right, rules in (
        ("open_feature", "feature", _RULES),
        ("open_masked", "feature", _MASK_RULES),
        ("stray", "settled_open", _RULES),
        ("open_tubed", "tubed", _TUBE_RULES),
    ):
        block(con, left, right, rules, limit)
        con.execute(f"CREATE OR REPLACE TEMP TABLE from_{left} AS FROM candidate")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT l, r, bool_or(same_tube) AS same_tube FROM (
            SELECT l, r, false AS same_tube FROM from_open_feature UNION ALL
            SELECT l, r, false FROM from_open_masked UNION ALL SELECT l, r, false FROM from_stray UNION ALL
            SELECT l, r, true FROM from_open_tubed UNION ALL
            SELECT l, r, list_contains(kinds, 'name+tube') FROM exact WHERE NOT clear)
        JOIN base a ON a.pid = l JOIN base b ON b.pid = r
        JOIN profile p ON p.pid = l JOIN profile q ON q.pid = r
        WHERE a.base <> b.base AND (p.anchor IS NULL OR q.anchor IS NULL OR p.id_type IS DISTINCT FROM q.id_type)
        GROUP BY l, r
    """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT c.* FROM candidate c ANTI JOIN (SELECT l, r FROM exact WHERE clear) e ON e.l = c.l AND e.r = c.r
    """)


def sides(con: duckdb.DuckDBPyConnection) -> None:
    """``side``: everything compared, of the profiles that some candidate pair has."""
    con.execute("""
        CREATE TEMP TABLE side AS
        WITH used AS (SELECT l AS pid FROM candidate UNION SELECT r FROM candidate),
             phones AS (SELECT phone, count(DISTINCT base)::DOUBLE AS times FROM appearance
                        WHERE phone IS NOT NULL GROUP BY phone)
        SELECT p.* EXCLUDE (pid, content, copies), p.pid AS id, f.sound, f.name_tf, f.sound_tf, f.surname_tf,
               list_distinct(string_split(p.name_key, '')) AS characters,
               (coalesce(h.times, 1) - 0.95) / (SELECT people FROM population) AS phone_tf,
               length(replace(substr(p.phone_mask, 4), '*', '')) AS phone_shown,
               CASE WHEN length(p.id_mask) > 6 THEN length(replace(substr(p.id_mask, 7), '*', ''))
                    ELSE length(replace(p.id_mask, '*', '')) END AS id_shown
        FROM profile p SEMI JOIN used USING (pid)
        LEFT JOIN form f USING (name_key) LEFT JOIN phones h USING (phone)
    """)


def name_levels(con: duckdb.DuckDBPyConnection) -> None:
    """``candidate.name_level``: compared once per pair of names, not per pair of people. Han names that differ in
    more than a character and in sound are told apart at once."""
    pairs = con.execute("""
        SELECT DISTINCT l.name_key, r.name_key FROM candidate c
        JOIN side l ON l.id = c.l JOIN side r ON r.id = c.r
        WHERE l.name_key <> r.name_key AND (l.sound = r.sound OR l.sound IS NULL OR r.sound IS NULL
              OR len(list_intersect(l.characters, r.characters))
                 >= greatest(len(l.characters), len(r.characters)) - 1
              OR regexp_matches(l.name_key || r.name_key, '[ -~]'))
           OR (l.name_key = r.name_key AND l.sound IS NULL)
    """).fetchall()
    con.register(
        "name_pair",
        pa.table(
            {
                "a": pa.array([a for a, _ in pairs], pa.string()),
                "b": pa.array([b for _, b in pairs], pa.string()),
                "name_level": pa.array([compare_names(a, b) for a, b in pairs], pa.string()),
            }
        ),
    )
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT c.*, CASE WHEN l.name_key IS NULL OR r.name_key IS NULL THEN NULL
                         WHEN n.name_level IS NOT NULL THEN n.name_level
                         WHEN l.name_key = r.name_key THEN 'same'
                         WHEN l.name_key[1] = r.name_key[1] THEN 'surname' ELSE 'different' END AS name_level
        FROM candidate c JOIN side l ON l.id = c.l JOIN side r ON r.id = c.r
        LEFT JOIN name_pair n ON n.a = l.name_key AND n.b = r.name_key
    """)
    con.unregister("name_pair")


def _drop_hopeless(con: duckdb.DuckDBPyConnection) -> None:
    """Different names need a document to become one person: the others, mostly people of one household, are not
    worth comparing."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT c.* FROM candidate c JOIN side l ON l.id = c.l JOIN side r ON r.id = c.r
        WHERE coalesce(name_level NOT IN ('different', 'surname'), true)
           OR (coalesce(l.id_number, l.id_mask) IS NOT NULL AND coalesce(r.id_number, r.id_mask) IS NOT NULL)
    """)


def measured_model(con: duckdb.DuckDBPyConnection, settings: Settings) -> Model:
    """The model with what strangers share by accident in this data. Counts are integers until the last
    division, so that the order in which threads add them up cannot show."""
    people = con.execute("SELECT people FROM population").fetchone()
    known = {
        "room": ("concat_ws('|', community, compound, building, unit, room)", "room"),
        "building": ("concat_ws('|', community, compound, building)", "building"),
        "community": ("coalesce(community, compound)", "coalesce(community, compound)"),
    }
    own = "profile SEMI JOIN appearance USING (pid) WHERE true"
    chances = {
        name: _chance(con, f"SELECT {key} AS key FROM {own} AND {given} IS NOT NULL")
        for name, (key, given) in known.items()
    }
    chances["tube"] = _chance(con, "SELECT DISTINCT tube_code AS key, pid FROM rec WHERE tube_code IS NOT NULL")
    return chinese_model(people=people[0] if people else 1.0, chances=chances, settings=settings)


def _chance(con: duckdb.DuckDBPyConnection, keys: str) -> float:
    """That two different ones of ``keys`` are equal; never less than one in all of them."""
    row = con.execute(f"""
        SELECT sum(n * (n - 1))::DOUBLE, sum(n)::DOUBLE FROM (SELECT count(*)::HUGEINT AS n FROM ({keys}) GROUP BY key)
    """).fetchone()
    if row is None or not row[1] or row[1] < 2:
        return 1.0
    return float(max(row[0] / (row[1] * (row[1] - 1)), 1 / row[1]))


def _weak_columns() -> str:
    """Whether a side is little more than a name, and whether both sides name the same building."""
    nothing = " AND ".join(
        f"{{side}}.{field} IS NULL" for field in ("id_number", "id_mask", "phone", "phone_mask", "room", "birth_on")
    )
    return f""", (({nothing.format(side="l")}) OR ({nothing.format(side="r")})) AS weak,
        coalesce(l.building = r.building, false) AS same_building"""
