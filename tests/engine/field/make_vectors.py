# ruff: noqa: E501 - one case a line
"""Writes ``vectors/*.json``: cases with the answer that was thought out by hand, and the rest of it as Python gives it.

``python -m tests.engine.field.make_vectors`` after a rule changed on purpose; a test holds that the files are what this
writes, so that a difference is seen and read. Here are the small kinds of cases; the large ones stand beside this.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lianfang.engine.field import changes, lookup, presence, tube
from tests.engine.field.code_vectors import HOUR, KEYS, NOW, code_cases
from tests.engine.field.gate_vectors import gate_cases

FOLDER = Path(__file__).parents[3] / "vectors"
SECRET = bytes(range(32))


def presence_cases() -> list[dict[str, Any]]:
    text = presence.place_code_text(SECRET, "EAST-1", NOW)
    step = presence.step_at(NOW)
    starts = step * 30
    _, code, _, mac = text.split(":")
    cases = (
        ("fresh", text, NOW, "verified", ""), ("90 seconds after its half minute", text, starts + 120, "verified", ""),
        ("91 seconds after", text, starts + 121, "seen", "stale"), ("90 seconds before", text, starts - 90, "verified", ""),
        ("91 seconds before", text, starts - 91, "seen", "stale"), ("forwarded to another city", text, NOW + HOUR, "seen", "stale"),
        ("the place put in", text.replace("EAST-1", "WEST-1"), NOW, "seen", "forged"),
        ("the half minute put forward", f"LFP:{code}:{step + 100}:{mac}", NOW + 3000, "seen", "forged"),
        ("a sum made up", f"LFP:{code}:{step}:{'0' * 16}", NOW, "seen", "forged"), ("printed", "LFP:EAST-1", NOW, "seen", "printed"),
        ("the first half minute", presence.place_code_text(SECRET, "A", 0), 0, "verified", ""),
        ("no code", "LFP:", NOW, None, None), ("small letters", "LFP:east", NOW, None, None),
        ("a line end", text + "\n", NOW, None, None), ("small digits", text.lower().replace("lfp:east", "LFP:EAST"), NOW, None, None),
        ("a person's code", "LF1:ABC", NOW, None, None), ("a step too long", f"LFP:{code}:{'1' * 13}:{mac}", NOW, None, None),
    )  # fmt: skip
    found = []
    for name, scanned, at, is_there, because in cases:
        expected = None if is_there is None else {"presence": is_there, "because": because}
        place = presence.read_place_code(scanned)
        said = None if place is None else asdict(presence.judge_place_code(place, secret=SECRET, scanned_at=at))
        if said != expected:
            raise AssertionError(f"{name}: {said}")
        found.append({"name": name, "given": {"text": scanned, "secret": SECRET.hex(), "at": at}, "expected": expected})
    return found


def lookup_cases() -> list[dict[str, Any]]:
    key = "0123456789abcdef" * 4
    one = lookup.lookup_of(key, "99010119800100010X")
    cases = (
        ("an identity number", key, "99010119800100010X", True), ("a small x", key, "99010119800100010x", True),
        ("with spaces", key, " 990101 19800100 010X ", True), ("full width", key, "９９０１０１１９８００１０００１０Ｘ", True),
        ("with hyphens", key, "990101-19800100-010X", True), ("another number", key, "990101198001000118", False),
        ("another device", "ff" * 32, "99010119800100010X", False), ("nothing", key, "", False),
        ("Chinese only", key, "陈建国", False), ("a passport", key, "e12345678", False),
    )  # fmt: skip
    found = []
    for name, own, number, is_same in cases:
        said = lookup.lookup_of(own, number)
        if (said == one) != is_same:
            raise AssertionError(name)
        found.append({"name": name, "given": {"key": own, "number": number}, "expected": said})
    return found


def changes_cases() -> list[dict[str, Any]]:
    members = [bytes([number]) * 16 for number in range(40)]
    made = changes.make_filter(members, salt=bytes(range(16)), since_at=NOW - HOUR, made_at=NOW).as_json()
    nobody = changes.make_filter([], salt=bytes(16), since_at=NOW - HOUR, made_at=NOW).as_json()
    # So small a table that every second stranger is a hit: both must say the same of each.
    packed = changes.ChangedFilter(b"s" * 16, 64, 3, 9, 0, NOW, bytes.fromhex("a5f00f3c5aff0081")).as_json()
    found = [
        {"name": f"member {one[0]}", "given": {"filter": "made", "pseudonym": one.hex()}, "expected": True}
        for one in members
    ]
    strangers = [bytes([255 - number, number]) * 8 for number in range(40)]
    for name, filter_ in (("made", made), ("nobody", nobody), ("packed", packed)):
        has = changes.ChangedFilter.from_json(filter_).has
        found += [
            {
                "name": f"stranger {place} in {name}",
                "given": {"filter": name, "pseudonym": one.hex()},
                "expected": has(one),
            }
            for place, one in enumerate(strangers)
        ]
    return [{"filters": {"made": made, "nobody": nobody, "packed": packed}}, *found]


def tube_cases() -> list[dict[str, Any]]:
    usual = {"capacity": 10, "count": 3, "is_household": False, "building": 1, "households": [7, 7, 8]}
    home = usual | {"is_household": True, "households": [7]}
    person = {"household": 7, "building": 1, "state": "missing", "sampled_in": None, "is_expected": True}
    cases: tuple[tuple[str, dict[str, Any], dict[str, Any], list[str]], ...] = (
        ("nothing unusual", usual, person, []), ("the last place", usual | {"count": 9}, person, []),
        ("full", usual | {"count": 10}, person, ["over_full"]), ("more than full", usual | {"count": 11}, person, ["over_full"]),
        ("a single tube taken", usual | {"capacity": 1, "count": 1}, person, ["over_full"]),
        ("sampled in another tube", usual, person | {"sampled_in": "R1-1", "state": "sampled"}, ["twice_sampled"]),
        ("another building", usual, person | {"building": 2}, ["wrong_building"]),
        ("a tube of no building", usual | {"building": None}, person | {"building": 2}, []),
        ("somebody of no building", usual, person | {"building": None}, []),
        ("the household's tube", home, person, []), ("another household's tube", home, person | {"household": 9}, ["mixed_households"]),
        ("an empty household tube", home | {"households": [], "count": 0}, person, []),
        ("a household tube with twenty", home | {"count": 20}, person, []),
        ("not expected", usual, person | {"is_expected": False}, ["not_on_roster"]),
        ("exempt", usual, person | {"state": "exempt"}, ["exempt_but_sampled"]),
        ("away", usual, person | {"state": "away"}, ["away_but_sampled"]),
        ("everything at once", usual | {"count": 10}, person | {"sampled_in": "X", "building": 5, "is_expected": False, "state": "away"},
         ["over_full", "twice_sampled", "wrong_building", "not_on_roster", "away_but_sampled"]),
    )  # fmt: skip
    found = []
    for name, in_hand, who, expected in cases:
        for counted in (in_hand["count"], in_hand["count"] + 1, in_hand["count"] - 1):
            own = tube.TubeInHand(**in_hand)
            said = {"warnings": tube.tube_warnings(own, tube.PersonInFront(**who)), "remaining": tube.remaining(own),
                    "seal": tube.seal_trouble(own, counted)}  # fmt: skip
            if said["warnings"] != expected:
                raise AssertionError(f"{name}: {said}")
            given = {"tube": in_hand, "person": who, "counted": counted}
            found.append({"name": f"{name}, {counted} counted", "given": given, "expected": said})
    return found


def all_vectors() -> dict[str, str]:
    """File name → content."""
    filters, *changed = changes_cases()
    files: dict[str, dict[str, Any]] = {
        "codes": {"keys": [key.as_json() for key in KEYS], "cases": code_cases()}, "gate": {"cases": gate_cases()},
        "presence": {"cases": presence_cases()}, "lookup": {"cases": lookup_cases()},
        "changes": {**filters, "cases": changed}, "tube": {"cases": tube_cases()},
    }  # fmt: skip
    return {f"{name}.json": _lines(content) for name, content in files.items()}


def _lines(content: dict[str, Any]) -> str:
    """One case a line: a change of one case is a change of one line."""

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)

    parts = [f' "{key}": {text(value)},\n' for key, value in content.items() if key != "cases"]
    cases = ",\n".join(f"  {text(case)}" for case in content["cases"])
    return "{\n" + "".join(parts) + ' "cases": [\n' + cases + "\n ]\n}\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in all_vectors().items():
        (FOLDER / file).write_text(content, "utf-8")
