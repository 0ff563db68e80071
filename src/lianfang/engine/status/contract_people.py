"""Fact tables about what a person was exposed to, where people live and what else is known of them; what is due.

The contract's general part, and how ``recorded_at`` and its like are meant, is in ``engine.status.contract``.
"""

from __future__ import annotations

import pyarrow as pa

from lianfang.engine.tables import DAY, INSTANT, Column, TableContract

TEST_STATES = ("done", "due", "overdue", "unknown")
CONSIDERED_OUTCOMES = ("applied", "outranked", "not_met", "unknown", "ended")
WHY = (
    "decides",
    "outranked",
    "fact_missing",
    "guard_not_met",
    "nothing_known",
    "something_else_holds",
    "not_begun",
    "later_trouble",
    "limit_reached",
    "single_negative",
    "negative_result",
    "case_released",
    "certificate_expired",
    "order_ended",
    "order_revoked",
    "obligation_withdrawn",
    "sampled",
    "result_received",
    "stage_ended",
    "released",
    "exposure_closed",
    "exposure_withdrawn",
    "level_lowered",
    "left_the_area",
)

EXPOSURES = TableContract(
    "exposures",
    (
        Column("exposure_id", pa.int64(), "required, unique"),
        Column("person_id", pa.int64(), "required"),
        Column("category", pa.string(), "required: category of the pack; its stages say what follows"),
        Column("anchor_on", DAY, "required: day 0, which the category's anchor names (last exposed, left the area …)"),
        Column("opened_at", INSTANT, "when it was opened for the person; null is when it was recorded"),
        Column("opened_under", pa.string(), "id of the pack under which it was opened; null is the one that decides"),
        Column("closed_at", INSTANT, "when it was closed early; null is not: it ends with its last stage"),
        Column("recorded_at", INSTANT, "required: when it became known here; nobody is restricted before that"),
        Column("withdrawn_at", INSTANT, "when it turned out to be none"),
    ),
)

RESIDENCIES = TableContract(
    "residencies",
    (
        Column("person_id", pa.int64(), "required; unique together with place_id and recorded_at"),
        Column("place_id", pa.int64(), "required: where the person lives, the smallest place that is known"),
        Column("from_at", INSTANT, "since when; null is always"),
        Column("to_at", INSTANT, "until when; null is still"),
        Column("recorded_at", INSTANT, "required: when it became known here"),
        Column("to_recorded_at", INSTANT, "when the end became known here; null is at to_at"),
    ),
)

PLACE_ANCESTORS = TableContract(
    "place_ancestors",
    (
        Column("place_id", pa.int64(), "required; unique together with ancestor_id"),
        Column("ancestor_id", pa.int64(), "required: a place that contains it, each place itself included"),
    ),
)

AREA_LEVELS = TableContract(
    "area_levels",
    (
        Column("level_id", pa.int64(), "required, unique"),
        Column("place_id", pa.int64(), "required: the place, with everything in it"),
        Column("level", pa.string(), "required: a level of the pack"),
        Column("from_at", INSTANT, "required: in force from then on"),
        Column("to_at", INSTANT, "lowered or lifted then; null is not yet"),
        Column("recorded_at", INSTANT, "required: when the level became known here"),
        Column("to_recorded_at", INSTANT, "when its end became known here; null is at to_at"),
    ),
)

PERSON_FACTS = TableContract(
    "person_facts",
    (
        Column("person_fact_id", pa.int64(), "required, unique"),
        Column("person_id", pa.int64(), "required"),
        Column("fact", pa.string(), "required: a declared fact (engine/packs/facts.py)"),
        Column("number", pa.float64(), "its value, where it is a number; 1 and 0 where it is yes or no"),
        Column("word", pa.string(), "its value, where it is one of a set of words"),
        Column("from_at", INSTANT, "true from then on; null is always"),
        Column("to_at", INSTANT, "true until then; null is still"),
        Column("recorded_at", INSTANT, "required: when it became known here; the last one that is known counts"),
        Column("withdrawn_at", INSTANT, "when it turned out to be wrong"),
    ),
)

TESTS_DUE = TableContract(
    "tests_due",
    (
        Column("person_id", pa.int64(), "who has to be tested"),
        Column("rule_or_category", pa.string(), "category of the exposure, or group that is tested every so many days"),
        Column("stage", pa.string(), "stage of the category; null for a group"),
        Column("due_on", DAY, "the day of the test"),
        Column("due_by", INSTANT, "before this moment: the midnight after that day"),
        Column("state", pa.string(), "one of TEST_STATES; unknown: a swab is there whose day is not known"),
        Column("evidence_table", pa.string(), "sample where one was taken, else exposure or person_fact"),
        Column("evidence_id", pa.int64(), "the fact"),
    ),
)

CONSIDERED = TableContract(
    "considered",
    (
        Column("person_id", pa.int64(), "whom it is about"),
        Column("rule_id", pa.string(), "every rule of the pack in force, once"),
        Column("priority", pa.int64(), "its priority; the higher one decides"),
        Column("outcome", pa.string(), "one of CONSIDERED_OUTCOMES"),
        Column("why", pa.string(), "code; one of WHY"),
        Column("fact", pa.string(), "the declared fact that is missing or does not fit, where that is why"),
        Column("ended_at", INSTANT, "when it ended, where it has"),
        Column("evidence_table", pa.string(), "the latest fact that it read; null where there is none"),
        Column("evidence_id", pa.int64(), "that fact"),
    ),
)
