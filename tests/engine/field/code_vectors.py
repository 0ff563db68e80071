"""The cases of codes for ``make_vectors``: what is shown, and what reading it must say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lianfang.engine.field.base45 import raw_of, text_of
from lianfang.engine.field.cbor import Tagged, Value, decode, encode
from lianfang.engine.field.tokens import ProofClaims, VerifyingKey, key_id, public_of, read_code, show, sign

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
