"""What docs/algorithms/proof.md promises, each as somebody would try it."""

from __future__ import annotations

import random

import pytest

from lianfang.engine.field import presence
from lianfang.engine.field.base45 import text_of
from lianfang.engine.field.changes import FALSE_HITS, ChangedFilter, make_filter
from lianfang.engine.field.gate import ChangedSince, GateAnswer, GateFacts, GateRules, KnownStatus, gate_answer
from lianfang.engine.field.lookup import lookup_of
from lianfang.engine.field.tokens import (
    SHOWING_TOLERANCE,
    ProofClaims,
    VerifyingKey,
    key_id,
    public_of,
    read_code,
    show,
    sign,
)
from tests.engine.field.signers import ANNA, BELA, ELSE, HOLDER, HOUR, ISSUER, NOW

KEY = VerifyingKey(key_id(public_of(ISSUER)), public_of(ISSUER), NOW - 99 * HOUR, NOW + 99 * HOUR)


def issue(
    status: str | None = "green", pseudonym: bytes = ANNA, *, issued_at: int = NOW - HOUR, key: bytes = ISSUER
) -> bytes:
    holder = None if status is None else public_of(HOLDER)
    return sign(ProofClaims(pseudonym, issued_at, issued_at + 24 * HOUR, status, NOW - 5 * HOUR, holder), key)


def at_gate(
    text: str,
    *,
    now: int = NOW,
    red: tuple[bytes, ...] = (),
    carried: dict[bytes, str] | None = None,
    place: str = "EAST-1",
) -> GateAnswer:
    """A guard without a network: scans, and has a package of an hour ago."""
    code = read_code(text, keys=[KEY], now=now, place=place)
    made = make_filter(red, salt=bytes(16), since_at=now - 26 * HOUR, made_at=now - HOUR)
    pseudonym = bytes.fromhex(code.pseudonym or "")
    status = (carried or {}).get(pseudonym)
    facts = GateFacts(
        proof=code.kind or "token",
        code=code,
        known=None if status is None else KnownStatus(status, now - 2 * HOUR),
        changes=ChangedSince(made.has(pseudonym), made.since_at, made.made_at) if pseudonym else None,
    )
    return gate_answer(facts, GateRules(), now)


def test_a_resident_with_a_green_code_passes_without_a_network() -> None:
    said = at_gate(show(issue(), HOLDER, NOW - 5, "EAST-1"))
    assert (said.answer, said.presence, said.as_of) == ("pass", "verified", NOW - HOUR)


def test_nothing_forged_opens() -> None:
    token = bytearray(issue("red"))
    opened = []
    for place in range(len(token)):
        for bit in (1, 0x80):
            changed = bytes(token[:place]) + bytes([token[place] ^ bit]) + bytes(token[place + 1 :])
            opened.append(at_gate(show(changed, HOLDER, NOW)).answer)
    assert set(opened) == {"second_look"}


def test_a_code_signed_by_another_key_does_not_open() -> None:
    assert at_gate(show(issue(key=ELSE), HOLDER, NOW)).reason == "code_unknown_key"


def test_an_expired_code_does_not_open() -> None:
    token = issue(issued_at=NOW - 25 * HOUR)
    assert at_gate(show(token, HOLDER, NOW)).reason == "code_expired"


def test_a_phone_without_a_network_passes_on_for_three_days_and_a_stolen_one_not_for_ever() -> None:
    end = NOW + 23 * HOUR
    answers = []
    for late in (HOUR, 71 * HOUR, 73 * HOUR):
        code = read_code(show(issue(), HOLDER, end + late), keys=[KEY], now=end + late)
        known = KnownStatus("green", end + late - HOUR)
        answers.append(gate_answer(GateFacts("token", code, known), GateRules(), end + late).reason)
    assert answers == ["all_met", "all_met", "code_expired"]


def test_a_forwarded_picture_goes_stale_in_a_minute_and_a_half() -> None:
    picture = show(issue(), HOLDER, NOW)
    assert at_gate(picture, now=NOW + SHOWING_TOLERANCE).answer == "pass"
    late = at_gate(picture, now=NOW + SHOWING_TOLERANCE + 1)
    assert (late.answer, late.reason, late.presence) == ("second_look", "code_stale", "seen")


def test_a_replayed_showing_cannot_be_dated_anew() -> None:
    old = show(issue(), HOLDER, NOW - HOUR)
    for thief in (ELSE, ISSUER):
        assert at_gate(show(issue(), thief, NOW)).reason == "code_forged_showing"
    assert at_gate(old).reason == "code_stale"


