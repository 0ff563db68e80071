"""A check at a gate without a network, in Chromium on a processor four times slower: from scanned text to answer.

The gate's own code (``js/gate/work.js``) with the packages of a gate at their real size: 20,000 people of the places
around it, a filter of 200,000 pseudonyms, 60 permits. Every check is of another person, with a signature made for it.
"""

from __future__ import annotations

import mimetypes
import random
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, sync_playwright

from benchmarks.report import Report
from lianfang.engine.field.base45 import text_of
from lianfang.engine.field.changes import FALSE_HITS, make_filter
from lianfang.engine.field.lookup import lookup_of
from lianfang.engine.field.tokens import ProofClaims, VerifyingKey, key_id, public_of, read_code, show, sign

SLOWER = 4
CHANGED, CARRIED, CHECKS = 200_000, 20_000, 200
QUICK_CHANGED, QUICK_CARRIED, QUICK_CHECKS = 2_000, 500, 20
MOST_MILLISECONDS = 100.0
_STRANGERS = 50_000
_APP = Path(__file__).resolve().parents[1] / "src/lianfang/interfaces/field/app"
_ADDRESS = "http://localhost/field/"

_CHECK = """
async ({ packages, texts, numbers, now, lookup_key, native }) => {
  const { Gatework } = await import("/field/js/gate/work.js");
  const ed25519 = await import("/field/js/rules/ed25519.js");
  if (!native) ed25519.useNative(false);
  const core = { package: async (name) => packages[name], kept: async () => null, keep: async () => {},
                 now: () => new Date(now * 1000), device: { lookup_key } };
  const opening = performance.now(), work = await Gatework.load(core);
  const loaded = performance.now();
  let spin = Infinity, spun = 0;
  for (let round = 0; round < 8; round += 1) {
    const start = performance.now();
    for (let turn = 0; turn < 2e7; turn += 1) spun = (spun * 31 + turn) | 0;
    spin = Math.min(spin, performance.now() - start + (spun & 0));
  }
  const opened = loaded - opening, took = { code: [], number: [] }, answers = {};
  const timed = async (kind, one, begin) => {
    const start = performance.now(), check = await begin(one);
    took[kind].push(performance.now() - start);
    const said = `${check.answer.answer} ${check.answer.reason}`;
    answers[said] = (answers[said] || 0) + 1;
  };
  for (const text of texts) await timed("code", text, (one) => work.begin(one));
  for (const number of numbers) await timed("number", number, (one) => work.beginNumber(one));
  return { opened, spin, took, answers };
}
"""


