"""The libraries in the repository are what VERSIONS says, with their licences, and small."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest

WEB = Path(str(files("lianfang.foundation.web")))
VENDOR = WEB / "static" / "lianfang" / "vendor"
LINES = [line.split() for line in (VENDOR / "VERSIONS").read_text("utf-8").splitlines()]


def test_every_vendored_file_is_the_one_that_was_fetched() -> None:
    listed = {name: digest for kind, digest, name in (line for line in LINES if line[0] == "file") if kind}
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir() if file.name != "VERSIONS"
    }
    assert found == listed


@pytest.mark.parametrize("library", ["tabler", "htmx", "echarts", "icons"])
def test_every_library_has_its_licence(library: str) -> None:
    assert len((VENDOR / f"{library}.LICENSE").read_text("utf-8")) > 500


def test_every_package_is_pinned_with_its_checksum() -> None:
    packages = {line[1]: line[2:] for line in LINES if line[0] == "package"}
    assert set(packages) == {"@tabler/core", "@tabler/icons", "htmx.org", "echarts"}
    assert all(
        re.fullmatch(r"\d+\.\d+\.\d+", version) and digest.startswith("sha512-")
        for version, digest in packages.values()
    )


def test_the_static_files_stay_small() -> None:
    assert sum(file.stat().st_size for file in (WEB / "static").rglob("*") if file.is_file()) < 2.5 * 1024 * 1024


def test_the_sprite_holds_the_listed_icons_and_no_others() -> None:
    wanted = {
        line for line in (VENDOR / "icons.txt").read_text("utf-8").split("\n") if line and not line.startswith("#")
    }
    assert set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "icons.svg").read_text("utf-8"))) == wanted


def test_no_style_sheet_needs_a_browser_of_2023() -> None:
    sheets = [*(WEB / "static" / "lianfang" / "css").glob("*.css"), VENDOR / "tabler.min.css"]
    assert len(sheets) >= 5
    modern = re.compile(r"oklch\(|color-mix\(|light-dark\(|@container|@layer|\bdvh\b")
    assert [sheet.name for sheet in sheets if modern.search(sheet.read_text("utf-8"))] == []


def test_no_style_sheet_fetches_from_elsewhere() -> None:
    for sheet in (WEB / "static").rglob("*.css"):
        assert re.findall(r"@import|url\(\s*['\"]?(?:https?:)?//", sheet.read_text("utf-8")) == []
