"""Rows of the product → the engine's fact tables; its decisions → rows. The only place that knows both."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from django.conf import settings
from django.db import connection
from django.db.models.expressions import RawSQL

from lianfang.domains.areas.models import AreaLevel
from lianfang.domains.status.area_facts import AREA_LEVELS, PLACE_ANCESTORS, RESIDENCIES
from lianfang.engine.status import Decisions, StatusFacts
from lianfang.engine.status.contract import FACT_CONTRACTS
from lianfang.foundation.copying import read_as_csv

# From so many people on, the memory that one question of a page may take is not enough.
MANY = 2_000
# %(ids)s: the people to decide on; %(tubes)s: those in which they have a swab; %(zone)s: the place's time zone. The
# engine works in local time, to the second.
_LOCAL = "date_trunc('second', {} AT TIME ZONE %(zone)s)"


def _local(column: str, name: str) -> str:
    return f"{_LOCAL.format(column)} AS {name}"


_TUBES = "SELECT unnest(%(tubes)s::bigint[])"
# OFFSET 0: looked up one by one. For some thousand people the planner would read the whole table, with every process it
# may start, which takes longer at any size of the table.
_TUBES_OF_PEOPLE = """
    SELECT DISTINCT s.tube_id FROM unnest(%(ids)s::bigint[]) AS w(person_id) CROSS JOIN LATERAL (
        SELECT tube_id FROM lab_testing_sample WHERE person_id = w.person_id OFFSET 0
    ) s
"""

FACTS: dict[str, str] = {
    "persons": f"""
        SELECT p.id AS person_id, {_local("p.created_at", "known_since")}
        FROM unnest(%(ids)s::bigint[]) AS w(person_id)
        CROSS JOIN LATERAL (SELECT id, created_at FROM registry_person WHERE id = w.person_id OFFSET 0) p
    """,
    # Everybody who shares a tube is needed; a swab of somebody on no roster still makes the tube a pool.
    "samples": f"""
        SELECT s.id AS sample_id, coalesce(s.person_id, -s.id) AS person_id, s.tube_id,
               {_local("s.sampled_at", "sampled_at")}, s.round_id, s.is_void,
               {_local("s.voided_at", "voided_at")}, {_local("s.received_at", "recorded_at")}
        FROM lab_testing_sample s JOIN unnest(%(tubes)s::bigint[]) AS w(tube_id) USING (tube_id)
    """,
    "tubes": f"""
        SELECT t.id AS tube_id, t.capacity, t.is_household, t.state = 'void' AS is_void, {
        _local("t.voided_at", "voided_at")
    } FROM lab_testing_tube t WHERE t.id IN ({_TUBES})
    """,
    "results": f"""
        SELECT r.id AS result_id, r.tube_id, r.outcome, {_local("r.tested_at", "tested_at")},
               {_local("r.reported_at", "reported_at")}, {_local("r.received_at", "received_at")}, r.laboratory,
               r.superseded_by_id AS superseded_by, {_local("r.withdrawn_at", "withdrawn_at")}
        FROM lab_testing_result r WHERE r.outcome <> '' AND r.tube_id IN ({_TUBES})
    """,
    "cases": f"""
        SELECT c.id AS case_id, c.person_id, {_local("c.found_at", "confirmed_at")}, {
        _local("c.recorded_at", "recorded_at")
    },
               {_local("c.released_at", "released_at")}, {_local("c.release_recorded_at", "release_recorded_at")}
        FROM cases_case c JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
    """,
    "obligations": f"""
        SELECT o.round_id, o.person_id, {_local("r.ends_at", "ended_at")}, {_local("r.closed_at", "recorded_at")}
        FROM lab_testing_round_person o JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
        JOIN lab_testing_round r ON r.id = o.round_id
        WHERE o.state = 'missing' AND r.state = 'closed' AND r.is_must_test AND NOT r.is_drill
    """,
    "orders": f"""
        SELECT o.id AS order_id, o.person_id, o.rule AS rule_id, o.reason, o.proposed_by_id AS proposed_by,
               o.approved_by_id AS approved_by, {_local("o.starts_at", "starts_at")}, {_local("o.ends_at", "ends_at")},
               {_local("o.approved_at", "recorded_at")}, {_local("o.withdrawn_at", "revoked_at")}, o.opened_under
        FROM status_order o JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
        WHERE o.approved_at IS NOT NULL
    """,
    "overrides": f"""
        SELECT o.id AS override_id, o.person_id, {_local("o.starts_at", "starts_at")}, {_local("o.ends_at", "ends_at")},
               {_local("o.given_at", "recorded_at")}, {_local("o.ended_at", "revoked_at")}
        FROM status_emergency_override o JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
    """,
    "exposures": f"""
        SELECT e.id AS exposure_id, e.person_id, e.category, e.anchor_on, {_local("e.opened_at", "opened_at")},
               e.opened_under, {_local("e.closed_at", "closed_at")}, {_local("e.recorded_at", "recorded_at")},
               {_local("e.withdrawn_at", "withdrawn_at")}
        FROM cases_exposure e JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
    """,
    "person_facts": f"""
        SELECT k.id AS person_fact_id, k.person_id, k.fact, k.number, nullif(k.word, '') AS word,
               {_local("k.from_at", "from_at")}, {_local("k.to_at", "to_at")}, {_local("k.recorded_at", "recorded_at")},
               {_local("k.withdrawn_at", "withdrawn_at")}
        FROM cases_person_fact k JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
    """,
}


def facts_of(person_ids: Sequence[int]) -> StatusFacts:
    """What is known of these people and of whoever shares a tube with them. The caller acts as the system."""
    given = {"ids": array_text(person_ids), "zone": settings.TIME_ZONE}
    if len(person_ids) > MANY:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(array_agg(tube_id)::text, '{{}}') FROM ({_TUBES_OF_PEOPLE}) q", given)
        (given["tubes"],) = cursor.fetchone()
    return StatusFacts(**{name: _table(name, sql, given) for name, sql in FACTS.items()}, **_areas(given))


def _areas(given: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Homes, what they lie in, and the levels there; nothing where none of these people has lived under a level. Where
    no place has ever had one nobody's history is read."""
    if not AreaLevel.objects.exists():
        return {}
    homes = _table("residencies", RESIDENCIES, given)
    if not homes.num_rows:
        return {}
    given = {**given, "places": array_text(pc.unique(homes["place_id"]).to_pylist())}
    levels = _table("area_levels", AREA_LEVELS, given)
    if not levels.num_rows:
        return {}
    above = _table("place_ancestors", PLACE_ANCESTORS, given)
    return {"residencies": homes, "place_ancestors": above, "area_levels": levels}


