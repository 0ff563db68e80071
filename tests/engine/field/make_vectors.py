# ruff: noqa: E501 - one case a line
"""Writes ``vectors/*.json``: cases with the answer that was thought out by hand, and the rest of it as Python gives it.

``python -m tests.engine.field.make_vectors`` after a rule changed on purpose; a test holds that the files are what this
writes, so that a difference is seen and read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lianfang.engine.field import changes, gate, lookup, presence, tube
from lianfang.engine.field.base45 import raw_of, text_of
from lianfang.engine.field.cbor import Tagged, Value, decode, encode
from lianfang.engine.field.tokens import ProofClaims, Verdict, VerifyingKey, key_id, public_of, read_code, show, sign

FOLDER = Path(__file__).parents[3] / "vectors"
NOW = 1_795_320_000
HOUR = 3600
ISSUER, OTHER, REVOKED, OLD, HOLDER, THIEF = (bytes([number] * 32) for number in range(1, 7))
PSEUDONYM = bytes(range(16))
ORDER = 2**252 + 27742317777372353535851937790883648493


def _key(private: bytes, **more: Any) -> VerifyingKey:
    public = public_of(private)
    given = {"from_at": NOW - 7 * 24 * HOUR, "to_at": NOW + 24 * HOUR} | more
    return VerifyingKey(key_id(public), public, **given)


KEYS = [
    _key(ISSUER),
    _key(REVOKED, is_revoked=True),
    _key(OLD, from_at=NOW - 30 * 24 * HOUR, to_at=NOW - 2 * 24 * HOUR),
]  # fmt: skip


def _claims(**changes_: Any) -> ProofClaims:
    given: dict[str, Any] = {
        "pseudonym": PSEUDONYM, "issued_at": NOW - HOUR, "expires_at": NOW + 23 * HOUR, "status": "green",
        "last_negative_at": NOW - 10 * HOUR, "holder_key": public_of(HOLDER),
    }  # fmt: skip
    return ProofClaims(**(given | changes_))


def _printed(**changes_: Any) -> bytes:
    given = {
        "status": None,
        "holder_key": None,
        "last_negative_at": None,
        "expires_at": NOW + 80 * 24 * HOUR,
    } | changes_
    return sign(_claims(**given), ISSUER)


def signed(
    claims: Value | bytes, private: bytes = ISSUER, *, header: Value | None = None, unprotected: Value | None = None
) -> bytes:
    """A COSE_Sign1 over anything at all, for what the issuer would never sign."""
    kid = key_id(public_of(private))
    protected = encode({1: -8, 4: kid} if header is None else header)
    payload = claims if isinstance(claims, bytes) else encode(claims)
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(encode(["Signature1", protected, b"", payload]))
    return encode(Tagged(18, [protected, unprotected or {}, payload, signature]))


LABELS = {"exp": 4, "iat": 6, "cnf": 8, "pseudonym": -65537, "status": -65538, "last_negative": -65539, "kind": -65540,
          "name": -65541, "later": 70000}  # fmt: skip


def raw_claims(**changes_: Any) -> dict[int, Any]:
    """The claims of a token as a map; ``None`` takes one out."""
    given: dict[str, Any] = {
        "exp": NOW + HOUR, "iat": NOW - HOUR, "cnf": {1: {1: 1, -1: 6, -2: public_of(HOLDER)}},
        "pseudonym": PSEUDONYM, "status": 1, "kind": 1,
    } | changes_  # fmt: skip
    return {LABELS[name]: one for name, one in given.items() if one is not None}


def _codes() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Name, text, expected reading, and what is given besides."""
    token = sign(_claims(), ISSUER)
    shown = show(token, HOLDER, NOW)
    yield "a fresh showing", shown, "valid", {}
    yield "shown 90 seconds ago", show(token, HOLDER, NOW - 90), "valid", {}
    yield "shown 91 seconds ago", show(token, HOLDER, NOW - 91), "stale", {}
    yield "a clock 90 seconds ahead", show(token, HOLDER, NOW + 90), "valid", {}
    yield "a clock 91 seconds ahead", show(token, HOLDER, NOW + 91), "stale", {}
    yield "a picture forwarded an hour ago", show(token, HOLDER, NOW - HOUR), "stale", {}
    yield "the token alone, as a screenshot of the page's source", text_of(token), "picture", {}
    yield "another's token shown with one's own key", show(token, THIEF, NOW), "forged_showing", {}
    yield "a token of another installation", show(sign(_claims(), OTHER), HOLDER, NOW), "unknown_key", {}
    yield "signed by a key that was revoked", show(sign(_claims(), REVOKED), HOLDER, NOW), "key_revoked", {}
    yield "signed after the key's time", show(sign(_claims(), OLD), HOLDER, NOW), "key_out_of_time", {}
    yield "signed in the key's time, still valid", show(
        sign(_claims(issued_at=NOW - 3 * 24 * HOUR), OLD), HOLDER, NOW), "valid", {}  # fmt: skip
    yield "no keys carried at all", shown, "unknown_key", {"keys": []}
    yield from _times(token)
    yield from _places(token)
    yield from _printed_codes()
    yield from _forged(token)
    yield from _odd_claims()
    yield from _malformed(token, shown)


