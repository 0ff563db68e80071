"""Which pairs are worth comparing, and what is known of each side: blocking and features."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.comparisons import chinese_model
from lianfang.engine.linkage.contract import Settings
from lianfang.engine.linkage.names import SOFTENED_SQL, compare_names, masked_level_sql, spoken
from lianfang.engine.linkage.profiles import CODES
from lianfang.engine.linkage.scoring import Model, block, compare, score

# Blocking keys, by columns of ``feature``: hashes, so that equal means equal for all that blocking needs.
_RULES: tuple[tuple[str, ...], ...] = (
    ("phone",),
    ("building", "room", "surname"),
    ("building", "room", "around"),
    ("room", "estate"),
    ("sound", "phone_end"),
    ("sound", "phone_head"),
    ("sound", "birth_on"),
    ("sound", "building"),
    ("sound", "community"),
    ("sound", "compound"),
    ("id_end",),
    ("id_head", "surname"),
    ("id_birth", "sound"),
    ("id_start", "sound"),
    ("id_last", "sound"),
)
# Keys that only a masked value needs: what is left of it, with the surname or the place.
_MASK_RULES: tuple[tuple[str, ...], ...] = (
    ("id_tail", "surname"),
    ("id_tail", "phone_tail"),
    ("id_tail", "building"),
    ("phone_tail", "surname"),
    ("phone_tail", "building"),
    ("building", "surname", "door"),
)
_TUBE_RULES: tuple[tuple[str, ...], ...] = (
    ("tube_code", "surname"),
    ("tube_code", "phone_tail"),
    ("tube_code", "id_tail"),
)
# What strangers may share of where they live: name, SQL of the key, what must be given.
_PLACES = (
    ("room", "community_h, compound_h, building_h, unit_h, room_h", "room"),
    ("building", "community_h, compound_h, building_h", "building"),
    ("community", "coalesce(community_h, compound_h)", "coalesce(community, compound)"),
)
_WHOLE_ID = "CASE WHEN length(p.id_number) >= 12 THEN hash({}) END"
_TAIL = """CASE WHEN p.{mask} IS NULL OR right(p.{mask}, 4) NOT LIKE '%*%'
    THEN {nullable} END"""
_FEATURES = {
    "sound": "f.sound_h",
    "surname": "f.surname_h",
    "phone": "p.phone_h",
    "phone_end": "CASE WHEN p.phone IS NOT NULL THEN hash(right(p.phone, 4)) END",
    "phone_head": "CASE WHEN p.phone IS NOT NULL THEN hash(left(p.phone, 7)) END",
    "birth_on": "p.birth_on",
    "community": "p.community_h",
    "compound": "p.compound_h",
    "building": "p.building_h",
    "room": "p.room_h",
    "around": "hash(p.community_h, p.compound_h, p.unit_h)",
    "estate": "CASE WHEN p.building IS NULL THEN coalesce(p.community_h, p.compound_h) END",
    "door": "hash(p.unit_h, p.room_h)",
    "id_end": _WHOLE_ID.format("right(p.id_number, 8)"),
    "id_head": _WHOLE_ID.format("left(p.id_number, 14)"),
    "id_birth": _WHOLE_ID.format("p.id_number[7:14]"),
    "id_start": _WHOLE_ID.format("left(p.id_number, 12)"),
    "id_last": _WHOLE_ID.format("right(p.id_number, 4)"),
    "id_tail": _TAIL.format(
        mask="id_mask",
        nullable="CASE WHEN coalesce(p.id_number, p.id_mask) IS NOT NULL "
        "THEN hash(right(coalesce(p.id_number, p.id_mask), 4)) END",
    ),
    "phone_tail": _TAIL.format(
        mask="phone_mask",
        nullable="CASE WHEN coalesce(p.phone, p.phone_mask) IS NOT NULL "
        "THEN hash(right(coalesce(p.phone, p.phone_mask), 4)) END",
    ),
}


def distinct_names(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Every name among the profiles once: ``name_h``, ``name_key``."""
    return con.execute("SELECT DISTINCT name_h, name_key FROM profile WHERE name_h IS NOT NULL").to_arrow_table()


