"""The field app as it lies in the package: whole without a network, and in words that exist."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from lianfang.foundation.texts import LANGUAGES
from lianfang.interfaces.field.precache import APP, WORKER, listed, texts_of, worker_with

OWN = [path for path in sorted(APP.rglob("*")) if path.is_file() and "vendor" not in path.parts]
SCRIPTS = [path for path in OWN if path.suffix == ".js"]
VENDOR = APP / "vendor"


def test_the_service_worker_lists_every_file_and_text_with_its_digest() -> None:
    assert WORKER.read_text("utf-8") == worker_with(listed()), (
        "run: python -m lianfang.interfaces.field.precache, and look at what changed"
    )


def test_everything_that_the_app_imports_is_on_the_list() -> None:
    kept = set(listed())
    for script in [*SCRIPTS, *VENDOR.rglob("*.js")]:
        for target in re.findall(r"""(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""", script.read_text("utf-8")):
            found = (script.parent / target).resolve().relative_to(APP.resolve()).as_posix()
            assert found in kept, f"{script.name} imports {target}"
    screens = re.findall(r'"\./([^"]+\.js)"', (APP / "js" / "screens.js").read_text("utf-8"))
    assert len(screens) >= 5 and {f"js/{name}" for name in screens} <= kept
    page = (APP / "index.html").read_text("utf-8")
    assert set(re.findall(r'(?:href|src)="([^"]+)"', page)) <= kept


def test_a_file_that_changes_changes_the_list(tmp_path: Path) -> None:
    changed = listed() | {"js/core.js": hashlib.sha256(b"other").hexdigest()}
    assert worker_with(changed) != WORKER.read_text("utf-8")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(APP).as_posix())
def test_every_text_that_a_screen_names_is_carried(script: Path) -> None:
    carried = json.loads(texts_of("zh-Hans"))
    text = script.read_text("utf-8")
    named = set(re.findall(r"""["'`](field_[a-z]+(?:\.[a-z0-9_]+)+)["'`]""", text))
    assert sorted(named - set(carried)) == []
    # A key that is put together has at least its table.
    for table in re.findall(r"`(field_[a-z]+(?:\.[a-z0-9_]+)*)[._]\$\{", text):
        assert any(key.startswith(table) for key in carried), table


def test_the_texts_are_the_same_keys_in_every_language() -> None:
    keys = [set(json.loads(texts_of(language))) for language in LANGUAGES]
    assert keys[0] == keys[1] == keys[2] and len(keys[0]) > 200


def test_the_app_needs_no_other_server() -> None:
    for path in OWN:
        if path.suffix in (".js", ".css", ".html", ".webmanifest"):
            assert re.findall(r"https?://(?!www\.w3\.org/)", path.read_text("utf-8")) == [], path.name


def test_no_screen_makes_markup_of_a_string() -> None:
    ways = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    assert [path.name for path in SCRIPTS if ways.search(path.read_text("utf-8"))] == []


def test_the_libraries_are_what_was_fetched_with_their_licences() -> None:
    lines = [line.split() for line in (VENDOR / "VERSIONS").read_text("utf-8").splitlines()]
    noted = {name: digest for kind, digest, name in (line for line in lines if line[0] == "file") if kind}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "VERSIONS"
    }
    assert found == noted
    assert all(line[3].startswith("sha512-") for line in lines if line[0] == "package")
    for licence in ("idb.LICENSE", "icons.LICENSE", "zxing/LICENSE"):
        assert len((VENDOR / licence).read_text("utf-8")) > 500


def test_no_style_sheet_needs_a_browser_of_2021() -> None:
    modern = re.compile(r"oklch\(|color-mix\(|light-dark\(|@container|@layer|\bdvh\b|:has\(|inset-inline|aspect-ratio")
    for sheet in (APP / "css").glob("*.css"):
        assert modern.findall(sheet.read_text("utf-8")) == [], sheet.name


def test_no_script_needs_more_than_chromium_87() -> None:
    modern = re.compile(
        r"\.at\(-|\.replaceAll\(|structuredClone|crypto\.randomUUID|Object\.hasOwn|\.findLast|\.toSorted|static \{"
    )
    assert [path.name for path in SCRIPTS if modern.search(path.read_text("utf-8"))] == []
