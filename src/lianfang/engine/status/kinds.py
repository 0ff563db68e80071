"""One table function per rule kind: evidence rows of everybody whom a rule of that kind holds for.

Each is one SELECT over the stages of ``stages_facts`` and the table ``rules`` (one row per rule in force), giving
person_id, rule_id, since, until, sampled_at, evidence_table, evidence_id, at_time. What a kind may say at all
is fixed in ``engine.packs.kinds``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lianfang.engine.status.kinds_people import AREA_LEVEL, CATEGORY_STAGE

MACROS = """
CREATE OR REPLACE MACRO pick(anchor, tested, sampled, reported, received) AS CASE
    WHEN anchor = 'tested_at' THEN tested
    WHEN anchor = 'sampled_at' THEN sampled
    WHEN anchor = 'reported_at' THEN reported
    WHEN anchor IS NOT NULL THEN received
END;
CREATE OR REPLACE MACRO anchored(anchors, tested, sampled, reported, received) AS coalesce(
    pick(anchors[1], tested, sampled, reported, received),
    pick(anchors[2], tested, sampled, reported, received),
    pick(anchors[3], tested, sampled, reported, received)
)
"""

# Holds with their end, those that are over too. Who is found positive singly, or negative singly, later
# than the pool is no longer held by it.
HOLDS = """
SELECT *, since_anchor + span AS until
FROM (
    SELECT
        t.person_id, t.tube_key, r.rule_id, r.kind, r.span, t.earliest_at AS sampled_at,
        CASE WHEN t.trouble = 'unclear' THEN t.indeterminate_received_at ELSE t.positive_received_at END AS since,
        CASE WHEN t.trouble = 'unclear'
            THEN coalesce(anchored(r.anchors, NULL, NULL, t.indeterminate_reported_at, t.indeterminate_received_at),
                t.indeterminate_received_at)
            ELSE coalesce(anchored(r.anchors, NULL, NULL, t.positive_reported_at, t.positive_received_at),
                t.positive_received_at)
        END AS since_anchor
    FROM troubles t
    JOIN rules r ON r.kind = 'positive_pool_hold'
        AND CASE
            WHEN t.trouble = 'held' AND t.state = 'positive' THEN list_contains(r.pool_results, 'positive')
            WHEN t.trouble = 'unclear' AND NOT t.is_single AND t.indeterminate_received_at IS NOT NULL
            THEN list_contains(r.pool_results, 'indeterminate')
            ELSE false
        END
    UNION ALL
    SELECT
        t.person_id, t.tube_key, r.rule_id, r.kind, r.span, t.earliest_at,
        greatest(t.positive_received_at, t.negative_received_at),
        coalesce(anchored(r.anchors, NULL, NULL, t.positive_reported_at, t.positive_received_at),
            t.positive_received_at)
    FROM troubles t
    JOIN rules r ON r.kind = 'contradicting_results'
    WHERE t.trouble = 'held' AND t.state = 'contradicting'
)
"""

POSITIVE_RESULT = """
SELECT
    t.person_id, r.rule_id, t.positive_received_at AS since, CAST(NULL AS TIMESTAMP) AS until,
    t.earliest_at AS sampled_at, 'result' AS evidence_table, c.result_id AS evidence_id, c.received_at AS at_time
FROM troubles t
JOIN telling c ON c.tube_key = t.tube_key AND c.outcome = 'positive'
JOIN rules r ON r.kind = 'positive_result'
WHERE t.trouble = 'positive'
UNION ALL
SELECT c.person_id, r.rule_id, c.since, NULL, NULL, 'case', c.case_id, c.since
FROM seen_cases c
JOIN rules r ON r.kind = 'positive_result'
WHERE c.released_at IS NULL
"""

POSITIVE_POOL_HOLD = """
SELECT
    h.person_id, h.rule_id, h.since, h.until, h.sampled_at,
    'result' AS evidence_table, c.result_id AS evidence_id, c.received_at AS at_time
FROM holds h
JOIN telling c ON c.tube_key = h.tube_key AND c.outcome IN ('positive', 'indeterminate')
WHERE h.kind = 'positive_pool_hold' AND as_of() < h.until
"""

CONTRADICTING_RESULTS = """
SELECT
    h.person_id, h.rule_id, h.since, h.until, h.sampled_at,
    'result' AS evidence_table, c.result_id AS evidence_id, c.received_at AS at_time
FROM holds h
JOIN telling c ON c.tube_key = h.tube_key AND c.outcome IN ('positive', 'negative')
WHERE h.kind = 'contradicting_results' AND (h.until IS NULL OR as_of() < h.until)
"""

# A hold ends by itself; that it ended proves nothing, so nobody turns green by it.
UNRESOLVED_POSITIVE = """
SELECT
    t.person_id, r.rule_id, coalesce(h.ended_at, t.positive_received_at) AS since,
    CAST(NULL AS TIMESTAMP) AS until, t.earliest_at AS sampled_at,
    'result' AS evidence_table, c.result_id AS evidence_id, c.received_at AS at_time