def sounds_of(names: pa.Table) -> pa.Table:
    """The names with ``sound`` and ``surname`` as they are spoken; null for what is masked."""
    sounds = [spoken(key) for key in names["name_key"].to_pylist()]
    named = names.append_column("sound", pa.array([whole for whole, _ in sounds], pa.string()))
    return named.append_column("surname", pa.array([first for _, first in sounds], pa.string()))


def scored_pairs(
    con: duckdb.DuckDBPyConnection, settings: Settings, sounds: Callable[[], pa.Table] | None = None
) -> bool:
    """Create ``scored`` (l, r, log_odds, the level of each comparison) for who is not yet linked for sure.

    Returns false, and creates nothing, where everybody is. ``sounds`` gives ``sounds_of`` the ``distinct_names``
    where somebody is at it already.
    """
    _open_profiles(con)
    counted = con.execute("SELECT count(*) FROM open_profile").fetchone()
    if not counted or counted[0] == 0:
        return False
    _told(con)
    _features(con, sounds() if sounds is not None else sounds_of(distinct_names(con)))
    _candidates(con, settings)
    name_levels(con)
    _drop_hopeless(con)
    sides(con)
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


def _features(con: duckdb.DuckDBPyConnection, sounds: pa.Table) -> None:
    """``form`` per name (sound, surname's sound, frequencies); ``feature`` per profile, the blocking keys."""
    _population(con)
    con.register("sounds_in", sounds)
    sound, surname = (SOFTENED_SQL.format(sound=name) for name in ("sound", "surname"))
    con.execute(f"""
        CREATE TEMP TABLE form AS
        WITH seen AS (SELECT name_h, count(DISTINCT base)::DOUBLE AS times FROM appearance
                      WHERE name_h IS NOT NULL GROUP BY name_h),
             hashed AS (SELECT n.name_h, name_key, greatest(s.times, 1.0) AS times,
                               CASE WHEN sound IS NOT NULL THEN hash({sound}) END AS sound_h,
                               CASE WHEN surname IS NOT NULL THEN hash({surname}) END AS surname_h
                        FROM sounds_in n LEFT JOIN seen s ON s.name_h = n.name_h)
        SELECT name_h, name_key, sound_h, surname_h, (times - 0.5) / people AS name_tf,
               (sum(times) OVER (PARTITION BY sound_h) - 0.5) / people AS sound_tf,
               least(sum(times) OVER (PARTITION BY surname_h) / people, 1.0) AS surname_tf
        FROM hashed, population
    """)
    con.unregister("sounds_in")
    columns = ", ".join(f"{sql} AS {name}" for name, sql in _FEATURES.items())
    con.execute(f"""
        CREATE TEMP TABLE feature AS
        SELECT p.pid AS id, {columns},
               p.id_mask IS NOT NULL OR p.phone_mask IS NOT NULL OR contains(p.name_key, '*') AS is_masked
        FROM profile p ANTI JOIN told USING (pid) LEFT JOIN form f USING (name_h)
    """)


def _told(con: duckdb.DuckDBPyConnection) -> None:
    """``told`` (pid): profiles that say nothing which the roster's entry of the same document does not say:
    comparing them again would only repeat its pairs."""
    agrees = " AND ".join(f"(p.{field} IS NULL OR p.{field} = e.{field})" for field in (*CODES, "id_number"))
    con.execute(f"""
        CREATE TEMP TABLE told AS
        WITH entry AS (SELECT b.base, min(b.pid) AS entry FROM base b JOIN profile p USING (pid)
                       WHERE p.on_roster AND p.anchor IS NOT NULL GROUP BY b.base)
        SELECT p.pid FROM base b JOIN entry n ON n.base = b.base AND n.entry <> b.pid
        JOIN profile p ON p.pid = b.pid JOIN profile e ON e.pid = n.entry
        WHERE p.phone_mask IS NULL AND {agrees}
    """)


