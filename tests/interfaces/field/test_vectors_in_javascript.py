"""The rules that a device decides by itself say in JavaScript what they say in Python: golden cases and made-up ones.

Once with the browser's own Ed25519, once with the library for browsers without it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lianfang.engine.field import base45, cbor, changes, gate, lookup, presence, tokens, tube
from tests.browsers import find_chromium
from tests.engine.field.code_vectors import HOLDER, ISSUER, KEYS, NOW
from tests.engine.field.gate_vectors import gate_facts
from tests.engine.field.made_up import made_up_cases
from tests.engine.field.make_vectors import FOLDER

ROOT = Path(__file__).parents[3]
NAMES = ("codes", "gate", "presence", "lookup", "changes", "tube")


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def given(name: str) -> list[dict[str, Any]]:
    """What a golden file's cases are given, with what it says once for all."""
    file = golden(name)
    if name == "codes":
        return [{"keys": file["keys"], **case["given"]} for case in file["cases"]]
    if name == "changes":
        return [{**case["given"], "filter": file["filters"][case["given"]["filter"]]} for case in file["cases"]]
    return [case["given"] for case in file["cases"]]


TOKEN = tokens.sign(
    tokens.ProofClaims(bytes(16), NOW - 60, NOW + 3600, "green", NOW - 60, tokens.public_of(HOLDER)), ISSUER
)
SHOWN = [
    {"token": base45.text_of(TOKEN), "holder": HOLDER.hex(), "at": NOW, "place": place} for place in ("", "EAST-1")
]


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """What JavaScript says of everything: one browser, one process of its own."""
    find_chromium()
    kinds = {name: given(name) for name in NAMES}
    asked = {
        **{name: kinds[name] + MADE_UP.get(name, []) for name in NAMES},
        **{name: cases for name, cases in MADE_UP.items() if name not in NAMES},
        "shown": SHOWN, "new_holder": [{"token": base45.text_of(TOKEN), "at": NOW}],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.interfaces.field.rules_in_browser"], input=json.dumps(asked), text=True,
        capture_output=True, cwd=ROOT, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


MADE_UP = made_up_cases(random.Random(20221122))
WAYS = ("native", "library")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_javascript_gives_the_golden_answers(said: dict[str, Any], name: str, way: str) -> None:
    cases = golden(name)["cases"]
    answers = said[way][name][: len(cases)]
    wrong = [
        (case["name"], case["expected"], answer)
        for case, answer in zip(cases, answers, strict=True)
        if answer != case["expected"]
    ]
    assert not wrong, wrong[:3]
    assert len(cases) >= 10


def python_says(name: str, case: dict[str, Any]) -> Any:
    if name == "codes":
        keys = [tokens.VerifyingKey.from_json(key) for key in case["keys"]]
        return tokens.read_code(case["text"], keys=keys, now=case["now"], place=case["place"]).as_json()
    if name == "gate":
        rules = gate.GateRules.from_json(case["rules"])
        return gate.gate_answer(gate_facts(case["facts"]), rules, case["now"]).as_json()
    if name == "lookup":
        return lookup.lookup_of(case["key"], case["number"])
    if name == "changes":
        return changes.ChangedFilter.from_json(case["filter"]).has(bytes.fromhex(case["pseudonym"]))
    if name == "presence":
        place = presence.read_place_code(case["text"])
        if place is None:
            return None
        verdict = presence.judge_place_code(place, secret=bytes.fromhex(case["secret"]), scanned_at=case["at"])
        return {"presence": verdict.presence, "because": verdict.because}
    if name == "shown_place":
        return presence.place_code_text(bytes.fromhex(case["secret"]), case["code"], case["at"])
    if name == "tube":
        own, person = tube.TubeInHand(**case["tube"]), tube.PersonInFront(**case["person"])
        return {"warnings": tube.tube_warnings(own, person), "remaining": tube.remaining(own),
                "seal": tube.seal_trouble(own, case["counted"])}  # fmt: skip
    raw = bytes.fromhex(case["raw"])
    if name == "base45":
        return {"text": base45.text_of(raw), "raw": raw.hex()}
    try:
        value = cbor.decode(raw)
    except cbor.MalformedError:
        return "malformed"
    return {"value": plain(value), "again": cbor.encode(value).hex()}


def plain(value: cbor.Value) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {"map": [[key, plain(one)] for key, one in value.items()]}
    return {"tag": value.tag, "value": plain(value.value)} if isinstance(value, cbor.Tagged) else value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", sorted(MADE_UP))
def test_both_say_the_same_of_made_up_cases(said: dict[str, Any], name: str, way: str) -> None:
    cases = MADE_UP[name]
    wrong = []
    for case, answer in zip(cases, said[way][name][-len(cases) :], strict=True):
        expected = python_says(name, case)
        if answer != expected:
            wrong.append((case, expected, answer))
    assert not wrong, wrong[:2]
    # Cases that all end in the same way would prove little.
    endings = {json.dumps(python_says(name, case), sort_keys=True) for case in cases}
    assert len(endings) > 1


@pytest.mark.parametrize("way", WAYS)
def test_what_the_holders_phone_shows_is_what_python_would_show(said: dict[str, Any], way: str) -> None:
    expected = [tokens.show(TOKEN, HOLDER, NOW, one["place"]) for one in SHOWN]
    assert said[way]["shown"] == expected


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_the_phone_makes_for_itself_signs_what_python_reads(said: dict[str, Any], way: str) -> None:
    made = said[way]["new_holder"][0]
    # The phone showed a token bound to another key: refused; the same signature over a token bound to it is right.
    assert tokens.read_code(made["text"], keys=KEYS, now=NOW).reading == "forged_showing"
    assert len(bytes.fromhex(made["key"])) == 32
    assert said["native"]["new_holder"] != said["library"]["new_holder"]


def test_the_browser_of_these_tests_has_ed25519_of_its_own(said: dict[str, Any]) -> None:
    assert said["native"]["hasNative"] is True


def test_the_golden_cases_of_codes_cover_every_reading() -> None:
    readings = {case["expected"]["reading"] for case in golden("codes")["cases"]}
    assert readings == set(tokens.Reading.__args__)  # type: ignore[attr-defined]