FROM troubles t
JOIN telling c ON c.tube_key = t.tube_key AND c.outcome = 'positive'
JOIN rules r ON r.kind = 'unresolved_positive'
LEFT JOIN (
    SELECT person_id, tube_key, max(until) AS ended_at, bool_or(until IS NULL OR as_of() < until) AS is_active
    FROM holds
    GROUP BY person_id, tube_key
) h ON h.person_id = t.person_id AND h.tube_key = t.tube_key
WHERE t.trouble = 'held' AND NOT t.has_later_negative AND NOT coalesce(h.is_active, false)
"""

UNCLEAR_RESULT = """
SELECT
    t.person_id, r.rule_id, t.unclear_received_at AS since, CAST(NULL AS TIMESTAMP) AS until,
    t.earliest_at AS sampled_at, 'result' AS evidence_table, c.result_id AS evidence_id, c.received_at AS at_time
FROM troubles t
JOIN telling c ON c.tube_key = t.tube_key AND c.outcome IN ('indeterminate', 'invalid')
JOIN rules r ON r.kind = 'unclear_result'
WHERE t.trouble = 'unclear'
"""

# As soon as a swab of the person is known, the result is judged as that swab's or as taken before it.
UNMATCHED_POSITIVE = """
SELECT
    j.person_id, r.rule_id, j.received_at AS since, CAST(NULL AS TIMESTAMP) AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at,
    'result' AS evidence_table, j.result_id AS evidence_id, j.received_at AS at_time
FROM results_aside j
JOIN seen_persons USING (person_id)
JOIN rules r ON r.kind = 'unmatched_positive'
LEFT JOIN releases c USING (person_id)
WHERE j.judged = 'result_person_without_sample' AND j.outcome = 'positive'
    AND NOT coalesce(c.released_at >= j.received_at, false)
"""

MANUAL_ORDER = """
SELECT
    o.person_id, r.rule_id, o.starts_at AS since, least(o.ends_at, o.starts_at + r.span) AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at,
    'order' AS evidence_table, o.order_id AS evidence_id, o.recorded_at AS at_time
FROM order_judged o
JOIN seen_persons USING (person_id)
JOIN rules r ON r.kind = 'manual_order' AND r.rule_id = o.rule_id
WHERE o.judged = 'counted' AND o.starts_at <= as_of() AND as_of() < least(o.ends_at, o.starts_at + r.span)
"""

CERTIFICATE = "negative_result"
# What a tube tells by itself. Where the rule may reckon from the swab before that, ``asks_swab``: found by asking with
# two instants that differ.
_TOLD = "anchored(r.anchors, t.negative_tested_at, {swab}, t.negative_reported_at, NULL)"
CERTIFICATES = f"""
SELECT
    t.tube_key, r.rule_id, r.span, t.negative_received_at, t.negative_result_id,
    {_TOLD.format(swab="NULL")} AS told_at,
    coalesce({_TOLD.format(swab="as_of()")} <> {_TOLD.format(swab="trusted_until()")}, false) AS asks_swab
FROM live_tubes t
CROSS JOIN (SELECT rule_id, anchors, span FROM rules WHERE kind = '{CERTIFICATE}') r
WHERE t.state = 'negative'
"""
_UNTIL = "CASE WHEN t.asks_swab THEN coalesce(n.earliest_at, t.told_at) ELSE t.told_at END + t.span"
_HOLDS = f"as_of() < {_UNTIL} AND (b.person_id IS NULL OR n.earliest_at > b.blocked_at)"
# By person and rule, of those who have one swab that may tell.
CERTIFIED = f"""
SELECT
    n.person_id, t.rule_id, t.negative_received_at AS since, {_UNTIL} AS until, n.earliest_at AS sampled_at,
    t.negative_result_id AS result_id
FROM negative_swabs n
JOIN certificates t ON t.tube_key = n.tube_key
JOIN seen_persons p ON p.person_id = n.person_id
LEFT JOIN several_negatives v ON v.person_id = n.person_id
LEFT JOIN blocked b ON b.person_id = n.person_id
WHERE v.person_id IS NULL AND {_HOLDS}
"""

# Of several swabs the one that stays valid longest stands for the others.
CERTIFIED_OF_SEVERAL = f"""
SELECT person_id, rule_id, since, until, sampled_at, result_id
FROM (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY person_id, rule_id ORDER BY until DESC, sampled_at DESC NULLS LAST, tube_key
        ) AS choice
    FROM (
        SELECT
            n.person_id, t.rule_id, t.negative_received_at AS since, {_UNTIL} AS until, n.earliest_at AS sampled_at,
            t.negative_result_id AS result_id, n.tube_key
        FROM (
            SELECT s.person_id, s.tube_key, min(s.earliest_at) AS earliest_at
            FROM negative_swabs s
            JOIN several_negatives v ON v.person_id = s.person_id
            JOIN seen_persons p ON p.person_id = s.person_id
            GROUP BY s.person_id, s.tube_key
        ) n
        JOIN certificates t ON t.tube_key = n.tube_key
        LEFT JOIN blocked b ON b.person_id = n.person_id
        WHERE {_HOLDS}
    ) c
) ranked_by_end
WHERE choice = 1
"""

NEGATIVE_RESULT = """
SELECT
    person_id, rule_id, since, until, sampled_at,
    'result' AS evidence_table, result_id AS evidence_id, since AS at_time