def _population(con: duckdb.DuckDBPyConnection) -> None:
    """``appearance`` (pid, base, name_h, phone_h) and ``population`` (people): whom chance agreements are
    measured on. The roster where there is one, since it has everybody about once."""
    has_roster = con.execute("SELECT bool_or(on_roster) FROM profile").fetchone()
    if has_roster and has_roster[0]:
        whom = "p.on_roster"
    else:
        row = con.execute("""
            SELECT role FROM rec GROUP BY role ORDER BY count(DISTINCT pid) DESC, role LIMIT 1
        """).fetchone()
        whom = f"p.pid IN (SELECT pid FROM rec WHERE role = '{row[0] if row else ''}')"
    keys = ", ".join(f"CASE WHEN {given} IS NOT NULL THEN hash({key}) END AS {name}" for name, key, given in _PLACES)
    con.execute(f"""
        CREATE TEMP TABLE appearance AS
        SELECT p.pid, b.base, p.name_h, p.phone_h, {keys} FROM profile p JOIN base b USING (pid) WHERE {whom}
    """)
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
        SELECT f.* FROM feature f JOIN profile p ON p.pid = f.id JOIN base b ON b.pid = f.id
        WHERE p.anchor IS NOT NULL AND NOT b.rostered AND (SELECT bool_or(rostered) FROM base)
    """)
    con.execute("""
        CREATE TEMP TABLE settled_open AS
        SELECT f.* FROM feature f JOIN profile p ON p.pid = f.id SEMI JOIN settled s ON s.pid = f.id
        WHERE p.anchor IS NULL
    """)
    _tubed(con)
    for left, right, rules in (
        ("open_feature", "feature", _RULES),
        ("open_masked", "feature", _MASK_RULES),
        ("stray", "settled_open", _RULES),
        ("open_result_tubed", "sample_tubed", _TUBE_RULES),
        ("open_sample_tubed", "result_tubed", _TUBE_RULES),
    ):
        block(con, left, right, rules, limit)
        con.execute(f"CREATE OR REPLACE TEMP TABLE from_{left} AS FROM candidate")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        WITH met AS (
            SELECT l, r, bool_or(same_tube) AS same_tube FROM (
                SELECT l, r, false AS same_tube FROM from_open_feature UNION ALL
                SELECT l, r, false FROM from_open_masked UNION ALL SELECT l, r, false FROM from_stray UNION ALL
                SELECT l, r, true FROM from_open_result_tubed UNION ALL
                SELECT l, r, true FROM from_open_sample_tubed UNION ALL
                SELECT l, r, list_contains(kinds, 'name+tube') FROM exact WHERE NOT clear)
            GROUP BY l, r)
        SELECT c.* FROM met c JOIN base a ON a.pid = l JOIN base b ON b.pid = r
        JOIN profile p ON p.pid = l JOIN profile q ON q.pid = r
        ANTI JOIN (SELECT l, r FROM exact WHERE clear) e ON e.l = c.l AND e.r = c.r
        WHERE a.base <> b.base AND (p.anchor IS NULL OR q.anchor IS NULL OR p.id_type IS DISTINCT FROM q.id_type)
    """)


def _tubed(con: duckdb.DuckDBPyConnection) -> None:
    """``result_tubed``, ``sample_tubed``: what is in the tubes of open profiles; ``open_…``: the open ones of them.

    A tube tells who a result is about. Two samples of one tube are two people who queued together.
    """
    con.execute("""
        CREATE TEMP TABLE tubed AS
        WITH open_tube AS (SELECT DISTINCT tube_code FROM rec SEMI JOIN open_profile o ON o.id = rec.pid
                           WHERE tube_code IS NOT NULL),
             t AS (SELECT DISTINCT pid, tube_code, role = 'results' AS is_result FROM rec
                   SEMI JOIN open_tube USING (tube_code))
        SELECT f.id, f.surname, f.phone_tail, f.id_tail, t.tube_code, t.is_result FROM t JOIN feature f ON f.id = t.pid
    """)
    for kind, condition in (("result", "is_result"), ("sample", "NOT is_result")):
        con.execute(f"CREATE TEMP TABLE {kind}_tubed AS SELECT * FROM tubed WHERE {condition}")
        con.execute(f"""
            CREATE TEMP TABLE open_{kind}_tubed AS SELECT t.* FROM {kind}_tubed t SEMI JOIN open_profile USING (id)
        """)


