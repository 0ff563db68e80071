"""What follows from a category that a person came under, and from the level of the area where the person lives.

Stages and table functions in the form of ``engine.status.kinds``. What the pack says stands in small tables that
``engine.status.pack_tables`` makes: ``known_openings``, ``category_plans``, ``category_stages``, ``level_rules``.
"""

from __future__ import annotations

EXPOSURES_JUDGED = """
SELECT
    e.exposure_id, e.person_id, e.category, e.recorded_at,
    CASE WHEN e.opened_under IS NULL OR e.opened_under = pack_id() THEN '' ELSE e.opened_under END AS opened_under,
    CAST(e.anchor_on AS TIMESTAMP) AS anchor_at,
    CASE WHEN e.opened_at > e.recorded_at THEN e.opened_at ELSE e.recorded_at END AS known_at,
    CASE WHEN e.closed_at <= as_of() THEN e.closed_at END AS closed_at,
    CASE
        WHEN e.withdrawn_at <= as_of() THEN 'exposure_withdrawn'
        WHEN o.opened_under IS NULL THEN 'exposure_unknown_pack'
        WHEN c.category IS NULL THEN 'exposure_unknown_category'
        ELSE 'counted'
    END AS judged
FROM exposures e
LEFT JOIN known_openings o
    ON o.opened_under = CASE WHEN e.opened_under IS NULL OR e.opened_under = pack_id() THEN '' ELSE e.opened_under END
LEFT JOIN category_plans c ON c.opened_under = o.opened_under AND c.category = e.category
WHERE e.recorded_at <= as_of()
"""

# Open ones with their whole way; also those that became known when it was over already.
EXPOSURE_PLANS = """
SELECT
    e.exposure_id, e.person_id, e.category, e.opened_under, e.anchor_at, e.known_at, e.recorded_at,
    e.anchor_at + c.ends_after AS ends_at,
    c.release_key, c.tests, c.needs_last, c.needs_all, c.needs_two, c.needs_case,
    e.anchor_at + c.first_after AS first_at,
    e.anchor_at + c.first_test_after AS first_test_at,
    e.anchor_at + c.last_test_after AS last_test_at
FROM exposures_judged e
JOIN seen_persons p ON p.person_id = e.person_id
JOIN category_plans c ON c.opened_under = e.opened_under AND c.category = e.category AND c.ends_after IS NOT NULL
WHERE e.judged = 'counted' AND e.closed_at IS NULL
"""

RELEASE_TESTS = """
SELECT
    e.exposure_id,
    max(CASE WHEN n.earliest_at >= e.last_test_at THEN 1 ELSE 0 END) AS last_negative,
    count(DISTINCT CASE WHEN n.earliest_at >= e.first_at THEN date_trunc('day', n.earliest_at) END) AS negative_days,
    min(CASE WHEN n.earliest_at >= e.first_test_at THEN n.latest_at END) AS first_negative_at,
    max(CASE WHEN n.earliest_at >= e.first_test_at THEN n.earliest_at END) AS last_negative_at
FROM exposure_plans e
JOIN person_tubes n ON n.person_id = e.person_id AND n.state = 'negative'
WHERE e.release_key IS NOT NULL AND e.ends_at <= as_of()
GROUP BY e.exposure_id
"""

_STAGE = """
SELECT
    e.person_id, s.rule_key AS rule_id,
    CASE WHEN e.known_at > e.anchor_at + s.starts_after THEN e.known_at ELSE e.anchor_at + s.starts_after END AS since,
    e.anchor_at + s.ends_after AS until, CAST(NULL AS TIMESTAMP) AS sampled_at,
    'exposure' AS evidence_table, e.exposure_id AS evidence_id, e.recorded_at AS at_time
FROM exposure_plans e
JOIN category_stages s ON s.opened_under = e.opened_under AND s.category = e.category
WHERE e.known_at <= as_of() AND e.anchor_at + s.starts_after <= as_of() AND as_of() < e.anchor_at + s.ends_after
"""

# What became known only when all was over restricts nobody afterwards.
_RELEASE = """
UNION ALL
SELECT
    e.person_id, e.release_key AS rule_id, e.ends_at AS since, CAST(NULL AS TIMESTAMP) AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at,
    'exposure' AS evidence_table, e.exposure_id AS evidence_id, e.recorded_at AS at_time
FROM exposure_plans e
LEFT JOIN release_tests t ON t.exposure_id = e.exposure_id
LEFT JOIN releases r ON r.person_id = e.person_id
{join_facts}
WHERE e.release_key IS NOT NULL AND e.known_at < e.ends_at AND e.ends_at <= as_of()
    AND NOT (
        (NOT e.needs_last OR coalesce(t.last_negative, 0) = 1)
        AND (NOT e.needs_all OR (coalesce(t.negative_days, 0) >= e.tests AND coalesce(t.last_negative, 0) = 1))
        AND (NOT e.needs_two OR coalesce(t.last_negative_at >= t.first_negative_at + INTERVAL 24 HOUR, FALSE))
        AND (NOT e.needs_case OR coalesce(r.released_at >= e.anchor_at, FALSE))
        AND {guard}
    )
"""


