"""Looks into a zipped workbook without trusting it: every part is unpacked once, in small pieces, against
hard bounds, before a reader sees the file. The sizes that an archive declares are not believed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lianfang.engine.intake.files.contract import MEBIBYTE, Limits, RefusedError

PIECE = MEBIBYTE
_PACKED_PIECE = 256 * 1024
_LOCAL_HEADER = 30
_END_SIGNATURE = b"PK\x05\x06"
_END_BYTES = 22
_TAIL = 65536 + _END_BYTES
_MAX_MEMBERS = 20_000


@dataclass(slots=True)
class Archive:
    """An open zip file whose directory was checked. ``inflated`` counts what ``pieces`` has unpacked."""

    handle: BinaryIO
    members: list[zipfile.ZipInfo]
    limits: Limits
    inflated: int = 0

    def names(self) -> list[str]:
        return [member.filename for member in self.members]

    def member(self, name: str) -> zipfile.ZipInfo | None:
        """The part with this name; readers ignore case, so this does too."""
        wanted = name.lower()
        return next((m for m in reversed(self.members) if m.filename.lower() == wanted), None)

    def read_small(self, name: str, limit: int = 16 * MEBIBYTE) -> bytes | None:
        """The whole of a part that ought to be small, or None where the archive has none of that name."""
        member = self.member(name)
        if member is None:
            return None
        content = bytearray()
        for piece in self.pieces(member):
            content += piece
            if len(content) > limit:
                raise RefusedError("zip_bomb", part=name, limit_mb=limit // MEBIBYTE)
        return bytes(content)

    def pieces(self, member: zipfile.ZipInfo, *, again: bool = False) -> Iterator[bytes]:
        """The unpacked part in pieces of at most about 1 MiB; ``again`` where it was counted before.

        Raises ``RefusedError`` for a part that is encrypted, damaged, or unpacks to more than the limits allow.
        """
        if member.flag_bits & 0x1:
            raise RefusedError("encrypted")
        self._seek_to(member)
        produced = 0
        for piece in self._unpack(member):
            produced += len(piece)
            self.inflated += 0 if again else len(piece)
            self._check(member, produced)
            yield piece

    def _seek_to(self, member: zipfile.ZipInfo) -> None:
        self.handle.seek(member.header_offset)
        header = self.handle.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise RefusedError("half_written", detail=member.filename)
        skip = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        self.handle.seek(skip, 1)

    def _unpack(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        left = member.compress_size
        if member.compress_type == zipfile.ZIP_STORED:
            while left > 0 and (stored := self.handle.read(min(PIECE, left))):
                left -= len(stored)
                yield stored
            return
        if member.compress_type != zipfile.ZIP_DEFLATED:
            raise RefusedError("damaged", detail=f"{member.filename}: compression {member.compress_type}")
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        packed = b""
        while not inflater.eof:
            if not packed:
                packed = self.handle.read(min(_PACKED_PIECE, left))
                left -= len(packed)
                if not packed:
                    raise RefusedError("half_written", detail=member.filename)
            try:
                piece = inflater.decompress(packed, PIECE)
            except zlib.error as error:
                raise RefusedError("damaged", detail=f"{member.filename}: {error}") from error
            packed = inflater.unconsumed_tail
            if piece:
                yield piece

    def _check(self, member: zipfile.ZipInfo, produced: int) -> None:
        limits = self.limits
        if self.inflated > limits.max_inflated_bytes:
            raise RefusedError("zip_bomb", part=member.filename, limit_mb=limits.max_inflated_bytes // MEBIBYTE)
        if produced > limits.ratio_free_bytes and produced > limits.max_ratio * max(1, member.compress_size):
            raise RefusedError("zip_bomb", part=member.filename, limit_mb=limits.ratio_free_bytes // MEBIBYTE)


def open_archive(handle: BinaryIO, size: int, limits: Limits) -> Archive:
    """Check the directory of a zip file. Raises ``RefusedError`` where the file is cut off or contradicts itself."""
    _refuse_ambiguous_end(handle, size)
    try:
        members = zipfile.ZipFile(handle).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise RefusedError("damaged", detail=str(error)) from error
    if len(members) > _MAX_MEMBERS:
        raise RefusedError("damaged", detail=f"zip: {len(members)} parts")
    if any(member.flag_bits & 0x1 for member in members):
        raise RefusedError("encrypted")
    return Archive(handle, members, limits)


def _refuse_ambiguous_end(handle: BinaryIO, size: int) -> None:
    """Two directories in one file can show one content to the check and another to the reader."""
    handle.seek(max(0, size - _TAIL))
    tail = handle.read(_TAIL)
    ends = tail.count(_END_SIGNATURE)
    if ends == 0:
        raise RefusedError("half_written", detail="zip")
    at_the_end = tail[-_END_BYTES:].startswith(_END_SIGNATURE) and tail.endswith(b"\x00\x00")
    if ends > 1 and not at_the_end:
        raise RefusedError("damaged", detail="zip: two directories")
