"""The cases of a gate for ``make_vectors``: what is known, and what the gate must answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lianfang.engine.field import gate
from lianfang.engine.field.tokens import Verdict
from tests.engine.field.code_vectors import HOUR, NOW, PSEUDONYM

FRESH = {"reading": "valid", "kind": "token", "pseudonym": PSEUDONYM.hex(), "status": "green", "name": "",
         "last_negative_at": NOW - 10 * HOUR, "issued_at": NOW - HOUR, "expires_at": NOW + 23 * HOUR,
         "shown_at": NOW, "presence": "verified"}  # fmt: skip
NO_HIT = {"is_hit": False, "since_at": NOW - 26 * HOUR, "made_at": NOW - HOUR}
HIT = NO_HIT | {"is_hit": True}
CARRIED = {"status": "green", "at": NOW - HOUR, "last_negative_at": NOW - 10 * HOUR, "until_at": None, "is_live": False,
           "printed_from_at": None}  # fmt: skip
LIVE = CARRIED | {"at": NOW, "is_live": True}
PRINTED = FRESH | {"kind": "printed", "status": None, "last_negative_at": None, "presence": "seen", "shown_at": None}
TOKEN = {"proof": "token", "code": FRESH, "changes": NO_HIT}
PAPER = {"proof": "printed", "code": PRINTED, "known": CARRIED}
ASKED = {"negative_hours": 48, "fever_from": 37.3, "travel": True, "vaccine_doses": 2}
MET = {"temperature": 36.5, "travel": "clear", "vaccine_doses": 3}


def _gate() -> Iterator[tuple[str, dict[str, Any], dict[str, Any], str, str]]:
    """Name, facts, rules, expected answer and reason."""
    yield "a fresh green code, nothing else asked", TOKEN, {}, "pass", "all_met"
    yield "everything asked and met", TOKEN | MET, ASKED, "pass", "all_met"
    yield "nobody", {}, {}, "second_look", "not_identified"
    yield "somebody who says who they are", {"proof": "typed"}, {}, "second_look", "not_identified"
    yield "a number that is not carried", {"proof": "lookup"}, {}, "second_look", "not_found"
    yield "a number that is carried", {"proof": "lookup", "known": CARRIED}, {}, "pass", "all_met"
    yield "a printed code with a carried status", PAPER, {}, "pass", "all_met"
    yield "a printed copy of somebody red", PAPER | {"known": CARRIED | {"status": "red"}}, {}, "stop", "status_red"
    yield "a printed code of nobody carried", PAPER | {"known": None}, {}, "second_look", "status_not_carried"
    yield "a printed code that was withdrawn", PAPER | {"known": CARRIED | {"printed_from_at": NOW}}, {}, \
        "second_look", "printed_withdrawn"  # fmt: skip
    yield "a printed code made after the lost one", PAPER | {"known": CARRIED | {"printed_from_at": NOW - HOUR}}, {}, \
        "pass", "all_met"  # fmt: skip
    expired_paper = PAPER | {"code": PRINTED | {"reading": "expired"}}
    yield "an expired printed code", expired_paper, {}, "second_look", "code_expired"
    for reading in ("malformed", "unknown_key", "key_revoked", "key_out_of_time", "forged", "not_yet_valid", "picture",
                    "unbound", "forged_showing", "stale", "other_place", "expired", "not_ours"):  # fmt: skip
        code = FRESH | {"reading": reading, "presence": "seen"}
        yield f"a code that is {reading}", TOKEN | {"code": code}, {}, "second_look", f"code_{reading}"
    late = TOKEN | {"code": FRESH | {"reading": "expired", "expires_at": NOW - HOUR}}
    yield "an expired code of somebody who is carried", late | {"known": CARRIED}, {}, "pass", "all_met"
    days = late | {"known": CARRIED, "code": FRESH | {"reading": "expired", "expires_at": NOW - 72 * HOUR}}
    yield "expired three days ago", days, {}, "pass", "all_met"
    days = days | {"code": FRESH | {"reading": "expired", "expires_at": NOW - 72 * HOUR - 1}}
    yield "expired longer than three days ago", days, {}, "second_look", "code_expired"
    yield (
        "an expired code of somebody carried as red",
        late | {"known": CARRIED | {"status": "red"}},
        {},
        "stop",
        "status_red",
    )
    stale = TOKEN | {"code": FRESH | {"reading": "stale"}, "known": LIVE}
    yield "a stale picture of somebody who is green here and now", stale, {}, "second_look", "code_stale"
    yield from _gate_statuses()
    yield from _gate_changes()
    yield from _gate_joint()
    yield from _gate_permits()


def _gate_statuses() -> Iterator[tuple[str, dict[str, Any], dict[str, Any], str, str]]:
    for status, answer, reason in (("red", "stop", "status_red"), ("yellow", "second_look", "status_yellow"),
                                   ("unknown", "second_look", "status_unknown"),
                                   ("blue", "second_look", "status_unknown")):  # fmt: skip
        yield f"a {status} code", TOKEN | {"code": FRESH | {"status": status}}, {}, answer, reason
        yield f"green code, {status} live", TOKEN | {"known": LIVE | {"status": status}}, {}, answer, reason
    red = TOKEN | {"code": FRESH | {"status": "red"}}
    yield "red code, green live", red | {"known": LIVE}, {}, "pass", "all_met"
    yield (
        "red code, an older green carried",
        red | {"known": CARRIED | {"at": NOW - 2 * HOUR}},
        {},
        "stop",
        "status_red",
    )
    yield "green code, a newer red carried", TOKEN | {"known": CARRIED | {"status": "red"}}, {}, "stop", "status_red"
    ended = CARRIED | {"until_at": NOW}
    yield "a carried status that has just ended", PAPER | {"known": ended}, {}, "second_look", "status_ran_out"
    yield (
        "a carried status that ends in a second",
        PAPER | {"known": ended | {"until_at": NOW + 1}},
        {},
        "pass",
        "all_met",
    )
    yield "a red status that has ended", PAPER | {"known": ended | {"status": "red"}}, {}, "stop", "status_red"
    day = NOW - 24 * HOUR
    yield "a package a day old", PAPER | {"known": CARRIED | {"at": day}}, {}, "pass", "all_met"
    yield (
        "a package older than a day",
        PAPER | {"known": CARRIED | {"at": day - 1}},
        {},
        "second_look",
        "status_too_old",
    )
    yield "a gate that trusts two hours", PAPER | {"known": CARRIED | {"at": NOW - 3 * HOUR}}, {"carried_hours": 2}, \
        "second_look", "status_too_old"  # fmt: skip


def _gate_changes() -> Iterator[tuple[str, dict[str, Any], dict[str, Any], str, str]]:
    yield "turned red after issue", TOKEN | {"changes": HIT}, {}, "second_look", "changed_since"
    yield "no filter carried", TOKEN | {"changes": None}, {}, "second_look", "changes_missing"
    yield "a filter a day old", TOKEN | {"changes": NO_HIT | {"made_at": NOW - 24 * HOUR}}, {}, "pass", "all_met"
    yield "a filter older than a day", TOKEN | {"changes": NO_HIT | {"made_at": NOW - 24 * HOUR - 1}}, {}, \
        "second_look", "changes_too_old"  # fmt: skip
    yield (
        "a filter that begins with the code",
        TOKEN | {"changes": NO_HIT | {"since_at": NOW - HOUR}},
        {},
        "pass",
        "all_met",
    )
    yield "a filter that begins after the code", TOKEN | {"changes": NO_HIT | {"since_at": NOW - HOUR + 1}}, {}, \
        "second_look", "changes_do_not_reach"  # fmt: skip
    yield "a hit, and a red code", TOKEN | {"code": FRESH | {"status": "red"}, "changes": HIT}, {}, "stop", "status_red"
    yield "a hit by chance, green live", TOKEN | {"changes": HIT, "known": LIVE}, {}, "pass", "all_met"
    newer = HIT | {"made_at": NOW - 60}
    yield "a paper, and a hit since the package", PAPER | {"changes": newer}, {}, "second_look", "changed_since"
    yield "a paper, and a hit before the package", PAPER | {"changes": HIT}, {}, "pass", "all_met"


def _gate_joint() -> Iterator[tuple[str, dict[str, Any], dict[str, Any], str, str]]:
    every = TOKEN | MET
    for name, changed, answer, reason in (
        ("37.2 degrees", {"temperature": 37.2}, "pass", "all_met"),
        ("37.3 degrees", {"temperature": 37.3}, "second_look", "fever"),
        ("no temperature", {"temperature": None}, "second_look", "temperature_missing"),
        ("was in an area", {"travel": "seen"}, "second_look", "travel_seen"),
        ("nobody asked about travel", {"travel": None}, "second_look", "travel_unknown"),
        ("travel not known", {"travel": "unknown"}, "second_look", "travel_unknown"),
        ("one dose", {"vaccine_doses": 1}, "second_look", "vaccination_short"),
        ("nobody asked about doses", {"vaccine_doses": None}, "second_look", "vaccination_unknown"),
        ("two people with them", {"companions": 2}, "second_look", "companions_not_shown"),
    ):
        yield name, every | changed, ASKED, answer, reason

    def negative(at: int | None, **more: Any) -> dict[str, Any]:
        return every | {"code": FRESH | {"last_negative_at": at}} | more

    two_days = NOW - 48 * HOUR
    yield "no negative known", negative(None), ASKED, "second_look", "negative_unknown"
    yield "48 hours to the second", negative(two_days), ASKED, "pass", "all_met"
    yield "48 hours and a second", negative(two_days - 1), ASKED, "stop", "negative_too_old"
    old = {"issued_at": NOW - 5 * HOUR, "last_negative_at": two_days - 1}
    yield (
        "too old, by a code of five hours ago",
        every | {"code": FRESH | old},
        ASKED,
        "second_look",
        "negative_may_be_newer",
    )
    yield "too old, and live", negative(two_days - 1, known=LIVE | {"last_negative_at": two_days - 2}), ASKED, \
        "stop", "negative_too_old"  # fmt: skip
    yield "a newer negative is carried", negative(two_days - 1, known=CARRIED), ASKED, "pass", "all_met"
    yield (
        "a newer negative in the code",
        every | {"known": CARRIED | {"last_negative_at": None}},
        ASKED,
        "pass",
        "all_met",
    )
    yield "nothing is right", {**TOKEN, "code": FRESH | {"status": "yellow", "last_negative_at": two_days - 1},
                               "companions": 1}, ASKED, "stop", "negative_too_old"  # fmt: skip
    yield "half an hour as a rule", negative(NOW - 1801), {"negative_hours": 0.5}, "stop", "negative_too_old"
    yield "no hours as a rule", negative(None), {"negative_hours": 0}, "pass", "all_met"


def _gate_permits() -> Iterator[tuple[str, dict[str, Any], dict[str, Any], str, str]]:
    red = TOKEN | {"code": FRESH | {"status": "red"}}
    leave = {"permit": "valid", "permit_until_at": NOW + HOUR, "permit_companions": 1}
    yield "red, with a permit", red | leave, ASKED, "pass", "permit"
    yield "red and feverish, with a permit", red | leave | {"temperature": 39.1}, ASKED, "pass", "permit"
    yield "red, with a permit for later", red | leave | {"permit": "not_now"}, {}, "stop", "status_red"
    yield "red, with a permit for another gate", red | leave | {"permit": "other_gate"}, {}, "stop", "status_red"
    yield "a permit for one companion, one comes", red | leave | {"companions": 1}, {}, "pass", "permit"
    yield (
        "a permit for one companion, two come",
        red | leave | {"companions": 2},
        {},
        "second_look",
        "companions_not_shown",
    )
    stale = FRESH | {"reading": "stale"}
    yield "a permit shown with a forwarded picture", red | leave | {"code": stale}, {}, "second_look", "code_stale"
    yield "a permit of nobody identified", leave, {}, "second_look", "not_identified"
    yield (
        "a permit, looked up by number",
        {"proof": "lookup", "known": CARRIED | {"status": "red"}} | leave,
        {},
        "pass",
        "permit",
    )
    yield "a permit and a changed status", TOKEN | leave | {"changes": HIT}, {}, "pass", "permit"
    for name, facts in (
        ("nobody", {}),
        ("somebody red", red),
        ("a forged code", {"code": FRESH | {"reading": "forged"}}),
    ):
        yield f"an emergency of {name}", facts | {"is_emergency": True}, ASKED, "emergency", "emergency"


def gate_facts(given: dict[str, Any]) -> gate.GateFacts:
    """Facts from JSON."""
    made = dict(given)
    for name, kind in (("code", Verdict), ("known", gate.KnownStatus), ("changes", gate.ChangedSince)):
        if made.get(name) is not None:
            made[name] = kind(**made[name])
    return gate.GateFacts(**made)


def gate_cases() -> list[dict[str, Any]]:
    found = []
    for name, facts, rules, answer, reason in _gate():
        said = gate.gate_answer(gate_facts(facts), gate.GateRules.from_json(rules), NOW).as_json()
        if (said["answer"], said["reason"]) != (answer, reason):
            raise AssertionError(f"{name}: {said['answer']} {said['reason']}, not {answer} {reason}")
        found.append({"name": name, "given": {"facts": facts, "rules": rules, "now": NOW}, "expected": said})
    return found