def test_the_bare_token_is_a_picture_and_nobody_s_presence() -> None:
    said = at_gate(text_of(issue()))
    assert (said.answer, said.reason, said.presence) == ("second_look", "code_picture", "seen")


def test_a_code_shown_for_another_gate_does_not_open_this_one() -> None:
    assert at_gate(show(issue(), HOLDER, NOW, "WEST-1")).reason == "code_other_place"


def test_a_printed_copy_of_somebody_red_does_not_open_and_a_green_one_says_whom_to_look_at() -> None:
    paper = text_of(issue(None))
    assert at_gate(paper, carried={ANNA: "red"}).answer == "stop"
    green = at_gate(paper, carried={ANNA: "green"})
    assert (green.answer, green.hints, green.presence) == ("pass", ("look_at_holder",), "seen")
    assert at_gate(paper).reason == "status_not_carried"


def test_who_turned_red_after_the_code_was_issued_is_caught_offline() -> None:
    shown = show(issue(), HOLDER, NOW)
    assert at_gate(shown, red=(ANNA,)).reason == "changed_since"
    assert at_gate(shown, red=(BELA,)).answer == "pass"
    older = show(issue(issued_at=NOW - 3 * HOUR), HOLDER, NOW)
    assert at_gate(older, carried={ANNA: "red"}).answer == "stop"


@pytest.mark.parametrize(
    "text",
    ["", "LF1:ABC", text_of(issue()), text_of(issue(None)), show(issue(), ELSE, NOW), show(issue("red"), HOLDER, NOW)],
)
def test_an_emergency_opens_whatever_the_code_says(text: str) -> None:
    code = read_code(text, keys=[KEY], now=NOW)
    assert gate_answer(GateFacts("token", code, is_emergency=True), GateRules(), NOW).answer == "emergency"
    assert gate_answer(GateFacts("token", code), GateRules(), NOW).answer != "pass"


def test_a_place_code_photographed_and_sent_on_proves_nobody_s_presence() -> None:
    secret = bytes(range(32))
    found = presence.read_place_code(presence.place_code_text(secret, "EAST-1", NOW))
    assert found is not None
    assert presence.judge_place_code(found, secret=secret, scanned_at=NOW + 20).presence == "verified"
    sent_on = presence.judge_place_code(found, secret=secret, scanned_at=NOW + 10 * 60)
    assert (sent_on.presence, sent_on.because) == ("seen", "stale")
    other = presence.judge_place_code(found, secret=bytes(32), scanned_at=NOW)
    assert (other.presence, other.because) == ("seen", "forged")


def test_nobody_in_the_filter_is_missed_and_strangers_are_hit_as_rarely_as_stated() -> None:
    chance = random.Random(3)
    members = [chance.randbytes(16) for _ in range(5_000)]
    made = ChangedFilter.from_json(make_filter(members, salt=chance.randbytes(16), since_at=0, made_at=1).as_json())
    assert all(made.has(one) for one in members)
    tried = 60_000
    hits = sum(made.has(chance.randbytes(16)) for _ in range(tried))
    # Stated: 0.001. Sixty expected; a hundred would be five standard deviations too many.
    assert hits < tried * FALSE_HITS + 5 * (tried * FALSE_HITS) ** 0.5
    assert hits > 20, "a filter that hits nobody is far larger than it need be"


def test_a_false_hit_is_another_s_in_the_next_filter() -> None:
    chance = random.Random(4)
    members = [chance.randbytes(16) for _ in range(2_000)]
    strangers = [chance.randbytes(16) for _ in range(20_000)]
    first, second = (make_filter(members, salt=bytes([salt] * 16), since_at=0, made_at=1) for salt in (1, 2))
    hit_first, hit_second = ({one for one in strangers if made.has(one)} for made in (first, second))
    assert hit_first
    assert hit_second
    assert len(hit_first & hit_second) <= 1


def test_a_filter_that_was_cut_off_is_refused() -> None:
    made = make_filter([ANNA], salt=bytes(16), since_at=0, made_at=1).as_json()
    with pytest.raises(ValueError, match="cut off"):
        ChangedFilter.from_json(made | {"bits": made["bits"] + 64})


def test_one_device_s_look_ups_are_of_no_use_to_another() -> None:
    assert lookup_of("aa" * 32, "990101198001000114") != lookup_of("bb" * 32, "990101198001000114")


def test_a_token_is_small_enough_for_a_code_that_an_old_camera_reads() -> None:
    # 700 characters are version 15 at medium correction: 77 modules.
    assert len(show(issue(), HOLDER, NOW, "EAST-1")) < 520
    assert len(text_of(issue(None))) < 260