def _times(token: bytes) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    end = NOW + 23 * HOUR
    yield "the last second", show(token, HOLDER, end - 1), "valid", {"now": end - 1}
    yield "the second it ends", show(token, HOLDER, end), "expired", {"now": end}
    yield "long expired", show(token, HOLDER, end + 99 * HOUR), "expired", {"now": end + 99 * HOUR}
    yield "expired and stale", show(token, HOLDER, end), "stale", {"now": end + 100}
    ahead = sign(_claims(issued_at=NOW + 120), ISSUER)
    yield "issued 120 seconds ahead", show(ahead, HOLDER, NOW), "valid", {}
    ahead = sign(_claims(issued_at=NOW + 121), ISSUER)
    yield "issued 121 seconds ahead", show(ahead, HOLDER, NOW), "not_yet_valid", {}


def _places(token: bytes) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    yield "for this gate", show(token, HOLDER, NOW, "EAST-1"), "valid", {"place": "EAST-1"}
    yield "for another gate", show(token, HOLDER, NOW, "WEST-1"), "other_place", {"place": "EAST-1"}
    yield "for a gate, read where none is known", show(token, HOLDER, NOW, "EAST-1"), "other_place", {}
    yield "for no gate in particular", show(token, HOLDER, NOW), "valid", {"place": "EAST-1"}
    moved = encode([token, NOW, "WEST-1", b"\0" * 64])
    yield "the place put in afterwards", text_of(moved), "forged_showing", {"place": "WEST-1"}


def _printed_codes() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    printed = _printed()
    yield "a printed code", text_of(printed), "valid", {}
    yield "a printed code after its end", text_of(printed), "expired", {"now": NOW + 81 * 24 * HOUR}
    yield "a printed code shown like a phone's", show(printed, HOLDER, NOW), "unbound", {}
    yield "a printed code with a name", text_of(_printed(name="陈建国")), "valid", {}
    claims = raw_claims(cnf=None)
    yield "a token bound to nobody", text_of(signed(claims)), "picture", {}
    yield "a token bound to nobody, shown", show(signed(claims), HOLDER, NOW), "unbound", {}


