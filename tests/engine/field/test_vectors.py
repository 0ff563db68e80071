"""The golden cases that Python and JavaScript both run, and Python against libraries that others wrote."""

from __future__ import annotations

import json
import random
import re

import base45 as base45_library
import cbor2
import pytest
from cwt import COSE, COSEKey
from cwt.exceptions import VerifyError

from lianfang.engine.field import gate
from lianfang.engine.field.base45 import raw_of
from lianfang.engine.field.cbor import MalformedError, decode, encode
from lianfang.engine.field.tokens import VerifyingKey, read_code
from lianfang.foundation.texts import load_entries
from tests.engine.field.code_vectors import KEYS
from tests.engine.field.made_up import made_up_cases
from tests.engine.field.make_vectors import FOLDER, all_vectors

MADE_UP = made_up_cases(random.Random(7), 150)


@pytest.mark.parametrize("name", sorted(all_vectors()))
def test_the_golden_files_are_what_the_rules_say_today(name: str) -> None:
    # After a change on purpose: python -m tests.engine.field.make_vectors, and read the difference.
    assert (FOLDER / name).read_text("utf-8") == all_vectors()[name]


def test_no_two_golden_cases_of_a_file_have_one_name() -> None:
    for name, content in all_vectors().items():
        names = [case["name"] for case in json.loads(content)["cases"]]
        assert len(names) == len(set(names)), name


def test_cwt_and_this_reader_agree_on_every_signature() -> None:
    by_kid = {key.kid: COSEKey.new({1: 1, -1: 6, -2: key.public, 2: key.kid, 3: -8, 4: [2]}) for key in KEYS}
    golden = json.loads(all_vectors()["codes.json"])["cases"]
    texts = [(case["given"]["text"], case["expected"]["reading"]) for case in golden if "keys" not in case["given"]]
    keys = [VerifyingKey.from_json(key.as_json()) for key in KEYS]
    texts += [
        (case["text"], read_code(case["text"], keys=keys, now=case["now"], place=case["place"]).reading)
        for case in MADE_UP["codes"]
    ]
    agreed = {"right": 0, "forged": 0}
    for text, reading in texts:
        if reading in ("not_ours", "malformed", "unknown_key", "key_revoked"):
            continue
        value = cbor2.loads(raw_of(text))
        token = value[0] if isinstance(value, list) else raw_of(text)
        kid = cbor2.loads(cbor2.loads(token).value[0])[4]
        try:
            COSE.new().decode(token, by_kid[kid])
        except VerifyError:
            assert reading == "forged", text
            agreed["forged"] += 1
        else:
            assert reading != "forged", text
            agreed["right"] += 1
    assert min(agreed.values()) > 3
    assert agreed["right"] > 80


def test_what_is_read_is_what_cbor2_would_write_and_nothing_else() -> None:
    read = 0
    for case in MADE_UP["cbor"]:
        raw = bytes.fromhex(case["raw"])
        try:
            value = decode(raw)
        except MalformedError:
            continue
        assert cbor2.dumps(cbor2.loads(raw)) == raw == encode(value)
        read += 1
    assert read > 50


def test_base45_is_that_of_the_standard() -> None:
    # The examples of RFC 9285.
    for text, raw in (("BB8", b"AB"), ("%69 VD92EX0", b"Hello!!"), ("UJCLQE7W581", b"base-45")):
        assert raw_of("LF1:" + text) == raw == base45_library.b45decode(text)
    for wrong in ("GGW", "LF1:GGW", "LF1:BB8\n", "LF1:bb8", "LF1:", "LF1:A"):
        with pytest.raises(MalformedError):
            raw_of(wrong)


def test_everything_that_a_gate_may_say_has_words_in_every_language() -> None:
    said = {case["expected"]["reason"] for case in json.loads(all_vectors()["gate.json"])["cases"]}
    source = re.sub(r'""".*?"""', "", (FOLDER.parent / "src/lianfang/engine/field/gate.py").read_text("utf-8"))
    named = set(
        re.findall(r'"((?:status|changes|changed|negative|travel|vaccination|temperature|companions)_[a-z_]+)"', source)
    )
    named -= {"companions_allowed"}
    assert named <= said, f"no golden case says {named - said}"
    for language in ("zh-Hans", "zh-Hant", "en"):
        texts = load_entries(language)
        missing = [reason for reason in sorted(said) if f"field_proof.reason.{reason}" not in texts]
        assert not missing, (language, missing)
        assert all(f"field_proof.words.{answer}" in texts for answer in gate.COLOURS)
