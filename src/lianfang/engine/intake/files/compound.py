"""The container of .xls, .et and encrypted files (MS-CFB), read with every length and chain checked.

Readers believe the lengths in the header and follow chains without an end; a wrong one costs them all memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from lianfang.engine.intake.files.contract import RefusedError

_HEADER_BYTES = 512
_END_OF_CHAIN = 0xFFFFFFFE
_LAST_SECTOR = 0xFFFFFFF9
_ENTRY_BYTES = 128
_SMALL_STREAM = 4096
_SMALL_SECTOR = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    start: int
    size: int


class Compound:
    """The streams of a compound file by name. Raises ``RefusedError`` for one that is cut off or damaged."""

    def __init__(self, handle: BinaryIO, size: int) -> None:
        self._handle = handle
        self._size = size
        handle.seek(0)
        header = handle.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            raise RefusedError("half_written", detail="CFB")
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in (9, 12):
            raise RefusedError("damaged", detail=f"CFB: sector shift {shift}")
        self._sector = 1 << shift
        self._sectors = size // self._sector + 1
        fields = struct.unpack_from("<IIIIIIIII", header, 40)
        _, fat_count, first_directory, _, _, first_small, small_count, first_difat, difat_count = fields
        if max(fat_count, small_count, difat_count) > self._sectors:
            raise RefusedError("half_written", detail="CFB: more sectors than the file holds")
        self._fat = self._read_fat(header, first_difat)
        directory = self._chain(first_directory)
        self._entries = [
            entry
            for offset in range(0, len(directory) - _ENTRY_BYTES + 1, _ENTRY_BYTES)
            if (entry := self._entry(directory, offset)) is not None
        ]
        if not self._entries:
            raise RefusedError("damaged", detail="CFB: no directory")
        root = self._entries[0]
        self._small_stream = self._chain(root.start) if root.size else b""
        small_fat = self._chain(first_small) if small_count else b""
        self._small_fat = struct.unpack(f"<{len(small_fat) // 4}I", small_fat)

    def names(self) -> set[str]:
        return {entry.name for entry in self._entries}

    def stream(self, *names: str) -> bytes | None:
        """The first stream that has one of ``names``, or None."""
        for name in names:
            for entry in self._entries:
                if entry.name == name:
                    return self._read(entry)
        return None

    def _read(self, entry: _Entry) -> bytes:
        if entry.size >= _SMALL_STREAM:
            content = self._chain(entry.start)
        else:
            content = self._small_chain(entry.start)
        if len(content) < entry.size:
            raise RefusedError("half_written", detail=f"CFB: {entry.name}")
        return content[: entry.size]

    def _entry(self, directory: bytes, offset: int) -> _Entry | None:
        length = struct.unpack_from("<H", directory, offset + 64)[0]
        if not 2 <= length <= 64:
            return None
        name = directory[offset : offset + length - 2].decode("utf-16-le", "replace")
        start, size = struct.unpack_from("<IQ", directory, offset + 116)
        if self._sector == 512:
            size &= 0xFFFFFFFF
        if size > self._size + self._sector:
            raise RefusedError("half_written", detail=f"CFB: {name}")
        return _Entry(name, start, size)

    def _read_fat(self, header: bytes, next_difat: int) -> tuple[int, ...]:
        ids = list(struct.unpack_from("<109I", header, 76))
        steps = 0
        while next_difat <= _LAST_SECTOR:
            steps += 1
            if steps > self._sectors:
                raise RefusedError("damaged", detail="CFB: circular chain")
            *more, next_difat = struct.unpack(f"<{self._sector // 4}I", self._read_sector(next_difat))
            ids += more
        fat = b"".join(self._read_sector(number) for number in ids if number <= _LAST_SECTOR)
        return struct.unpack(f"<{len(fat) // 4}I", fat)

    def _chain(self, number: int) -> bytes:
        parts: list[bytes] = []
        while number != _END_OF_CHAIN:
            if len(parts) > self._sectors:
                raise RefusedError("damaged", detail="CFB: circular chain")
            parts.append(self._read_sector(number))
            if number >= len(self._fat):
                raise RefusedError("damaged", detail="CFB: broken chain")
            number = self._fat[number]
        return b"".join(parts)

    def _small_chain(self, number: int) -> bytes:
        parts: list[bytes] = []
        while number != _END_OF_CHAIN:
            if number >= len(self._small_fat) or len(parts) > len(self._small_fat):
                raise RefusedError("damaged", detail="CFB: broken chain")
            parts.append(self._small_stream[number * _SMALL_SECTOR : (number + 1) * _SMALL_SECTOR])
            number = self._small_fat[number]
        return b"".join(parts)

    def _read_sector(self, number: int) -> bytes:
        offset = (number + 1) * self._sector
        if offset >= self._size:
            raise RefusedError("half_written", detail=f"CFB: sector {number}")
        self._handle.seek(offset)
        content = self._handle.read(self._sector)
        return content.ljust(self._sector, b"\x00")