def _forged(token: bytes) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for place, name in ((-1, "the last byte of the signature"), (-70, "a byte of the claims")):
        changed = bytearray(token)
        changed[place] ^= 1
        yield f"changed: {name}", show(bytes(changed), HOLDER, NOW), "forged", {}
    ours = {1: -8, 4: key_id(public_of(ISSUER))}
    yield (
        "another's signature under our key id",
        show(signed(raw_claims(), OTHER, header=ours), HOLDER, NOW),
        "forged",
        {},
    )
    red = signed(raw_claims(status=3))
    green_text = red.replace(bytes.fromhex("3a0001000103"), bytes.fromhex("3a0001000101"))
    yield "red made green", show(green_text, HOLDER, NOW), "forged", {}
    # The signature's second half plus the order of the group: the same to a careless reader.
    _, at, place, signature = decode(raw_of(show(token, HOLDER, NOW)))
    more = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    yield (
        "a signature written in its other form",
        text_of(encode([token, at, place, signature[:32] + more])),
        "forged_showing",
        {},
    )
    # With this public key the signature R = identity, S = 0 fits any message.
    weak = signed(raw_claims(cnf={1: {1: 1, -1: 6, -2: b"\1" + bytes(31)}}))
    anything = encode([weak, NOW, "", b"\1" + bytes(63)])
    yield "a holder's key under which everything fits", text_of(anything), "forged_showing", {}
    no_point = signed(raw_claims(cnf={1: {1: 1, -1: 6, -2: b"\2" + bytes(31)}}))
    yield "a holder's key that is no point", show(no_point, HOLDER, NOW), "forged_showing", {}


def _odd_claims() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    def shown(**changes_: Any) -> str:
        return show(signed(raw_claims(**changes_)), HOLDER, NOW)

    yield "a status of a later version", shown(status=4), "valid", {}
    yield "a negative status", shown(status=-1), "valid", {}
    yield "a claim of a later version", shown(later="new"), "valid", {}
    yield "no last negative", shown(), "valid", {}
    yield "no status", shown(status=None), "malformed", {}
    yield "status as text", shown(status="green"), "malformed", {}
    yield "no kind", shown(kind=None), "malformed", {}
    yield "a kind of a later version", shown(kind=3), "malformed", {}
    yield "no end", shown(exp=None), "malformed", {}
    yield "an end before 1970", shown(exp=-1), "malformed", {}
    yield "no beginning", shown(iat=None), "malformed", {}
    yield "a short pseudonym", shown(pseudonym=PSEUDONYM[:15]), "malformed", {}
    yield "a last negative before 1970", shown(last_negative=-5), "malformed", {}
    yield "a name as bytes", shown(name=b"x"), "malformed", {}
    yield "a name of 160 bytes", shown(name="x" * 160), "valid", {}
    yield "a name of 161 bytes", shown(name="x" * 161), "malformed", {}
    yield "a holder's key of another curve", shown(cnf={1: {1: 2, -1: 1, -2: bytes(32)}}), "malformed", {}
    yield "a holder's key that is short", shown(cnf={1: {1: 1, -1: 6, -2: bytes(31)}}), "malformed", {}
    yield "a holder's key that is none", shown(cnf=5), "malformed", {}
    yield "claims that are no map", show(signed([1, 2]), HOLDER, NOW), "malformed", {}
    yield "claims that are no CBOR", show(signed(b"\xff\xff"), HOLDER, NOW), "malformed", {}
    yield "claims with a key twice", show(signed(b"\xa2\x04\x01\x04\x02"), HOLDER, NOW), "malformed", {}
    yield "claims with keys out of order", show(signed(b"\xa2\x06\x01\x04\x02"), HOLDER, NOW), "malformed", {}


