"""Builders of good and evil files, all small, all written here."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from lianfang.engine.intake.files import Limits, OpenedFile, open_file

AS_OF = datetime(2022, 8, 30, 3, 10)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., OpenedFile]:
    """Writes content under a name and opens it."""

    def open_content(name: str, content: bytes | str, limits: Limits | None = None) -> OpenedFile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_file(path, limits=limits or Limits())

    return open_content


@pytest.fixture
def codes() -> Callable[[OpenedFile], list[tuple[str, str]]]:
    return lambda file: [(problem.severity, problem.code) for problem in file.problems]


def _workbook_parts(sheets: list[str]) -> dict[str, str]:
    entries = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId{n}"/>' for n in range(1, len(sheets) + 1))
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": '<?xml version="1.0"?><Types/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{relations}</Relationships>',
    }
    for number, sheet in enumerate(sheets, 1):
        body = (
            sheet if "<worksheet" in sheet else f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>'
        )
        parts[f"xl/worksheets/sheet{number}.xml"] = body
    return parts


@pytest.fixture
def xlsx() -> Callable[..., bytes]:
    """An .xlsx from the XML inside <sheetData> of each sheet; further parts by name."""

    def build(*sheets: str, **parts: str | bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**_workbook_parts(list(sheets)), **parts}.items():
                archive.writestr(name, content)
        return buffer.getvalue()

    return build


@pytest.fixture
def zipped() -> Callable[[dict[str, str | bytes]], bytes]:
    def build(parts: dict[str, str | bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return buffer.getvalue()

    return build


@pytest.fixture
def compound() -> Callable[[dict[str, bytes]], bytes]:
    """A minimal compound file (OLE, version 3): one FAT sector, one directory sector, whole sectors."""

    def build(streams: dict[str, bytes]) -> bytes:
        end, fat_mark = 0xFFFFFFFE, 0xFFFFFFFD
        fat = [fat_mark, end]
        bodies: list[bytes] = []
        entries = [_entry("Root Entry", 5, end, 0, child=1)]
        for number, (name, content) in enumerate(streams.items(), 1):
            content = content.ljust(4096, b"\x00")
            content += b"\x00" * (-len(content) % 512)
            first, count = len(fat), len(content) // 512
            fat += [*range(first + 1, first + count), end]
            bodies.append(content)
            following = number + 1 if number < len(streams) else 0xFFFFFFFF
            entries.append(_entry(name, 2, first, len(content), right=following))
        header = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 16
        header += struct.pack("<HHHHH6x9I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
        header += struct.pack("<I", 0) + b"\xff" * (4 * 108)
        fat += [0xFFFFFFFF] * (128 - len(fat))
        directory = b"".join(entries).ljust(512, b"\x00")
        return header + struct.pack("<128I", *fat) + directory + b"".join(bodies)

    return build


def _entry(name: str, kind: int, start: int, size: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF) -> bytes:
    wide = name.encode("utf-16-le")
    return (
        wide.ljust(64, b"\x00")
        + struct.pack("<HBBIII", len(wide) + 2, kind, 1, 0xFFFFFFFF, right, child)
        + b"\x00" * 36
        + struct.pack("<IQ", start, size)
    )