FROM certified
UNION ALL
SELECT person_id, rule_id, since, until, sampled_at, 'result', result_id, since FROM certified_of_several
"""

# The swabs of those who once missed a round.
SAMPLED_SINCE = """
SELECT s.person_id, s.round_id, s.earliest_at
FROM asked_swabs s
JOIN tube_states t ON t.tube_key = s.tube_key
WHERE s.owes_a_round
"""

TEST_OVERDUE = """
SELECT
    o.person_id, r.rule_id, o.recorded_at AS since, o.recorded_at + r.span AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at,
    'obligation' AS evidence_table, o.round_id AS evidence_id, o.recorded_at AS at_time
FROM obligations o
JOIN seen_persons USING (person_id)
JOIN rules r ON r.kind = 'test_overdue'
WHERE o.recorded_at <= as_of() AND o.ended_at <= as_of() AND (o.withdrawn_at IS NULL OR o.withdrawn_at > as_of())
    AND (r.span IS NULL OR as_of() < o.recorded_at + r.span)
    AND NOT EXISTS (
        SELECT 1
        FROM sampled_since s
        WHERE s.person_id = o.person_id AND (s.round_id = o.round_id OR s.earliest_at > o.ended_at)
    )
"""

RESULT_PENDING = """
SELECT
    person_id, rule_id, recorded_at AS since, until, sampled_at,
    'sample' AS evidence_table, sample_id AS evidence_id, recorded_at AS at_time
FROM (
    SELECT
        p.person_id, r.rule_id, p.recorded_at, p.earliest_at AS sampled_at, p.sample_id,
        coalesce(anchored(r.anchors, NULL, p.earliest_at, NULL, p.recorded_at), p.recorded_at) + r.span AS until
    FROM other_swabs p
    JOIN rules r ON r.kind = 'result_pending'
    WHERE p.state = 'pending'
)
WHERE as_of() < until
"""

# Rests on no fact, so it has no evidence; it is what is said where nothing else can be.
NO_RECENT_RESULT = """
SELECT
    p.person_id, r.rule_id, CAST(NULL AS TIMESTAMP) AS since, CAST(NULL AS TIMESTAMP) AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at
FROM seen_persons p
JOIN rules r ON r.kind = 'no_recent_result'
WHERE NOT EXISTS (SELECT 1 FROM applied a WHERE a.person_id = p.person_id)
"""

# The same where one rule alone gives certificates: nobody else can be without any.
NO_RECENT_RESULT_NOR_CERTIFICATE = """
SELECT
    p.person_id, r.rule_id, CAST(NULL AS TIMESTAMP) AS since, CAST(NULL AS TIMESTAMP) AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at
FROM (
    SELECT s.person_id
    FROM seen_persons s
    LEFT JOIN certified c ON c.person_id = s.person_id
    WHERE c.person_id IS NULL
) p
JOIN rules r ON r.kind = 'no_recent_result'
WHERE NOT EXISTS (SELECT 1 FROM applied_of_several a WHERE a.person_id = p.person_id)
    AND NOT EXISTS (SELECT 1 FROM certified_of_several c WHERE c.person_id = p.person_id)
"""

ORDER_JUDGED = """
SELECT
    o.order_id, o.person_id, o.rule_id, coalesce(o.starts_at, o.recorded_at) AS starts_at, o.ends_at, o.recorded_at,
    CASE
        WHEN o.revoked_at <= as_of() THEN 'order_revoked'
        WHEN r.rule_id IS NULL THEN 'order_unknown_rule'
        WHEN trim(coalesce(o.reason, '')) = '' THEN 'order_without_reason'
        WHEN o.proposed_by IS NULL OR o.approved_by IS NULL OR o.proposed_by = o.approved_by
        THEN 'order_without_two_people'
        WHEN o.ends_at IS NULL OR o.ends_at <= coalesce(o.starts_at, o.recorded_at) THEN 'order_without_end'
        ELSE 'counted'
    END AS judged
FROM orders o
LEFT JOIN rules r ON r.kind = 'manual_order' AND r.rule_id = o.rule_id
WHERE o.recorded_at <= as_of()
"""

TABLE_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "positive_result": POSITIVE_RESULT,
        "positive_pool_hold": POSITIVE_POOL_HOLD,
        "contradicting_results": CONTRADICTING_RESULTS,
        "unresolved_positive": UNRESOLVED_POSITIVE,
        "unclear_result": UNCLEAR_RESULT,
        "unmatched_positive": UNMATCHED_POSITIVE,
        "manual_order": MANUAL_ORDER,
        "negative_result": NEGATIVE_RESULT,
        "test_overdue": TEST_OVERDUE,
        "result_pending": RESULT_PENDING,
        "no_recent_result": NO_RECENT_RESULT,
        "category_stage": CATEGORY_STAGE,
        "area_level": AREA_LEVEL,
    }
)
