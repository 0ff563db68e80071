"""What a sheet is for: a roster, a list of samples, of results, of exempt people; and what it lacks for that."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from lianfang.engine.intake.contract import Problem, Role

_WEIGHTS: dict[Role, dict[str, float]] = {
    "roster": {
        "name": 0.3, "id_number": 0.1, "phone": 0.05, "building": 0.15, "unit": 0.05, "room": 0.15, "address": 0.1,
        "household_no": 0.1, "relation_to_head": 0.1, "class_kind": 0.08, "household_size": 0.05, "community": 0.05,
        "tube_code": -0.4, "sampled_at": -0.3, "result": -0.15, "tested_at": -0.15, "ct_value_n": -0.3,
        "reason": -0.15, "laboratory": -0.2, "reported_result_at": -0.2, "item": -0.5, "quantity": -0.4,
    },
    "samples": {
        "tube_code": 0.45, "sampled_at": 0.3, "name": 0.1, "id_number": 0.1, "sampling_site": 0.1, "sampler": 0.1,
        "box_code": 0.1, "position_in_tube": 0.15, "tube_capacity": 0.1, "sampling_team": 0.05, "test_kind": 0.05,
        "result": -0.35, "ct_value_n": -0.4, "ct_value_orf": -0.4, "reported_result_at": -0.3, "tested_at": -0.2,
        "laboratory": -0.1,
    },
    "results": {
        "result": 0.45, "tube_code": 0.15, "tested_at": 0.15, "reported_result_at": 0.15, "laboratory": 0.15,
        "ct_value_n": 0.15, "ct_value_orf": 0.15, "received_at": 0.1, "id_number": 0.05, "name": 0.05,
        "sampled_at": 0.05, "building": -0.05, "room": -0.05, "igm": 0.05, "igg": 0.05, "relation_to_head": -0.2,
    },
    "exempt": {
        "reason": 0.45, "name": 0.15, "id_number": 0.1, "untested_reason": 0.35, "room": 0.05, "building": 0.05,
        "tube_code": -0.4, "result": -0.3, "plate": -0.3, "arrived_on": -0.2, "sampled_at": -0.3, "direction": -0.3,
        "item": -0.4, "checked_at": -0.3, "left_on": -0.1,
    },
}  # fmt: skip
# For each role the fields of which it needs one of every line.
ESSENTIAL: dict[Role, tuple[tuple[str, ...], ...]] = {
    "roster": (
        ("name", "id_number"),
        ("id_number", "phone", "room", "address", "building", "household_no", "birth_on"),
    ),
    "samples": (("tube_code", "sampled_at"), ("name", "id_number", "tube_code", "phone")),
    "results": (("result",), ("tube_code", "name", "id_number", "phone")),
    "exempt": (("name", "id_number"),),
}
_SURE = 0.5


def looks_like(fields: AbstractSet[str]) -> tuple[tuple[str, float], ...]:
    """The roles with their scores, 0–1, best first, from the fields that a sheet has."""
    scores = []
    for role, weights in _WEIGHTS.items():
        score = sum(weight for name, weight in weights.items() if name in fields)
        if any(not fields & set(one) for one in ESSENTIAL[role]):
            score = min(score, 0.3)
        scores.append((role, round(min(max(score, 0.0), 1.0), 2)))
    return tuple(sorted(scores, key=lambda item: -item[1]))


def role_problem(sheet: str, fields: AbstractSet[str], role: Role) -> Problem | None:
    """Why a sheet cannot be used in the role it was given for, or why it seems to be another; None where
    nothing speaks against it."""
    missing = [one for one in ESSENTIAL[role] if not fields & set(one)]
    best, score = looks_like(fields)[0]
    if missing:
        params: dict[str, str | int | float] = {
            "role": role,
            "missing": ",".join("|".join(one) for one in missing),
            "looks_like": best if score >= _SURE and best != role else "",
        }
        code = f"looks_like_{best}" if params["looks_like"] else "essential_fields_missing"
        return Problem(code, "error", sheet=sheet, params=params)
    own = dict(looks_like(fields))[role]
    if best != role and score >= own + 0.3 and score >= _SURE:
        return Problem(
            f"looks_like_{best}", "warning", sheet=sheet, params={"role": role, "missing": "", "looks_like": best}
        )
    return None
