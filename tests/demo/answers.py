"""An answer in the form of ``lianfang reconcile --json`` made from the truth itself: scoring must find it perfect."""

from __future__ import annotations

from typing import Any

from lianfang.demo.truth import Truth


def _person(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"person_key": f"p{item['person']}", "sources": item["rows"], **more}


def _tube(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tube_code": item["tube"], "sources": item.get("rows", []), **more}


def perfect_answer(truth: Truth, first_row_of: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """``first_row_of`` gives one row of each member of a positive pool."""
    planted = truth.planted
    conflicts = [{**_person(item), "kind": kind} for kind in ("identity_names", "id_digit") for item in planted[kind]]
    conflicts += [{"kind": "phone_shared", "sources": item["rows"]} for item in planted["phone_shared"]]
    tubes = {
        "pending": "pending",
        "unmatched_results": "unmatched_result",
        "contradictions": "contradiction",
        "over_full": "over_full",
        "two_boxes": "two_boxes",
        "void_results": "void_result",
        "late": "late_result",
        "repeated": "repeated_result",
        "result_before_sample": "result_before_sample",
        "clock_in_future": "clock_in_future",
        "empty_results": "empty_result",
    }
    people = {
        "missing": "missing",
        "unrostered": "unrostered",
        "twice_sampled": "two_tubes",
        "exempt_sampled": "exempt_sampled",
        "exempt_without_reason": "exempt_without_reason",
    }
    pools = [
        _tube(
            pool,
            people=[
                {"person_key": person, "action": action, "sources": [first_row_of[int(person)]]}
                for person, action in pool["actions"].items()
            ],
        )
        for pool in planted["positive_pool"]
    ]
    return {
        "schema": "lianfang.reconcile/1",
        "totals": dict(truth.totals),
        "buildings": [dict(line) for line in truth.buildings],
        "positive_pools": pools,
        "duplicates": [_person(item, kind="roster") for item in planted["roster_duplicate"]]
        + [_person(item, kind="sample") for item in planted["sample_duplicate"]],
        "conflicts": conflicts,
        **{section: [_tube(item) for item in planted[kind]] for section, kind in tubes.items()},
        **{section: [_person(item) for item in planted[kind]] for section, kind in people.items()},
    }