def _malformed(token: bytes, shown: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for name, text in (
        ("nothing", ""), ("a web address", "https://lianfang.example/r/abc"), ("a tube", "R3-0000127"),
        ("a European certificate", "HC1:6BF"), ("small letters", "lf1:ABC"), ("a space in front", " " + shown),
    ):  # fmt: skip
        yield name, text, "not_ours", {}
    for name, text in (
        ("the prefix alone", "LF1:"), ("a letter that is not in base45", "LF1:AB#"), ("a line end", shown + "\n"),
        ("small letters behind the prefix", shown[:4] + shown[4:].lower()), ("one character too many", "LF1:BB80"),
        ("three characters beyond 65535", "LF1:GGW"), ("two characters beyond 255", "LF1:::"),
        ("cut off", shown[:-3]), ("too long", "LF1:" + "0" * 1997), ("a Chinese sign", "LF1:码码码"),
    ):  # fmt: skip
        yield name, text, "malformed", {}
    body = token[1:]
    parts = {
        "another tag": encode(Tagged(98, 1))[:2] + body, "no tag": body, "something behind it": token + b"\0",
        "a number": encode(5), "a text": encode("LF1"), "an empty list": encode([]),
        "three parts": encode(Tagged(18, [b"", {}, b""])),
        "five parts": encode(Tagged(18, [b"", {}, b"", b"", b""])),
        "an open header": signed(raw_claims(), unprotected={4: b"12345678"}),
        "another algorithm": signed(raw_claims(), header={1: -7, 4: key_id(public_of(ISSUER))}),
        "no algorithm": signed(raw_claims(), header={4: key_id(public_of(ISSUER))}),
        "more in the header": signed(raw_claims(), header={1: -8, 2: 1, 4: key_id(public_of(ISSUER))}),
        "a key id of seven bytes": signed(raw_claims(), header={1: -8, 4: bytes(7)}),
        "a key id as text": signed(raw_claims(), header={1: -8, 4: "12345678"}),
        "a list of length five that is shorter": b"\x85\x01",
        "an unknown length": b"\x9f\x01\xff", "a float": b"\xfb\x3f\xf0" + bytes(6), "a truth value": b"\xf5",
        "a number longer than needed": b"\x18\x05", "a tag longer than needed": b"\xd8\x12" + body,
        "a number beyond 2^53": b"\x1b\x00\x20" + bytes(6), "the greatest number": b"\x1b\x00\x1f" + b"\xff" * 6,
        "text that is no UTF-8": b"\x61\xff", "nine lists deep": b"\x81" * 9 + b"\x00", "ten lists deep": b"\x81" * 10,
        "a list said to be endless": b"\x9b\x00\x1f" + b"\xff" * 6, "a text as key": b"\xa1\x61a\x01",
    }  # fmt: skip
    for name, raw in parts.items():
        yield name, text_of(raw), "malformed", {}
    signature = bytes(64)
    showings: dict[str, Value] = {
        "a showing with three parts": [token, NOW, ""], "a showing with five parts": [token, NOW, "", signature, 1],
        "a showing with a negative moment": [token, -1, "", signature],
        "a showing with a moment as text": [token, "now", "", signature],
        "a showing with a short signature": [token, NOW, "", signature[:63]],
        "a showing with a long place": [token, NOW, "X" * 41, signature],
        "a showing with a place as bytes": [token, NOW, b"X", signature],
        "a showing of a number": [5, NOW, "", signature], "a showing of no token": [encode(5), NOW, "", signature],
        "a showing of a showing": [encode([token, NOW, "", signature]), NOW, "", signature],
    }  # fmt: skip
    for name, value in showings.items():
        yield name, text_of(encode(value)), "malformed", {}
    unsigned = encode([token, NOW, "", signature])
    yield "a showing that nobody signed", text_of(unsigned), "forged_showing", {}


def code_cases() -> list[dict[str, Any]]:
    found = []
    for name, text, reading, more in _codes():
        given = {"text": text, "keys": [key.as_json() for key in KEYS], "now": NOW, "place": ""} | more
        keys = [VerifyingKey.from_json(key) for key in given["keys"]]
        said = read_code(text, keys=keys, now=given["now"], place=given["place"]).as_json()
        if said["reading"] != reading:
            raise AssertionError(f"{name}: {said['reading']}, not {reading}")
        # The same keys in nearly all cases: said once.
        given = {key: value for key, value in given.items() if key != "keys" or more.get("keys") is not None}
        found.append({"name": name, "given": given, "expected": said})
    return found


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
