"""Opens any file safely: what it is by content, whether it may be read at all, its sheets, what is wrong."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NoReturn

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files.archives import Archive, open_archive
from lianfang.engine.intake.files.compound import Compound
from lianfang.engine.intake.files.contract import (
    MEBIBYTE,
    Limits,
    OpenedFile,
    RawSheet,
    RefusedError,
)
from lianfang.engine.intake.files.delimited import read_delimited
from lianfang.engine.intake.files.encodings import Encoding, detect
from lianfang.engine.intake.files.markup import html_encoding, read_html, read_spreadsheet_xml
from lianfang.engine.intake.files.sniffing import (
    CFB,
    ZIP,
    archive_kind,
    foreign_kind,
    is_bare_biff,
    is_locked_by_rights_software,
    kind_of,
    structured_text_kind,
)
from lianfang.engine.intake.files.workbook_biff import scan_compound
from lianfang.engine.intake.files.workbook_ods import scan_ods
from lianfang.engine.intake.files.workbook_xlsb import scan_xlsb
from lianfang.engine.intake.files.workbook_xml import WorkbookScan, scan_workbook
from lianfang.engine.intake.files.workbooks import read_sheets

_HEAD = 64 * 1024
# Names under which a format is usual; under any other the reader is told what the file really is.
_USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "xlsx": (".xlsx", ".xlsm", ".xltx", ".xltm"),
    "xlsm": (".xlsm", ".xltm", ".xlam"),
    "xlsb": (".xlsb",),
    "xls": (".xls", ".xlt", ".xla"),
    "et": (".et", ".ett"),
    "ods": (".ods", ".ots"),
    "csv": (".csv", ".txt", ".tsv", ".tab", ".prn", ".asc"),
    "tsv": (".csv", ".txt", ".tsv", ".tab", ".prn", ".asc"),
    "html": (".html", ".htm"),
    "xml": (".xml",),
}
_SHEET_SUFFIXES = (".xlsx", ".xls", ".csv", ".et", ".xlsm", ".xlsb", ".ods", ".tsv", ".txt")
_LOCK_PREFIXES = ("~$", ".~")


@dataclass(slots=True)
class _Reading:
    """What is known so far; complete enough at any time to become the answer."""

    path: Path
    limits: Limits
    format: str = ""
    encoding: str | None = None
    sha256: str = ""
    size: int = 0
    sheets: tuple[RawSheet, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    def opened(self) -> OpenedFile:
        return OpenedFile(
            self.path.name,
            self.format,
            self.encoding,
            self.sha256,
            self.size,
            self.sheets,
            tuple(self.problems),
        )


def open_file(path: Path, *, limits: Limits = Limits()) -> OpenedFile:  # noqa: B008
    """Read every filled sheet of ``path``.

    Never raises for what is in, or is not in, the file: a refused one has no sheets and a problem of severity
    "refused" that names no sheet. A sheet that alone is refused is named by its problem; the others are
    there.
    MemoryError is left to ``run_isolated``, which knows the bound.
    """
    reading = _Reading(path, limits)
    try:
        _read(reading)
    except RefusedError as refusal:
        reading.sheets = ()
        reading.problems.append(refusal.problem)
    return reading.opened()


def _read(reading: _Reading) -> None:
    if reading.path.name.startswith(_LOCK_PREFIXES):
        raise RefusedError("lock_file")
    try:
        about = reading.path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise RefusedError("is_directory")
        if not stat.S_ISREG(about.st_mode):
            raise RefusedError("not_a_file")
        reading.size = about.st_size
        _check_size(reading)
        with reading.path.open("rb") as handle:
            reading.sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            _dispatch(reading, handle)
            after = os.fstat(handle.fileno())
    except FileNotFoundError as error:
        raise RefusedError("not_found") from error
    except PermissionError as error:
        raise RefusedError("no_permission") from error
    except OSError as error:
        raise RefusedError("unreadable", detail=error.strerror or str(error)) from error
    if (after.st_size, after.st_mtime_ns) != (about.st_size, about.st_mtime_ns):
        raise RefusedError("changed_while_reading")
    _check_name(reading)
    if not reading.sheets:
        refused = [problem for problem in reading.problems if problem.severity == "refused"]
        raise RefusedError("no_sheet_readable" if refused else "no_cells")


def _check_size(reading: _Reading) -> None:
    if reading.size == 0:
        raise RefusedError("empty_file")
    if reading.size > reading.limits.max_file_bytes:
        raise RefusedError(
            "file_too_big",
            size_mb=-(-reading.size // MEBIBYTE),
            limit_mb=reading.limits.max_file_bytes // MEBIBYTE,
        )


def _dispatch(reading: _Reading, handle: BinaryIO) -> None:
    handle.seek(0)
    head = handle.read(_HEAD)
    if is_locked_by_rights_software(head):
        raise RefusedError("encrypted")
    if (packer := archive_kind(head)) is not None:
        raise RefusedError("packed", kind=packer)
    if (foreign := foreign_kind(head)) is not None:
        raise RefusedError("not_a_spreadsheet", kind=foreign)
    if is_bare_biff(head):
        raise RefusedError("old_excel")
    if not head.strip(b"\x00"):
        raise RefusedError("half_written", detail="0x00")
    kind = kind_of(head)
    if kind is None:
        _refuse_unknown(head)
    if kind in ("zip", "cfb"):
        scan = _scan(reading, handle, is_zip=kind == "zip")
        reading.format = scan.format
        reading.problems += scan.problems
        reading.sheets, problems = read_sheets(reading.path, handle, scan, reading.limits)
        reading.problems += problems
    elif kind == "xml":
        reading.format = "xml"
        reading.sheets, errors = read_spreadsheet_xml(handle, reading.limits)
        reading.problems += [marked.problem("error_cells", "error", sheet) for sheet, marked in errors]
    else:
        _read_text(reading, handle, head, is_html=kind == "html")


def _refuse_unknown(head: bytes) -> NoReturn:
    if len(head) < len(CFB) and (ZIP.startswith(head) or CFB.startswith(head)):
        raise RefusedError("half_written", detail=f"{len(head)} B")
    if (name := structured_text_kind(head)) is not None:
        raise RefusedError("not_a_spreadsheet", kind=name)
    raise RefusedError("unknown_format")


def _scan(reading: _Reading, handle: BinaryIO, *, is_zip: bool) -> WorkbookScan:
    limits = reading.limits
    if is_zip:
        return _scan_zip(open_archive(handle, reading.size, limits), limits)
    scan = scan_compound(Compound(handle, reading.size), limits)
    suffix = reading.path.suffix.lower()
    if suffix in _USUAL_NAMES["et"]:
        scan.format = "et"
    return scan


def _scan_zip(archive: Archive, limits: Limits) -> WorkbookScan:
    names = {name.lower() for name in archive.names()}
    if "xl/workbook.bin" in names:
        return scan_xlsb(archive, limits)
    if "xl/workbook.xml" in names or any(name.endswith("/sheet1.xml") for name in names):
        return scan_workbook(archive, limits)
    if "content.xml" in names and archive.member("mimetype") is not None:
        kind = archive.read_small("mimetype", 1024) or b""
        if b"spreadsheet" in kind:
            return scan_ods(archive, limits)
        raise RefusedError("not_a_spreadsheet", kind="OpenDocument")
    for part, kind_name in (
        ("word/document.xml", "Word (.docx)"),
        ("ppt/presentation.xml", "PowerPoint (.pptx)"),
        ("ofd.xml", "OFD"),
        ("index/document.iwa", "Numbers/Pages"),
        ("androidmanifest.xml", "APK"),
    ):
        if part in names:
            raise RefusedError("not_a_spreadsheet", kind=kind_name)
    if "[content_types].xml" in names:
        raise RefusedError("damaged", detail="xl/workbook.xml")
    inside = [_shown_name(archive, name) for name in archive.names() if name.lower().endswith(_SHEET_SUFFIXES)]
    if not inside:
        raise RefusedError("packed", kind="zip")
    names_shown = ", ".join(inside[:5]) + (" …" if len(inside) > 5 else "")
    raise RefusedError("packed_sheets", kind="zip", names=names_shown)


def _shown_name(archive: Archive, name: str) -> str:
    member = archive.member(name)
    if member is not None and not member.flag_bits & 0x800 and not name.isascii():
        # Chinese packers write names in the system's encoding, which zipfile takes for code page 437.
        return name.encode("cp437", "replace").decode("gb18030", "replace")
    return name


def _read_text(reading: _Reading, handle: BinaryIO, head: bytes, *, is_html: bool) -> None:
    encoding = detect(handle)
    if encoding is None:
        raise RefusedError("unknown_format")
    if is_html:
        encoding = html_encoding(head, encoding)
        reading.format, reading.encoding = "html", encoding.name
        reading.sheets = read_html(handle, reading.size, encoding, reading.limits)
    else:
        reading.format, reading.encoding = "csv", encoding.name
        text = read_delimited(handle, encoding, reading.limits)
        reading.format = "tsv" if text.delimiter == "\t" else "csv"
        reading.problems += text.problems
        if text.rows:
            reading.sheets = (RawSheet(reading.path.stem, text.rows),)
    _note_encoding(reading, encoding)


def _note_encoding(reading: _Reading, encoding: Encoding) -> None:
    if not encoding.certain:
        params = {"encoding": encoding.name}
        reading.problems.append(Problem("encoding_uncertain", "warning", params=params))


def _check_name(reading: _Reading) -> None:
    suffix = reading.path.suffix.lower()
    if suffix not in _USUAL_NAMES.get(reading.format, (suffix,)):
        params = {"extension": suffix or "–", "format": reading.format}
        reading.problems.append(Problem("wrong_extension", "warning", params=params))