def category_stage(guard_by_release: dict[str, str], *, asks_release: bool) -> str:
    """Stages in force, and whom a release is still missing for; guards by the key of the release's rule."""
    if not asks_release:
        return _STAGE
    whens = " ".join(f"WHEN e.release_key = '{key}' THEN ({sql})" for key, sql in guard_by_release.items())
    guard = f"coalesce(CASE {whens} ELSE TRUE END, FALSE)" if whens else "TRUE"
    join_facts = "LEFT JOIN guard_facts f ON f.person_id = e.person_id" if whens else ""
    return _STAGE + _RELEASE.format(guard=guard, join_facts=join_facts)


CATEGORY_STAGE = category_stage({}, asks_release=True)

# The end of a level, and of living somewhere, is known from when it was recorded.
COVERED_PLACES = """
SELECT a.place_id, l.level_id, l.level, l.from_at, l.to_at, l.recorded_at
FROM (
    SELECT
        level_id, place_id, level, from_at, recorded_at,
        CASE WHEN coalesce(to_recorded_at, to_at) <= as_of() THEN to_at END AS to_at
    FROM area_levels
    WHERE recorded_at <= as_of() AND from_at <= as_of()
) l
JOIN place_ancestors a ON a.ancestor_id = l.place_id
WHERE l.to_at IS NULL OR l.to_at > as_of()
"""

HOMES = """
SELECT h.person_id, h.place_id, h.since, h.to_at
FROM (
    SELECT
        person_id, place_id, CASE WHEN from_at > recorded_at THEN from_at ELSE recorded_at END AS since,
        CASE WHEN coalesce(to_recorded_at, to_at) <= as_of() THEN to_at END AS to_at
    FROM residencies
    WHERE recorded_at <= as_of() AND (from_at IS NULL OR from_at <= as_of())
) h
JOIN seen_persons p ON p.person_id = h.person_id
WHERE h.to_at IS NULL OR h.to_at > as_of()
"""

LIVES_UNDER = """
SELECT
    h.person_id, c.level_id, c.level, c.from_at, c.recorded_at,
    CASE WHEN h.since > c.recorded_at THEN h.since ELSE c.recorded_at END AS known_at,
    CASE WHEN h.to_at IS NULL OR h.to_at > c.to_at THEN c.to_at ELSE h.to_at END AS to_at
FROM homes h
JOIN covered_places c ON c.place_id = h.place_id
"""

# A level ends when it is lowered; a rule may add a limit. Who has two homes under one level has one reason.
AREA_LEVEL = """
SELECT
    person_id, rule_id, min(since) AS since,
    CASE WHEN count(until) < count(*) THEN NULL ELSE max(until) END AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at,
    'area_level' AS evidence_table, level_id AS evidence_id, min(recorded_at) AS at_time
FROM (
    SELECT
        u.person_id, r.rule_key AS rule_id, u.level_id, u.recorded_at,
        CASE WHEN u.from_at > u.known_at THEN u.from_at ELSE u.known_at END AS since,
        CASE
            WHEN r.span IS NULL THEN u.to_at
            WHEN u.to_at IS NULL OR u.from_at + r.span < u.to_at THEN u.from_at + r.span
            ELSE u.to_at
        END AS until
    FROM lives_under u
    JOIN level_rules r ON r.level = u.level
) l
WHERE until IS NULL OR as_of() < until
GROUP BY person_id, rule_id, level_id
"""

AREA_STEPS = {"covered_places": COVERED_PLACES, "homes": HOMES, "lives_under": LIVES_UNDER}

# As ``kinds.ORDER_JUDGED``, for orders that were given under other packs than the one that decides.
ORDER_JUDGED_BY_PACK = """
SELECT
    o.order_id, o.person_id, p.rule_key AS rule_id, o.starts_at,
    CASE WHEN o.starts_at + p.span < o.ends_at THEN o.starts_at + p.span ELSE o.ends_at END AS ends_at, o.recorded_at,
    CASE
        WHEN o.revoked_at <= as_of() THEN 'order_revoked'
        WHEN k.opened_under IS NULL THEN 'order_unknown_pack'
        WHEN p.rule_key IS NULL THEN 'order_unknown_rule'
        WHEN trim(coalesce(o.reason, '')) = '' THEN 'order_without_reason'
        WHEN o.proposed_by IS NULL OR o.approved_by IS NULL OR o.proposed_by = o.approved_by
        THEN 'order_without_two_people'
        WHEN o.ends_at IS NULL OR o.ends_at <= o.starts_at THEN 'order_without_end'
        ELSE 'counted'
    END AS judged
FROM (
    SELECT
        order_id, person_id, rule_id, reason, proposed_by, approved_by, ends_at, recorded_at, revoked_at,
        coalesce(starts_at, recorded_at) AS starts_at,
        CASE WHEN opened_under IS NULL OR opened_under = pack_id() THEN '' ELSE opened_under END AS opened_under
    FROM orders
    WHERE recorded_at <= as_of()
) o
LEFT JOIN known_openings k ON k.opened_under = o.opened_under
LEFT JOIN order_plans p ON p.opened_under = o.opened_under AND p.rule_id = o.rule_id
"""
