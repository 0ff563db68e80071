"""Whose status became worse since a moment, in a few bits each: a salted Bloom filter of pseudonyms.

Whoever is in it is always found. Somebody who is not is found with a chance of FALSE_HITS, and then looked at a second
time, never let through. Each filter has its own salt, so that the same stranger is not hit again and again.
Twin (reading only): ``js/rules/changes.js``.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

FALSE_HITS = 0.001
# Below this, a filter of a few people would say too exactly who is in it.
_LEAST_BITS = 4096
_SALT = 16
# Above the textbook size, so that what is stated is a bound and not an average.
_ROOM = 1.05


@dataclass(frozen=True, slots=True)
class ChangedFilter:
    """``since_at``: changes from then to ``made_at`` are in it. ``bits``: its length; ``hashes``: set by each."""

    salt: bytes
    bits: int
    hashes: int
    count: int
    since_at: int
    made_at: int
    table: bytes

    def has(self, pseudonym: bytes) -> bool:
        """Whether the status may have become worse; False is certain."""
        return all(self.table[place >> 3] >> (place & 7) & 1 for place in _places(self, pseudonym))

    def as_json(self) -> dict[str, Any]:
        """As packages carry it."""
        return {
            "salt": self.salt.hex(), "bits": self.bits, "hashes": self.hashes, "count": self.count,
            "since_at": self.since_at, "made_at": self.made_at, "false_hits": FALSE_HITS,
            "table": base64.b64encode(self.table).decode("ascii"),
        }  # fmt: skip

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> ChangedFilter:
        """Raises ValueError where the table is not as long as it says."""
        table = base64.b64decode(given["table"], validate=True)
        found = cls(
            bytes.fromhex(given["salt"]), given["bits"], given["hashes"], given["count"], given["since_at"],
            given["made_at"], table,
        )  # fmt: skip
        if len(table) * 8 != found.bits:
            raise ValueError("the table of the filter is cut off")
        return found


def make_filter(pseudonyms: Iterable[bytes], *, salt: bytes, since_at: int, made_at: int) -> ChangedFilter:
    """A filter of these pseudonyms; ``salt`` are sixteen random bytes."""
    if len(salt) != _SALT:
        raise ValueError("salt")
    members = set(pseudonyms)
    least = math.ceil(-_ROOM * len(members) * math.log(FALSE_HITS) / math.log(2) ** 2)
    bits = -(-max(least, _LEAST_BITS) // 64) * 64
    hashes = max(1, round(-math.log2(FALSE_HITS)))
    table = bytearray(bits // 8)
    empty = ChangedFilter(salt, bits, hashes, len(members), since_at, made_at, b"")
    for pseudonym in members:
        for place in _places(empty, pseudonym):
            table[place >> 3] |= 1 << (place & 7)
    return ChangedFilter(salt, bits, hashes, len(members), since_at, made_at, bytes(table))


def _places(of: ChangedFilter, pseudonym: bytes) -> list[int]:
    digest = hashlib.sha256(of.salt + pseudonym).digest()
    first, step = int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big") | 1
    return [(first + number * step) % of.bits for number in range(of.hashes)]
