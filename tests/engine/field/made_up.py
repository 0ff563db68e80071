# ruff: noqa: E501 - one fact a line
"""Cases that nobody thought of, made from a seed, for Python and JavaScript to be held against each other."""

from __future__ import annotations

import random
from typing import Any

from lianfang.engine.field import changes, presence
from lianfang.engine.field.base45 import text_of
from lianfang.engine.field.cbor import encode
from lianfang.engine.field.tokens import STATUSES, ProofClaims, public_of, show, sign
from tests.engine.field.code_vectors import HOLDER, HOUR, ISSUER, KEYS, NOW, OLD, OTHER, REVOKED, THIEF
from tests.engine.field.gate_vectors import FRESH, PRINTED

COUNT = 120


def made_up_cases(chance: random.Random, count: int = COUNT) -> dict[str, list[dict[str, Any]]]:
    """Kind of case → what it is given."""
    makers = {
        "codes": _code, "gate": _gate, "presence": _presence, "lookup": _lookup, "changes": _changes, "tube": _tube,
        "cbor": _cbor, "base45": _bytes, "shown_place": _place,
    }  # fmt: skip
    return {name: [make(chance) for _ in range(count)] for name, make in makers.items()}


def _near(chance: random.Random, at: int, *edges: int) -> int:
    return at + chance.choice((0, 1, -1, *edges, *(edge + 1 for edge in edges), *(edge - 1 for edge in edges)))


def _code(chance: random.Random) -> dict[str, Any]:
    issued_at = _near(chance, NOW, 120, -HOUR, -3 * 24 * HOUR, -9 * 24 * HOUR)
    is_printed = chance.random() < 0.2
    claims = ProofClaims(
        chance.randbytes(16), issued_at, issued_at + chance.choice((60, HOUR, 24 * HOUR, 9 * 24 * HOUR)),
        None if is_printed else chance.choice(STATUSES), chance.choice((None, NOW - HOUR)),
        None if is_printed else public_of(HOLDER), chance.choice(("", "陈建国", "a" * 40)),
    )  # fmt: skip
    raw = sign(claims, chance.choice((ISSUER, ISSUER, ISSUER, OTHER, REVOKED, OLD)))
    text = text_of(raw)
    if chance.random() < 0.8:
        text = show(
            raw, chance.choice((HOLDER, HOLDER, THIEF)), _near(chance, NOW, 90, -90), chance.choice(("", "EAST-1"))
        )
    if chance.random() < 0.3:
        place = chance.randrange(4, len(text))
        text = text[:place] + chance.choice("0A:%ab\n码") + text[place + chance.choice((0, 1)) :]
    return {"text": text, "keys": [key.as_json() for key in KEYS], "now": NOW, "place": chance.choice(("", "EAST-1"))}


def _gate(chance: random.Random) -> dict[str, Any]:
    def some(*values: Any) -> Any:
        return chance.choice(values)

    moments = [None, NOW, NOW - HOUR, NOW + HOUR, _near(chance, NOW, -24 * HOUR, -4 * HOUR, -48 * HOUR)]
    status = some("green", "green", "green", "yellow", "red", "unknown", "blue")
    token = FRESH | {"reading": some("valid", "valid", "valid", "expired", "stale"), "status": status,
                     "last_negative_at": some(*moments), "issued_at": some(*moments[1:]),
                     "expires_at": some(*moments[1:])}  # fmt: skip
    known = {"status": some("green", "green", "yellow", "red", "unknown"), "at": some(*moments[1:]),
             "last_negative_at": some(*moments), "until_at": some(*moments), "is_live": some(True, False, False),
             "printed_from_at": some(None, None, *moments)}  # fmt: skip
    filter_ = {
        "is_hit": some(True, False, False),
        "since_at": some(NOW - 26 * HOUR, *moments[1:]),
        "made_at": some(*moments[1:]),
    }
    facts = {
        "proof": some("token", "token", "token", "printed", "lookup", "typed", "none"), "code": some(token, token, PRINTED, None),
        "known": some(known, None), "changes": some(filter_, filter_, None), "temperature": some(None, 36.6, 37.2, 37.3, 40.0),
        "permit": some("none", "none", "none", "valid", "not_now", "other_gate"), "permit_until_at": some(*moments),
        "permit_companions": some(0, 1), "companions": some(0, 0, 1, 2), "travel": some(None, "clear", "clear", "seen", "unknown"),
        "vaccine_doses": some(None, 0, 2, 3), "is_emergency": chance.random() < 0.03,
    }  # fmt: skip
    rules = {"negative_hours": some(None, 0, 24, 48, 0.5), "fever_from": some(None, None, 37.3), "travel": some(True, False),
             "vaccine_doses": some(0, 0, 2), "carried_hours": some(24, 2), "fresh_hours": some(4, 0), "renew_hours": some(72, 0)}  # fmt: skip
    rules = {name: value for name, value in rules.items() if chance.random() < 0.8}
    return {"facts": facts, "rules": rules, "now": NOW}


