"""A bound of every sheet of an .xlsb (MS-XLSB records)."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterable, Iterator

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files.archives import Archive
from lianfang.engine.intake.files.contract import MEBIBYTE, Limits, RefusedError, SheetScan
from lianfang.engine.intake.files.workbook_biff import ERROR_TEXTS
from lianfang.engine.intake.files.workbook_xml import WorkbookScan, relation_targets

_WORKBOOK = "xl/workbook.bin"
_BUNDLE_SHEET = 156
_ROW = 0
_CELL_KINDS = frozenset(range(2, 12))
_FORMULA_KINDS = frozenset(range(8, 12))
_ERROR_KINDS = frozenset((3, 11))
_MERGED = 176
_LONGEST_RECORD = 16 * MEBIBYTE


def scan_xlsb(archive: Archive, limits: Limits) -> WorkbookScan:
    """Unpack every part once against the limits. Raises ``RefusedError`` where none of it may be read."""
    names = [name.lower() for name in archive.names()]
    scan = WorkbookScan("xlsb")
    if any(name.endswith("vbaproject.bin") for name in names):
        scan.problems.append(Problem("macros_not_run", "warning"))
    if any(name.startswith("xl/externallinks/") for name in names):
        scan.problems.append(Problem("external_links", "warning"))
    sheets = _sheet_parts(archive)
    for member in archive.members:
        name = member.filename.lower()
        places = [place for place, part in sheets.items() if part == name]
        if places:
            found = _scan_sheet(archive.pieces(member))
            scan.sheets.update(dict.fromkeys(places, found))
            continue
        produced = 0
        for piece in archive.pieces(member):
            produced += len(piece)
            if name == "xl/sharedstrings.bin" and produced > limits.max_shared_text_bytes:
                limit = limits.max_shared_text_bytes // MEBIBYTE
                raise RefusedError("zip_bomb", part=member.filename, limit_mb=limit)
    return scan


def _sheet_parts(archive: Archive) -> dict[int, str]:
    content = archive.read_small(_WORKBOOK)
    relations = archive.read_small("xl/_rels/workbook.bin.rels")
    if content is None or relations is None:
        raise RefusedError("damaged", detail=_WORKBOOK)
    targets = relation_targets(relations)
    parts: dict[int, str] = {}
    place = 0
    for kind, body in _records([content]):
        if kind == _BUNDLE_SHEET and len(body) >= 12:
            length = struct.unpack_from("<I", body, 8)[0]
            target = targets.get(body[12 : 12 + 2 * length].decode("utf-16-le", "replace"), "")
            if target:
                parts[place] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/").lower()
            place += 1
    return parts


def _records(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    rest = b""
    for piece in pieces:
        block = rest + piece
        position = 0
        while (header := _header(block, position)) is not None:
            kind, length, body = header
            if length > _LONGEST_RECORD:
                raise RefusedError("damaged", detail=f"XLSB: record of {length} bytes")
            if body + length > len(block):
                break
            yield kind, block[body : body + length]
            position = body + length
        rest = block[position:]
    if rest:
        raise RefusedError("half_written", detail="XLSB")


def _header(block: bytes, position: int) -> tuple[int, int, int] | None:
    """Kind, length and start of the body of a record, or None where the block ends within the header."""
    if position + 2 > len(block):
        return None
    kind = block[position]
    position += 1
    if kind & 0x80:
        kind = (kind & 0x7F) | (block[position] & 0x7F) << 7
        position += 1
    length = 0
    for shift in (0, 7, 14, 21):
        if position >= len(block):
            return None
        byte = block[position]
        position += 1
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return kind, length, position


def _scan_sheet(pieces: Iterable[bytes]) -> SheetScan:
    scan = SheetScan()
    row = 0
    for kind, body in _records(pieces):
        if kind == _ROW and len(body) >= 4:
            row = struct.unpack_from("<I", body)[0]
        elif kind in _CELL_KINDS and len(body) >= 8:
            column = struct.unpack_from("<I", body)[0]
            scan.fill(row, column)
            if kind in _FORMULA_KINDS:
                scan.formulas += 1
            if kind in _ERROR_KINDS and len(body) > 8:
                scan.errors.add(row, column, ERROR_TEXTS.get(body[8], "#?"))
        elif kind == _MERGED and len(body) >= 16:
            top, bottom, left, right = struct.unpack_from("<IIII", body)
            scan.merged.append((top, left, bottom, right))
    return scan
