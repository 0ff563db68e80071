"""What a file is, by its first bytes and not by its name."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["zip", "cfb", "html", "xml", "text"]

ZIP = b"PK\x03\x04"
CFB = bytes.fromhex("d0cf11e0a1b11ae1")

# First bytes of what people send by mistake, with the name that the message shows.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "PDF"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"RIFF", "WebP/AVI/WAV"),
    (b"{\\rtf", "RTF"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"PAR1", "Parquet"),
    (b"MZ", "EXE"),
    (b"\x7fELF", "ELF"),
    (b"MIME-Version:", "MHTML"),
    (b"From: <Saved by", "MHTML"),
)
_ARCHIVES: tuple[tuple[bytes, str], ...] = (
    (b"Rar!\x1a\x07", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
# Excel before version 5 wrote the records without a container.
_BARE_BIFF = re.compile(rb"\x09[\x00\x02\x04\x08](?:\x04|\x06|\x08)\x00", re.DOTALL)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|meta|body|table|style|div|script)\b", re.IGNORECASE)
_SPREADSHEET_XML = b"urn:schemas-microsoft-com:office:spreadsheet"
_JSON = re.compile(rb"[\[{]\s*[\[{\"\]}]")
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


def foreign_kind(head: bytes) -> str | None:
    """The name of a kind of file that holds no table, or None."""
    if head[4:8] == b"ftyp":
        return "HEIC/MP4"
    for magic, name in _FOREIGN:
        # Two letters are too little to tell a picture from a text that begins with them.
        if head.startswith(magic) and (len(magic) > 2 or _BINARY.search(head[:256]) or b"\x00" in head[:64]):
            return name
    return None


def archive_kind(head: bytes) -> str | None:
    """The name of a packer other than zip, or None."""
    return next((name for magic, name in _ARCHIVES if head.startswith(magic)), None)


def is_bare_biff(head: bytes) -> bool:
    """A workbook of Excel 2, 3 or 4, which today's readers no longer open."""
    return _BARE_BIFF.match(head) is not None


def is_locked_by_rights_software(head: bytes) -> bool:
    """An office's rights-management software has encrypted the file in place."""
    return b"E-SafeNet" in head[:512] or head.startswith(b"%TSD-Header-###%")


def structured_text_kind(head: bytes) -> str | None:
    """The name of a text format that holds no rows and columns, or None."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<?xml"):
        return "XML"
    return "JSON" if _JSON.match(start) else None


def kind_of(head: bytes) -> Kind | None:
    """What reads the file that begins with ``head`` (64 KiB will do), or None: no spreadsheet."""
    if head.startswith(ZIP):
        return "zip"
    if head.startswith(CFB):
        return "cfb"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _markup_kind(head.replace(b"\x00", b"")) or "text"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if (markup := _markup_kind(start)) is not None:
        return markup
    if structured_text_kind(head) is not None:
        return None
    # Text of any encoding has almost no control characters; NULs are judged by the text reader.
    if len(_BINARY.findall(head)) * 50 > len(head):
        return None
    return "text"


def _markup_kind(start: bytes) -> Kind | None:
    window = start[:8192]
    if b"<" not in window[:64]:
        return None
    if _SPREADSHEET_XML in window:
        return "xml"
    return "html" if _HTML.search(window) and window.lstrip(b"\xff\xfe \r\n\t").startswith(b"<") else None
