"""What the service worker keeps on the phone: every file of the app and its texts, each with its digest.

``python -m lianfang.interfaces.field.precache`` writes the list into ``sw.js`` after a change of the app or its texts;
a test holds that it is true. The worker checks each digest as it installs: half of an old app and half of a new one
never run together.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

from lianfang.foundation.texts import LANGUAGES, load_entries

APP = Path(str(files("lianfang.interfaces.field"))) / "app"
WORKER = APP / "sw.js"
# What answers of the server say by whole key, beside the app's own words.
_ANSWERS = (
    "lab_testing.refused.",
    "lab_testing.warning.",
    "lab_testing.field.",
    "lab_testing.tube_state.",
    "registry.problem.",
    "registry.need.",
    "lab_testing.need.",
    "sweeps.refused.",
    "sweeps.warning.",
    "sweeps.field.",
    "gates.refused.",
    "gates.warning.",
    "gates.field.",
    "devices.body.",
    "devices.refused.",
    "devices.warning.",
)
_NOT_CARRIED = {"VERSIONS", "LICENSE", "idb.LICENSE", "icons.LICENSE"}
_LIST = re.compile(r"(?<=const FILES = )\{.*?\n\}(?=;)", re.DOTALL)


def texts_of(language: str) -> bytes:
    """What ``/field/texts/<language>.json`` answers with, byte for byte: key → text."""
    carried = {
        key: text
        for key, text in load_entries(language).items()
        if key.startswith("field_") or key.startswith(_ANSWERS)
    }
    return json.dumps(carried, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def listed() -> dict[str, str]:
    """Path below ``/field/`` → SHA-256 in hexadecimal, of all that the app needs without a network."""
    found = {
        path.relative_to(APP).as_posix(): path.read_bytes()
        for path in APP.rglob("*")
        if path.is_file() and path != WORKER and path.name not in _NOT_CARRIED and not path.name.startswith(".")
    }
    found.update({f"texts/{language}.json": texts_of(language) for language in LANGUAGES})
    return {name: hashlib.sha256(found[name]).hexdigest() for name in sorted(found)}


def worker_with(digests: dict[str, str]) -> str:
    """The text of ``sw.js`` with this list in it."""
    table = json.dumps(digests, indent=1, ensure_ascii=False)
    text, count = _LIST.subn(lambda _: table, WORKER.read_text("utf-8"))
    if count != 1:
        raise ValueError(f"{WORKER.name} has {count} lists of files")
    return text


if __name__ == "__main__":
    WORKER.write_text(worker_with(listed()), "utf-8")