def _presence(chance: random.Random) -> dict[str, Any]:
    secret, other = bytes(32), bytes(31) + b"\1"
    text = presence.place_code_text(chance.choice((secret, secret, other)), chance.choice(("EAST-1", "A")), NOW)
    if chance.random() < 0.2:
        place = chance.randrange(len(text))
        text = text[:place] + chance.choice("0AF:-x\n") + text[place + 1 :]
    starts = NOW // 30 * 30
    return {"text": text, "secret": secret.hex(), "at": _near(chance, starts, -90, 120, HOUR)}


def _place(chance: random.Random) -> dict[str, Any]:
    return {
        "secret": chance.randbytes(32).hex(),
        "code": chance.choice(("EAST-1", "A", "0" * 40)),
        "at": chance.randrange(2**35),
    }


def _lookup(chance: random.Random) -> dict[str, Any]:
    signs = "0123456789Xxé -\u3000１２Ｘ陈ßｱ①"
    return {"key": chance.randbytes(32).hex(), "number": "".join(chance.choices(signs, k=chance.randrange(20)))}


def _changes(chance: random.Random) -> dict[str, Any]:
    bits = 64 * chance.randrange(1, 20)
    table = bytes(chance.choice((0, 255, 255, chance.randrange(256))) for _ in range(bits // 8))
    made = changes.ChangedFilter(chance.randbytes(16), bits, chance.randrange(1, 12), 0, 0, NOW, table)
    return {"filter": made.as_json(), "pseudonym": chance.randbytes(16).hex()}


def _tube(chance: random.Random) -> dict[str, Any]:
    some = chance.choice
    count = some((0, 1, 9, 10, 11, 20))
    own = {"capacity": some((1, 5, 10, 20)), "count": count, "is_household": some((True, False)), "building": some((None, 1, 2)),
           "households": chance.choices((1, 2, None), k=chance.randrange(3))}  # fmt: skip
    person = {"household": some((1, 2, None)), "building": some((None, 1, 2)), "is_expected": some((True, False)),
              "state": some(("missing", "sampled", "exempt", "away")), "sampled_in": some((None, "", "R1-1"))}  # fmt: skip
    return {"tube": own, "person": person, "counted": count + some((-1, 0, 1))}


def _cbor(chance: random.Random) -> dict[str, Any]:
    def value(depth: int) -> Any:
        kind = chance.randrange(6 if depth < 4 else 4)
        if kind == 0:
            return chance.choice(
                (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53 - 1, chance.randrange(2**53))
            )
        if kind == 1:
            return -1 - chance.choice((0, 23, 24, 65537, 2**32, 2**53 - 2))
        if kind == 2:
            return chance.randbytes(chance.choice((0, 3, 23, 24, 300)))
        if kind == 3:
            return chance.choice(("", "green", "陈建国", "\ufeffa", "😀"))
        if kind == 4:
            return [value(depth + 1) for _ in range(chance.randrange(4))]
        return {chance.choice((1, -1, 30, -300, 70000)): value(depth + 1) for _ in range(chance.randrange(4))}

    raw = bytearray(encode(value(0)))
    if chance.random() < 0.6:
        for _ in range(chance.randrange(1, 3)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    if chance.random() < 0.1:
        raw = bytearray(chance.randbytes(chance.randrange(1, 12)))
    return {"raw": bytes(raw).hex()}


def _bytes(chance: random.Random) -> dict[str, Any]:
    return {"raw": chance.randbytes(chance.randrange(1, 60)).hex()}
