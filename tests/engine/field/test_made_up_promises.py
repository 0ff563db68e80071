"""What docs/algorithms/proof.md promises: hypothesis looks for the case that nobody thought of and that breaks it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from hypothesis import assume, example, given, settings
from hypothesis import strategies as some

from lianfang.engine.field import presence
from lianfang.engine.field.base45 import raw_of, text_of
from lianfang.engine.field.cbor import GREATEST, MalformedError, Tagged, decode, encode
from lianfang.engine.field.changes import ChangedFilter, make_filter
from lianfang.engine.field.gate import ChangedSince, GateFacts, GateRules, KnownStatus, gate_answer
from lianfang.engine.field.tokens import (
    ISSUED_AHEAD_TOLERANCE,
    SHOWING_TOLERANCE,
    STATUSES,
    ProofClaims,
    Verdict,
    VerifyingKey,
    key_id,
    public_of,
    read_code,
    show,
    sign,
)
from tests.engine.field.signers import ANNA, HOLDER, HOUR, ISSUER, NOW

KEY = VerifyingKey(key_id(public_of(ISSUER)), public_of(ISSUER), NOW - 999 * HOUR, NOW + 999 * HOUR)
SECRET = bytes(range(32))

moments = some.integers(NOW - 80 * HOUR, NOW + 30 * HOUR)
place_names = some.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789-", min_size=1, max_size=40)


@cache
def issued(issued_at: int = NOW - HOUR, lasts: int = 24 * HOUR, status: str = "green", key: bytes = ISSUER) -> bytes:
    return sign(ProofClaims(ANNA, issued_at, issued_at + lasts, status, NOW - 5 * HOUR, public_of(HOLDER)), key)


def read(text: str, *, now: int = NOW, place: str = "") -> Verdict:
    return read_code(text, keys=[KEY], now=now, place=place)


def opens(verdict: Verdict) -> bool:
    """Whether a gate that asks for nothing else lets pass, and knows of no worse status since."""
    quiet = ChangedSince(False, NOW - 999 * HOUR, NOW)
    return gate_answer(GateFacts("token", verdict, changes=quiet), GateRules(), NOW).answer == "pass"


# ---- codes


@given(place=some.integers(0), bit=some.integers(0, 7))
def test_a_token_with_any_bit_turned_opens_nothing(place: int, bit: int) -> None:
    raw = bytearray(issued())
    raw[place % len(raw)] ^= 1 << bit
    verdict = read(show(bytes(raw), HOLDER, NOW))
    assert verdict.reading in ("forged", "malformed", "unknown_key")
    assert verdict.pseudonym is None and not opens(verdict)


@given(place=some.integers(0), bit=some.integers(0, 7))
def test_a_showing_with_any_bit_turned_opens_nothing(place: int, bit: int) -> None:
    raw = bytearray(raw_of(show(issued(), HOLDER, NOW, "EAST-1")))
    raw[place % len(raw)] ^= 1 << bit
    verdict = read(text_of(bytes(raw)), place="EAST-1")
    assert verdict.reading in ("forged", "forged_showing", "malformed", "unknown_key")
    assert verdict.presence == "seen" and not opens(verdict)


@given(issuer=some.binary(min_size=32, max_size=32), status=some.sampled_from(STATUSES))
def test_a_code_of_another_issuer_opens_nothing(issuer: bytes, status: str) -> None:
    assume(issuer != ISSUER)
    verdict = read(show(issued(status=status, key=issuer), HOLDER, NOW))
    assert verdict.reading == "unknown_key" and not opens(verdict)


@given(thief=some.binary(min_size=32, max_size=32), at=some.integers(NOW - 300, NOW + 300))
def test_another_phone_s_key_shows_nobody_s_token(thief: bytes, at: int) -> None:
    assume(thief != HOLDER)
    verdict = read(show(issued(), thief, at))
    assert (verdict.reading, verdict.presence) == ("forged_showing", "seen")
    assert not opens(verdict)


@given(skew=some.integers(-3 * SHOWING_TOLERANCE, 3 * SHOWING_TOLERANCE))
@example(SHOWING_TOLERANCE)
@example(-SHOWING_TOLERANCE)
@example(SHOWING_TOLERANCE + 1)
@example(-SHOWING_TOLERANCE - 1)
def test_a_showing_counts_within_the_tolerance_of_the_clocks_and_not_beyond(skew: int) -> None:
    verdict = read(show(issued(), HOLDER, NOW + skew))
    is_fresh = abs(skew) <= SHOWING_TOLERANCE
    assert verdict.reading == ("valid" if is_fresh else "stale")
    assert (verdict.presence == "verified") is opens(verdict) is is_fresh


@given(ahead=some.integers(-HOUR, HOUR))
@example(ISSUED_AHEAD_TOLERANCE)
@example(ISSUED_AHEAD_TOLERANCE + 1)
def test_a_code_of_the_future_counts_as_far_as_clocks_may_differ(ahead: int) -> None:
    verdict = read(show(issued(NOW + ahead), HOLDER, NOW))
    assert verdict.reading == ("valid" if ahead <= ISSUED_AHEAD_TOLERANCE else "not_yet_valid")


@given(left=some.integers(-30 * HOUR, 30 * HOUR))
@example(0)
@example(1)
def test_a_code_counts_until_its_end_and_not_a_second_longer(left: int) -> None:
    verdict = read(show(issued(NOW + left - 40 * HOUR, 40 * HOUR), HOLDER, NOW))
    assert verdict.reading == ("valid" if left > 0 else "expired")
    assert opens(verdict) is (left > 0)


@given(shown=place_names, here=place_names | some.just(""))
def test_a_code_shown_for_one_place_opens_no_other(shown: str, here: str) -> None:
    verdict = read(show(issued(), HOLDER, NOW, shown), place=here)
    assert verdict.reading == ("valid" if shown == here else "other_place")
    assert (verdict.presence == "verified") is opens(verdict) is (shown == here)


@given(
    text=some.text(max_size=200) | some.text(max_size=200).map("LF1:".__add__) | some.binary(max_size=200).map(text_of)
)
def test_whatever_is_held_before_the_camera_is_read_without_a_fault_and_opens_nothing(text: str) -> None:
    assert not opens(read(text))


# ---- gates

verdicts = some.builds(
    Verdict,
    some.sampled_from(["valid"] * 3 + ["expired", "stale", "forged", "picture", "unknown_key", "other_place"]),
    some.sampled_from(["token", "printed"]), some.just(ANNA.hex()), some.none() | some.sampled_from(STATUSES),
    some.none() | moments, some.none() | moments, some.none() | moments,
)  # fmt: skip
knowns = some.builds(
    KnownStatus, some.sampled_from(STATUSES), moments, some.none() | moments, some.none() | moments, some.booleans(),
    some.none() | moments,
)  # fmt: skip
changes = some.builds(ChangedSince, some.booleans(), moments, moments)
facts = some.builds(
    GateFacts, proof=some.sampled_from(["token", "token", "printed", "lookup", "typed", "none"]),
    code=some.none() | verdicts, known=some.none() | knowns, changes=some.none() | changes,
    temperature=some.none() | some.floats(34, 42),
    permit=some.sampled_from(["none", "none", "valid", "not_now", "other_gate"]),
    permit_companions=some.integers(0, 3), companions=some.integers(0, 3),
    travel=some.sampled_from([None, "clear", "seen", "unknown"]), vaccine_doses=some.none() | some.integers(0, 4),
    is_emergency=some.booleans(),
)  # fmt: skip
rules = some.builds(
    GateRules, negative_hours=some.none() | some.integers(12, 72), fever_from=some.none() | some.just(37.3),
    travel=some.booleans(), vaccine_doses=some.integers(0, 3),
)  # fmt: skip
many = settings(max_examples=500)


@many
@given(facts=facts, rules=rules, filter_=changes)
def test_a_hit_in_the_filter_can_only_cause_a_second_look(
    facts: GateFacts, rules: GateRules, filter_: ChangedSince
) -> None:
    quiet = gate_answer(replace(facts, changes=replace(filter_, is_hit=False)), rules, NOW)
    hit = gate_answer(replace(facts, changes=replace(filter_, is_hit=True)), rules, NOW)
    if hit != quiet:
        assert hit.answer == ("stop" if quiet.answer == "stop" else "second_look")
        assert "changed_since" in (hit.reason, *hit.also) and "changed_since" not in (quiet.reason, *quiet.also)
    # Nor does having no filter at all.
    without = gate_answer(replace(facts, changes=None), rules, NOW)
    if without.answer == "pass":
        assert quiet.answer == "pass"


@many
@given(facts=facts, rules=rules)
def test_only_who_is_known_green_or_has_a_permit_passes(facts: GateFacts, rules: GateRules) -> None:
    said = gate_answer(facts, rules, NOW)
    if facts.is_emergency:
        assert said.answer == "emergency"
    if said.answer == "pass":
        assert facts.proof in ("token", "printed", "lookup")
        assert facts.proof == "lookup" or (facts.code is not None and facts.code.reading in ("valid", "expired"))
        assert said.status == "green" or facts.permit == "valid"
        assert facts.companions <= facts.permit_companions or facts.permit != "valid"
    if said.answer == "stop":
        assert said.reason in ("status_red", "negative_too_old") and facts.permit != "valid"


@given(issued_at=moments, filter_=some.none() | changes)
def test_a_code_is_believed_only_with_a_filter_that_reaches_back_to_it_and_is_not_old(
    issued_at: int, filter_: ChangedSince | None
) -> None:
    verdict = Verdict("valid", "token", ANNA.hex(), "green", None, issued_at, NOW + HOUR)
    said = gate_answer(GateFacts("token", verdict, changes=filter_), GateRules(), NOW)
    is_covered = filter_ is not None and filter_.since_at <= issued_at and filter_.made_at >= NOW - 24 * HOUR
    is_quiet = filter_ is not None and not filter_.is_hit
    assert said.answer == ("pass" if is_covered and is_quiet else "second_look")


@many
@given(facts=facts, rules=rules)
def test_a_gate_that_asks_for_more_lets_nobody_pass_whom_one_that_asks_for_less_does_not(
    facts: GateFacts, rules: GateRules
) -> None:
    if gate_answer(facts, rules, NOW).answer == "pass":
        for less in ({"negative_hours": None}, {"fever_from": None}, {"travel": False}, {"vaccine_doses": 0}):
            assert gate_answer(facts, replace(rules, **less), NOW).answer == "pass"


@many
@given(facts=facts, rules=rules)
def test_nobody_is_stopped_by_what_is_not_known(facts: GateFacts, rules: GateRules) -> None:
    """Taking away what is known never makes a stop of anything else."""
    if gate_answer(facts, rules, NOW).answer != "stop":
        for less in ({"changes": None}, {"temperature": None}, {"travel": None}, {"vaccine_doses": None}):
            assert gate_answer(replace(facts, **less), rules, NOW).answer != "stop"


# ---- filters and places


@given(
    members=some.sets(some.binary(min_size=16, max_size=16), max_size=60), salt=some.binary(min_size=16, max_size=16)
)
def test_nobody_in_a_filter_is_missed_after_it_travelled(members: set[bytes], salt: bytes) -> None:
    made = make_filter(members, salt=salt, since_at=NOW - HOUR, made_at=NOW)
    carried = ChangedFilter.from_json(made.as_json())
    assert carried == made and all(carried.has(one) for one in members)


@given(code=place_names, scanned=some.integers(NOW - 400, NOW + 400), secret=some.binary(min_size=16, max_size=32))
def test_a_place_code_proves_presence_near_its_half_minute_and_with_its_own_secret_only(
    code: str, scanned: int, secret: bytes
) -> None:
    found = presence.read_place_code(presence.place_code_text(SECRET, code, NOW))
    assert found is not None and found.step is not None
    since = scanned - found.step * presence.PLACE_EVERY
    is_near = -presence.PLACE_TOLERANCE <= since <= presence.PLACE_EVERY + presence.PLACE_TOLERANCE
    verdict = presence.judge_place_code(found, secret=SECRET, scanned_at=scanned)
    assert (verdict.presence, verdict.because) == (("verified", "") if is_near else ("seen", "stale"))
    if secret != SECRET:
        other = presence.judge_place_code(found, secret=secret, scanned_at=scanned)
        assert (other.presence, other.because) == ("seen", "forged")


@given(code=place_names, other=place_names, later=some.integers(1, 10_000), digit=some.integers(0, 15))
def test_a_place_code_made_younger_or_of_elsewhere_is_forged(code: str, other: str, later: int, digit: int) -> None:
    found = presence.read_place_code(presence.place_code_text(SECRET, code, NOW))
    assert found is not None and found.step is not None
    turned = f"{int(found.mac[digit], 16) ^ 1:X}"
    forged = [
        replace(found, step=found.step + later),
        replace(found, mac=found.mac[:digit] + turned + found.mac[digit + 1 :]),
    ]
    forged += [replace(found, code=other)] if other != code else []
    for one in forged:
        moment = (one.step or 0) * presence.PLACE_EVERY
        assert presence.judge_place_code(one, secret=SECRET, scanned_at=moment).because == "forged"


# ---- bytes

values = some.recursive(
    some.integers(-GREATEST - 1, GREATEST) | some.binary(max_size=40) | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.integers(-70_000, 70_000), inner, max_size=4)
        | some.builds(Tagged, some.integers(0, 1000), inner)
    ),
    max_leaves=8,
)


@given(value=values)
def test_a_value_is_read_back_as_it_was_written(value: object) -> None:
    try:
        raw = encode(value)  # type: ignore[arg-type]
        again = decode(raw)
    except MalformedError as error:
        assert str(error) in ("too deep", "number out of range")
    else:
        assert again == value


@given(value=values, place=some.integers(0), other=some.integers(0, 255), more=some.binary(max_size=2))
def test_bytes_are_read_in_one_form_only(value: object, place: int, other: int, more: bytes) -> None:
    try:
        whole = encode(value)  # type: ignore[arg-type]
    except MalformedError:
        return
    at = place % len(whole)
    raw = whole[:at] + bytes([other]) + whole[at + 1 :] + more
    try:
        found = decode(raw)
    except MalformedError:
        return
    assert encode(found) == raw
