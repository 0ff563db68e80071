"""Runs the app's rules in Chromium: cases on standard input, what JavaScript answers on standard output.

A process of its own: Playwright's loop suffers no other beside it. The files come from the folder, no server is needed;
``localhost`` because WebCrypto wants an address that is safe.
"""

from __future__ import annotations

import json
import mimetypes
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, sync_playwright

APP = Path(str(files("lianfang.interfaces.field"))) / "app"
ADDRESS = "http://localhost/field/"
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]

# Each kind of case by the rule that answers it. ``native``: the browser's own Ed25519, else the library's.
RUN = """
async ({ kinds, native }) => {
  const rule = (name) => import(`/field/js/rules/${name}.js`);
  const [ed25519, tokens, gate, presence, lookup, changes, tube, bytes, cbor, base45] = await Promise.all(
    ["ed25519", "tokens", "gate", "presence", "lookup", "changes", "tube", "bytes", "cbor", "base45"].map(rule));
  ed25519.useNative(null);
  const hasNative = await ed25519.isNative();
  if (!native) ed25519.useNative(false);
  const plain = (value) => value instanceof Map ? { map: [...value].map(([key, one]) => [key, plain(one)]) }
    : value instanceof Uint8Array ? { bytes: bytes.hexOf(value) } : Array.isArray(value) ? value.map(plain)
    : value && typeof value === "object" ? { tag: value.tag, value: plain(value.value) } : value;
  const malformed = (work) => {
    try { return work(); } catch (error) { if (error instanceof cbor.MalformedError) return "malformed"; throw error; }
  };
  const answers = {
    codes: (given) => tokens.readCode(given.text, given),
    gate: ({ facts, rules, now }) => gate.gateAnswer(facts, rules, now),
    presence: ({ text, secret, at }) => {
      const found = presence.readPlaceCode(text);
      return found && presence.judgePlaceCode(found, { secret: bytes.bytesOf(secret), scannedAt: at });
    },
    shown_place: ({ secret, code, at }) => presence.placeCodeText(bytes.bytesOf(secret), code, at),
    lookup: ({ key, number }) => lookup.lookupOf(key, number),
    changes: ({ filter, pseudonym }) => changes.changedHas(filter, pseudonym),
    tube: ({ tube: own, person, counted }) => ({
      warnings: tube.tubeWarnings({ tube: own, person }), remaining: tube.remaining(own),
      seal: tube.sealTrouble({ ...own, counted }) }),
    cbor: ({ raw }) => malformed(() => {
      const value = cbor.decode(bytes.bytesOf(raw));
      return { value: plain(value), again: bytes.hexOf(cbor.encode(value)) };
    }),
    base45: ({ raw }) => {
      const text = base45.textOf(bytes.bytesOf(raw));
      return { text, raw: bytes.hexOf(base45.rawOf(text)) };
    },
    shown: async ({ token, holder, at, place }) =>
      tokens.present(token, await ed25519.keyOfBytes(bytes.bytesOf(holder)), at, place),
    new_holder: async ({ token, at }) => {
      const made = await tokens.newHolderKey();
      const kept = ed25519.keyOf({ publicKey: made.publicKey, held: made.held });
      return { key: bytes.hexOf(made.publicKey), text: await tokens.present(token, kept, at) };
    },
  };
  const found = { hasNative };
  for (const [kind, cases] of Object.entries(kinds)) {
    found[kind] = [];
    for (const given of cases) found[kind].push(await answers[kind](given));
  }
  return found;
}
"""


def serve(page: Page) -> None:
    """Let the page have the app's files under ADDRESS."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS).split("?")[0]
        path = APP / name
        if not name or not path.is_file():
            route.fulfill(
                status=200 if not name else 404, content_type="text/html", body="<!doctype html><title>.</title>"
            )
            return
        kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(name)[0]
        route.fulfill(status=200, content_type=kind, body=path.read_bytes())

    page.route("http://localhost/**", answer)
    page.goto(ADDRESS)


def run(kinds: dict[str, Any]) -> dict[str, Any]:
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=ARGUMENTS
        )
        page = browser.new_page()
        serve(page)
        found = {
            name: page.evaluate(RUN, {"kinds": kinds, "native": name == "native"}) for name in ("native", "library")
        }
        browser.close()
    return found


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