def _serve(page: Page) -> None:
    """The app's files without a server; localhost because WebCrypto wants an address that is safe."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(_ADDRESS)
        path = _APP / name
        if name and path.is_file():
            kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(name)[0]
            route.fulfill(status=200, content_type=kind, body=path.read_bytes())
        else:
            route.fulfill(
                status=200 if not name else 404, content_type="text/html", body="<!doctype html><title>.</title>"
            )

    page.route("http://localhost/**", answer)
    page.goto(_ADDRESS)


def _given(*, changed: int, carried: int, checks: int) -> dict[str, Any]:
    """Packages as the server makes them, and as many codes as there are checks, each of another person."""
    chance, now = random.Random(20220902), 1_795_320_000
    issuer = chance.randbytes(32)
    key = VerifyingKey(key_id(public_of(issuer)), public_of(issuer), now - 7 * 86_400, now + 86_400)
    worse = [chance.randbytes(16) for _ in range(changed)]
    made = make_filter(worse, salt=chance.randbytes(16), since_at=now - 26 * 3600, made_at=now - 600)
    lookup_key = chance.randbytes(32).hex()
    people = [(chance.randbytes(16), chance.randrange(10**17, 10**18)) for _ in range(carried)]
    rows = [
        f"{one.hex()} 1 {now - 9000} - - {lookup_of(lookup_key, str(number))} {chance.randbytes(8).hex()}"
        for one, number in people
    ]
    texts = []
    for place in range(checks):
        # Of ten, one turned red since, one has a printed code, the others show a fresh code.
        pseudonym = worse[place] if place % 10 == 0 else people[place][0]
        holder = chance.randbytes(32)
        if place % 10 == 1:
            texts.append(text_of(sign(ProofClaims(pseudonym, now - 3600, now + 86_400), issuer)))
            continue
        claims = ProofClaims(pseudonym, now - 3600, now + 3600, "green", now - 7200, public_of(holder))
        texts.append(show(sign(claims, issuer), holder, now - 10))
    rules = {
        "negative_hours": 48,
        "fever_from": None,
        "plate": False,
        "destination": False,
        "travel": False,
        "vaccine_doses": 0,
    }
    gate = {"id": 1, "checks_in": True, "checks_out": True, "place_code": None, "rules": rules}
    permits = [
        {"id": number, "code": f"ABCD{number:04d}", "pseudonym": people[-number][0].hex(), "gate": None,
         "companions": 0, "windows": [[now - 60, now + 3600]]}
        for number in range(1, 61)
    ]  # fmt: skip
    packages = {
        "gate": {"gates": [gate], "keys": [key.as_json()], "permits": permits},
        "gate_people": {"rows": "\n".join(rows), "at": now - 7200, "left_out": 0},
        "gate_changes": {"filter": made.as_json()},
    }  # fmt: skip
    started = time.process_time()
    for text in texts:
        read_code(text, keys=[key], now=now)
    return {
        "packages": packages, "texts": texts, "numbers": [str(number) for _, number in people[:checks]], "now": now,
        "lookup_key": lookup_key, "server_us": (time.process_time() - started) / checks * 1e6,
        "kilobytes": len(made.table) / 1024,
        "false_hits": sum(made.has(chance.randbytes(16)) for _ in range(_STRANGERS)) / _STRANGERS,
    }  # fmt: skip


def _measure(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    asked = {name: given[name] for name in ("packages", "texts", "numbers", "now", "lookup_key")}
    found = {}
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        for way, native, rate in (("own", True, SLOWER), ("library", False, SLOWER), ("not slowed", True, 1)):
            page = browser.new_page()
            _serve(page)
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
            found[way] = page.evaluate(_CHECK, {**asked, "native": native})
            page.close()
        browser.close()
    return found


def run(*, quick: bool) -> Report:
    report = Report("field-check", f"a check at a gate without a network, in Chromium at {SLOWER}× CPU slow-down")
    sizes = (QUICK_CHANGED, QUICK_CARRIED, QUICK_CHECKS) if quick else (CHANGED, CARRIED, CHECKS)
    given = _given(changed=sizes[0], carried=sizes[1], checks=sizes[2])
    measured = _measure(given)
    names = {"own": "the browser's Ed25519", "library": "the library's, before Chromium 137"}
    for way, name in names.items():
        found = measured[way]
        took = sorted(found["took"]["code"][1:])
        report.at_most(f"scanned text to answer, slowest, {name}", took[-1], MOST_MILLISECONDS, "ms",
                       f"median {statistics.median(took):.1f} ms of {len(took)}")  # fmt: skip
        report.at_most(f"first check after opening, {name}", found["took"]["code"][0], MOST_MILLISECONDS, "ms")
        report.at_most(
            f"typed number to answer, slowest, {name}", max(found["took"]["number"]), MOST_MILLISECONDS, "ms"
        )
        report.plain(
            f"opening the packages, {name}", found["opened"], "ms", "once after each contact that changed them"
        )
        report.remarks.append(f"answers with {name}: {found['answers']}")
    usual = measured["not slowed"]
    report.plain("the slow-down as it was", measured["own"]["spin"] / usual["spin"], "×", "a loop of whole numbers")
    report.plain("scanned text to answer, not slowed, median", statistics.median(usual["took"]["code"]), "ms")
    report.at_most("measured false hits of the filter", given["false_hits"], 1.25 * FALSE_HITS, "",
                   f"stated {FALSE_HITS}; of {_STRANGERS:,} strangers")  # fmt: skip
    report.plain("the filter", given["kilobytes"], "KiB", f"{sizes[0]:,} pseudonyms")
    report.plain("reading one code on the server", given["server_us"] / 1000, "ms", "Python, processor time")
    return report
