"""Who signs, who shows and when, in the tests of what proof.md promises."""

from __future__ import annotations

NOW, HOUR = 1_795_320_000, 3600
ISSUER, HOLDER, ELSE = (bytes([number] * 32) for number in (11, 12, 13))
ANNA, BELA = bytes([1] * 16), bytes([2] * 16)
