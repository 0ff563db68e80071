"""A resident's code: a CWT (RFC 8392) in COSE_Sign1 with Ed25519, shown with a signature that goes stale.

Three things are written as ``LF1:`` and base45:

* a **token**, tag 18: pseudonym, status, last negative, issued, expires, and the public key of the phone that holds it.
  By itself it is a picture and proves nothing (``picture``).
* a **showing**, ``[token, moment, place, signature]``: the token with the moment, signed anew by the holder's key every
  half minute. It counts within SHOWING_TOLERANCE of the verifier's clock, either way. ``place`` is the public part of
  the place code that the holder scanned, or empty; where it is given it must be the verifier's own.
* a **printed code**, tag 18: pseudonym and a long validity, no status and no key; the verifier carries or fetches the
  status. It says whose paper it is, not who holds it.

Signing is the library ``cwt``'s. Reading is this file's and ``js/rules/tokens.js``'s, strict and in the same order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lianfang.engine.field.base45 import is_ours, raw_of, text_of
from lianfang.engine.field.cbor import MalformedError, Tagged, Value, decode, encode

SHOWING_EVERY = 30
SHOWING_TOLERANCE = 90
ISSUED_AHEAD_TOLERANCE = 120
LONGEST_NAME = 40
LONGEST_PLACE = 40
STATUSES = ("unknown", "green", "yellow", "red")

_SIGN1, _ALG, _KID, _EDDSA = 18, 1, 4, -8
_EXP, _IAT, _CNF = 4, 6, 8
_PSEUDONYM, _STATUS, _LAST_NEGATIVE, _KIND, _NAME = -65537, -65538, -65539, -65540, -65541
_KINDS = {1: "token", 2: "printed"}
_SHOWING = b"lianfang showing 1\0"
# Under these keys one signature fits every message: whoever shows such a key has bound the token to nobody.
WEAK_KEYS = frozenset(
    bytes.fromhex(key)
    for key in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    )
)

Reading = Literal[
    "valid", "not_ours", "malformed", "unknown_key", "key_revoked", "key_out_of_time", "forged", "not_yet_valid",
    "picture", "unbound", "forged_showing", "stale", "other_place", "expired",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProofClaims:
    """What is signed about a person. ``status`` None and ``holder_key`` None: a printed code."""

    pseudonym: bytes
    issued_at: int
    expires_at: int
    status: str | None = None
    last_negative_at: int | None = None
    holder_key: bytes | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A published key: what it signed from ``from_at`` to ``to_at`` counts, unless it was revoked."""

    kid: bytes
    public: bytes
    from_at: int
    to_at: int
    is_revoked: bool = False

    def as_json(self) -> dict[str, Any]:
        """As packages carry it."""
        return {
            "kid": self.kid.hex(), "public": self.public.hex(), "from_at": self.from_at, "to_at": self.to_at,
            "is_revoked": self.is_revoked,
        }  # fmt: skip

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> VerifyingKey:
        return cls(
            bytes.fromhex(given["kid"]), bytes.fromhex(given["public"]), given["from_at"], given["to_at"],
            given.get("is_revoked", False),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a code says. Claims are given only where the signature is right, whatever else is wrong.

    ``presence`` is "verified" only where the holder's key signed just now; everything else may be a forwarded picture.
    """

    reading: Reading
    kind: str | None = None
    pseudonym: str | None = None
    status: str | None = None
    last_negative_at: int | None = None
    issued_at: int | None = None
    expires_at: int | None = None
    name: str = ""
    shown_at: int | None = None
    presence: Literal["verified", "seen"] = "seen"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def key_id(public: bytes) -> bytes:
    """The first eight bytes of the key's SHA-256, as in the European certificates."""
    return hashlib.sha256(public).digest()[:8]


def public_of(private: bytes) -> bytes:
    """The public half of an Ed25519 key of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(claims: ProofClaims, private: bytes) -> bytes:
    """The signed token or printed code."""
    # Loading it takes a quarter of a second, which whoever only reads codes need not wait for.
    from cwt import COSE, COSEKey

    kid = key_id(public := public_of(private))
    key = COSEKey.new({1: 1, -1: 6, -2: public, -4: private, 2: kid, 3: _EDDSA, 4: [1]})
    signed = COSE.new().encode_and_sign(
        encode(_claims(claims)), key, protected={_ALG: _EDDSA, _KID: kid}, unprotected={}
    )
    if not isinstance(signed, bytes):
        raise TypeError("cwt gave no bytes")
    return signed


def _claims(claims: ProofClaims) -> Value:
    if len(claims.pseudonym) != 16 or claims.expires_at <= claims.issued_at or len(claims.name) > LONGEST_NAME:
        raise ValueError("claims")
    found: dict[int, Value] = {_EXP: claims.expires_at, _IAT: claims.issued_at, _PSEUDONYM: claims.pseudonym}
    found[_KIND] = 2 if claims.status is None else 1
    if claims.status is not None:
        if claims.holder_key is None or len(claims.holder_key) != 32 or claims.holder_key in WEAK_KEYS:
            raise ValueError("a token is bound to a sound key of its holder")
        found[_STATUS] = STATUSES.index(claims.status)
        found[_CNF] = {1: {1: 1, -1: 6, -2: claims.holder_key}}
    if claims.last_negative_at is not None and claims.status is not None:
        found[_LAST_NEGATIVE] = claims.last_negative_at
    if claims.name:
        found[_NAME] = claims.name
    return found


def show(token: bytes, private: bytes, at: int, place: str = "") -> str:
    """What the holder's phone shows at a moment; it does this in JavaScript, ``present`` in ``js/rules/tokens.js``."""
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(_signed_showing(token, at, place))
    return text_of(encode([token, at, place, signature]))


def _signed_showing(token: bytes, at: int, place: str) -> bytes:
    return _SHOWING + hashlib.sha256(token).digest() + at.to_bytes(8, "big") + place.encode()


def read_code(text: str, *, keys: Sequence[VerifyingKey], now: int, place: str = "") -> Verdict:
    """What a scanned text proves at ``now``, in the verifier's place (the public part of its place code, or empty)."""
    if not is_ours(text):
        return Verdict("not_ours")
    try:
        value = decode(raw_of(text))
        if isinstance(value, list):
            token, at, shown_place, signature = _showing(value)
            verdict, holder_key = _read_token(decode(token), keys, now)
        else:
            verdict, holder_key = _read_token(value, keys, now)
            if verdict.reading == "valid" and verdict.kind == "token":
                return replace(verdict, reading="picture")
            return _with_end(verdict, now)
    except MalformedError:
        return Verdict("malformed")
    if verdict.reading != "valid":
        return verdict
    if holder_key is None:
        return replace(verdict, reading="unbound")
    if holder_key in WEAK_KEYS or not _fits(holder_key, signature, _signed_showing(token, at, shown_place)):
        return replace(verdict, reading="forged_showing")
    verdict = replace(verdict, shown_at=at)
    if abs(now - at) > SHOWING_TOLERANCE:
        return replace(verdict, reading="stale")
    if shown_place and shown_place != place:
        return replace(verdict, reading="other_place")
    return _with_end(replace(verdict, presence="verified"), now)


def _with_end(verdict: Verdict, now: int) -> Verdict:
    """Last, so that "expired" means that nothing else is wrong: the person is there, the status is an old one."""
    if verdict.reading == "valid" and verdict.expires_at is not None and verdict.expires_at <= now:
        return replace(verdict, reading="expired")
    return verdict


def _showing(value: list[Value]) -> tuple[bytes, int, str, bytes]:
    if len(value) != 4:
        raise MalformedError("showing")
    token, at, place, signature = value
    if not (isinstance(token, bytes) and isinstance(at, int) and at >= 0):
        raise MalformedError("showing")
    if not (isinstance(place, str) and len(place.encode()) <= LONGEST_PLACE):
        raise MalformedError("showing")
    if not (isinstance(signature, bytes) and len(signature) == 64):
        raise MalformedError("showing")
    return token, at, place, signature


def _read_token(value: Value, keys: Sequence[VerifyingKey], now: int) -> tuple[Verdict, bytes | None]:
    protected, payload, signature, kid = _sign1(value)
    key = next((one for one in keys if one.kid == kid), None)
    if key is None:
        return Verdict("unknown_key"), None
    if key.is_revoked:
        return Verdict("key_revoked"), None
    if not _fits(key.public, signature, encode(["Signature1", protected, b"", payload])):
        return Verdict("forged"), None
    verdict, holder_key = _read_claims(decode(payload))
    issued_at = verdict.issued_at or 0
    if not key.from_at <= issued_at <= key.to_at:
        return replace(verdict, reading="key_out_of_time"), holder_key
    if issued_at > now + ISSUED_AHEAD_TOLERANCE:
        return replace(verdict, reading="not_yet_valid"), holder_key
    return verdict, holder_key


def _sign1(value: Value) -> tuple[bytes, bytes, bytes, bytes]:
    """Protected header, payload, signature and key id; only the one form that is issued."""
    if not isinstance(value, Tagged) or value.tag != _SIGN1 or not isinstance(value.value, list):
        raise MalformedError("no COSE_Sign1")
    if len(value.value) != 4 or value.value[1] != {}:
        raise MalformedError("no COSE_Sign1")
    protected, _, payload, signature = value.value
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise MalformedError("no COSE_Sign1")
    header = decode(protected)
    if not isinstance(header, dict) or set(header) != {_ALG, _KID} or header[_ALG] != _EDDSA or len(signature) != 64:
        raise MalformedError("header")
    kid = header[_KID]
    if not isinstance(kid, bytes) or len(kid) != 8:
        raise MalformedError("key id")
    return protected, payload, signature, kid


def _read_claims(value: Value) -> tuple[Verdict, bytes | None]:
    """Claims that this version does not know are passed over: a later one may add some."""
    if not isinstance(value, dict):
        raise MalformedError("claims")
    pseudonym, kind = value.get(_PSEUDONYM), value.get(_KIND)
    issued_at, expires_at = _moment(value, _IAT), _moment(value, _EXP)
    if not isinstance(pseudonym, bytes) or len(pseudonym) != 16 or issued_at is None or expires_at is None:
        raise MalformedError("claims")
    if not isinstance(kind, int) or kind not in _KINDS:
        raise MalformedError("claims")
    name = value.get(_NAME, "")
    if not isinstance(name, str) or len(name.encode()) > 4 * LONGEST_NAME:
        raise MalformedError("claims")
    status, last_negative_at, holder_key = None, None, None
    if kind == 1:
        number = value.get(_STATUS)
        if not isinstance(number, int):
            raise MalformedError("claims")
        # A status of a later version is none that this one may call safe, or bad.
        status = STATUSES[number] if 0 <= number < len(STATUSES) else "unknown"
        last_negative_at, holder_key = _moment(value, _LAST_NEGATIVE), _holder_key(value)
    return (
        Verdict("valid", _KINDS[kind], pseudonym.hex(), status, last_negative_at, issued_at, expires_at, name),
        holder_key,
    )


def _moment(claims: dict[int, Value], label: int) -> int | None:
    found = claims.get(label)
    if found is None:
        return None
    if not isinstance(found, int) or found < 0:
        raise MalformedError("moment")
    return found


def _holder_key(claims: dict[int, Value]) -> bytes | None:
    cnf = claims.get(_CNF)
    if cnf is None:
        return None
    key = cnf.get(1) if isinstance(cnf, dict) else None
    if not isinstance(key, dict) or key.get(1) != 1 or key.get(-1) != 6:
        raise MalformedError("holder key")
    public = key.get(-2)
    if not isinstance(public, bytes) or len(public) != 32:
        raise MalformedError("holder key")
    return public


def _fits(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