def array_text(ids: Iterable[int]) -> str:
    """As PostgreSQL writes an array: of fifty thousand ids much sooner made than by the driver."""
    return f"{{{','.join(map(str, ids))}}}"


def among(ids: Iterable[int]) -> RawSQL:
    """``person_id__in=among(ids)``: one value instead of fifty thousand, which take a second to fill in and to read."""
    return RawSQL("SELECT unnest(%s::bigint[])", [array_text(ids)])


def _table(name: str, sql: str, given: Mapping[str, Any]) -> pa.Table:
    """As text that Arrow reads by itself: of a hundred thousand swabs no Python object is made."""
    text = read_as_csv(sql, given)
    types = {column.name: column.type for column in FACT_CONTRACTS[name].columns}
    read = arrow_csv.ConvertOptions(
        column_types=types, null_values=[""], true_values=["t"], false_values=["f"], strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )  # fmt: skip
    return arrow_csv.read_csv(pa.py_buffer(text), parse_options=_QUOTED, convert_options=read)


_QUOTED = arrow_csv.ParseOptions(newlines_in_values=True)


def evidence_by_person(evidence: pa.Table) -> dict[tuple[int, str], str]:
    """(person, rule) → JSON list of [table, id, instant] of each fact, for the page that explains."""
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    columns = (evidence[name] for name in ("person_id", "rule_id", "evidence_table", "evidence_id"))
    instants = evidence["at_time"].cast(pa.string()).to_pylist()
    for person, rule, table, fact, at in zip(*(one.to_pylist() for one in columns), instants, strict=True):
        found[person, rule].append(f'["{table}", {fact}, {_quoted(at)}]')
    return {key: f"[{', '.join(facts)}]" for key, facts in found.items()}


def _quoted(at: str | None) -> str:
    return "null" if at is None else f'"{at}"'


def others_by_person(reasons: pa.Table) -> dict[int, str]:
    """Person → JSON list of what else holds, by rank."""
    rows = reasons.sort_by([("person_id", "ascending"), ("rank", "ascending")])
    columns = [rows[name].to_pylist() for name in ("status", "rule_id", "reason", "params")]
    untils = rows["until"].cast(pa.string()).to_pylist()
    found: dict[int, list[str]] = defaultdict(list)
    told: dict[tuple[Any, ...], str] = {}
    for person, *said in zip(rows["person_id"].to_pylist(), *columns, untils, strict=True):
        key = tuple(said)
        if key not in told:
            named = zip(("status", "rule", "reason", "params", "until"), said, strict=True)
            told[key] = json.dumps(dict(named), ensure_ascii=False)
        found[person].append(told[key])
    return {person: f"[{', '.join(others)}]" for person, others in found.items()}


# Columns of decisions as they are, and how they are called here: text, None where there is no value.
_PLAIN = (
    "person_id", "status", "rule_id", "reason", "since", "until", "is_unverified", "is_emergency", "emergency_until",
    "pack_id", "pack_version", "next_step", "appeal",
)  # fmt: skip
Texts = dict[str, list[str | None]]


def texts_of(decided: Decisions) -> Texts:
    """The decisions as columns of text that PostgreSQL reads: instants in local time, lists and objects as JSON."""
    table = decided.decisions
    texts: Texts = {name: table[name].cast(pa.string()).to_pylist() for name in _PLAIN}
    people = table["person_id"].to_pylist()
    evidence, others = evidence_by_person(decided.evidence), others_by_person(decided.reasons)
    texts["params"] = [params or "{}" for params in table["params"].to_pylist()]
    ends = [tuple(codes or ()) for codes in table["ends_when"].to_pylist()]
    as_json = {codes: json.dumps(codes) for codes in set(ends)}
    texts["ends_when"] = [as_json[codes] for codes in ends]
    texts["evidence"] = [evidence.get(key, "[]") for key in zip(people, texts["rule_id"], strict=True)]  # type: ignore[arg-type]
    texts["other_reasons"] = [others.get(person, "[]") for person in people]
    return texts