def sides(con: duckdb.DuckDBPyConnection) -> None:
    """``side``: everything compared, of the profiles that some candidate pair has."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE own AS
        SELECT * FROM profile SEMI JOIN (SELECT l AS pid FROM candidate UNION SELECT r FROM candidate) USING (pid)
    """)
    con.execute("""
        CREATE TEMP TABLE side AS
        WITH phones AS (SELECT phone_h, count(DISTINCT base)::DOUBLE AS times FROM appearance
                        SEMI JOIN own USING (phone_h) GROUP BY phone_h)
        SELECT p.pid AS id, p.id_type, p.id_number, p.id_mask, p.phone, p.phone_mask, p.sex, p.birth_on,
               p.community, p.compound, p.building, p.unit, p.room, f.name_tf, f.sound_tf, f.surname_tf,
               (coalesce(h.times, 1) - 0.95) / (SELECT people FROM population) AS phone_tf,
               length(replace(substr(p.phone_mask, 4), '*', '')) AS phone_shown,
               CASE WHEN length(p.id_mask) > 6 THEN length(replace(substr(p.id_mask, 7), '*', ''))
                    ELSE length(replace(p.id_mask, '*', '')) END AS id_shown
        FROM own p LEFT JOIN form f USING (name_h) LEFT JOIN phones h USING (phone_h)
    """)
    con.execute("DROP TABLE own")


def name_levels(con: duckdb.DuckDBPyConnection) -> None:
    """``candidate.name_level``: compared once per pair of names, not per pair of people. Han names that differ in
    more than a character and in sound are told apart at once."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE name_pair AS
        SELECT DISTINCT l.name_h AS a, r.name_h AS b FROM candidate c
        JOIN profile l ON l.pid = c.l JOIN profile r ON r.pid = c.r
        WHERE l.name_h IS NOT NULL AND r.name_h IS NOT NULL
    """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE name_met AS
        SELECT p.*, l.name_key AS left_key, r.name_key AS right_key, l.sound_h AS left_sound, r.sound_h AS right_sound
        FROM name_pair p JOIN form l ON l.name_h = p.a JOIN form r ON r.name_h = p.b
    """)
    met = con.execute("""
        SELECT a, b, left_key, right_key FROM (
            SELECT *, list_distinct(string_split(left_key, '')) AS left_characters,
                   list_distinct(string_split(right_key, '')) AS right_characters
            FROM name_met WHERE a <> b AND NOT contains(left_key, '*') AND NOT contains(right_key, '*'))
        WHERE left_sound = right_sound OR regexp_matches(left_key || right_key, '[ -~]')
           OR len(list_intersect(left_characters, right_characters))
              >= greatest(len(left_characters), len(right_characters)) - 1
    """).to_arrow_table()
    levels = map(compare_names, met["left_key"].to_pylist(), met["right_key"].to_pylist())
    con.register("compared_in", met.append_column("level", pa.array(levels, pa.string())))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE name_level AS
        SELECT a, b, level FROM compared_in UNION ALL
        SELECT a, b, {masked_level_sql("left_key", "right_key")} FROM name_met
        WHERE contains(left_key, '*') OR contains(right_key, '*')
    """)
    con.unregister("compared_in")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT c.*, CASE WHEN l.name_h IS NULL OR r.name_h IS NULL THEN NULL
                         WHEN n.level IS NOT NULL THEN n.level
                         WHEN l.name_h = r.name_h THEN 'same'
                         WHEN l.name_key[1] = r.name_key[1] THEN 'surname' ELSE 'different' END AS name_level
        FROM candidate c JOIN profile l ON l.pid = c.l JOIN profile r ON r.pid = c.r
        LEFT JOIN name_level n ON n.a = l.name_h AND n.b = r.name_h
    """)


def _drop_hopeless(con: duckdb.DuckDBPyConnection) -> None:
    """Different names need a document to become one person: the others, mostly people of one household, are not
    worth comparing."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT c.* FROM candidate c JOIN profile l ON l.pid = c.l JOIN profile r ON r.pid = c.r
        WHERE coalesce(name_level NOT IN ('different', 'surname'), true)
           OR (coalesce(l.id_number, l.id_mask) IS NOT NULL AND coalesce(r.id_number, r.id_mask) IS NOT NULL)
    """)


def measured_model(con: duckdb.DuckDBPyConnection, settings: Settings) -> Model:
    """The model with what strangers share by accident in this data. Counts are integers until the last
    division, so that the order in which threads add them up cannot show."""
    people = con.execute("SELECT people FROM population").fetchone()
    chances = {
        name: _chance(con, f"SELECT {name} AS key FROM appearance WHERE {name} IS NOT NULL") for name, _, _ in _PLACES
    }
    chances["tube"] = _chance(con, "SELECT DISTINCT hash(tube_code) AS key, pid FROM rec WHERE tube_code IS NOT NULL")
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
