"""How a device finds somebody by a number without carrying any. Twin: ``js/rules/lookup.js``.

The key is the device's own; the first eight bytes of the keyed sum are kept. Whoever takes the device apart with its
key can still try numbers one by one: that is why the key is sealed with the rest and withdrawn with the device.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata


def tidy_number(text: str) -> str:
    """As it is keyed: half-width, capitals, letters and digits only."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign in _KEPT)


def lookup_of(lookup_key: str, number: str) -> str:
    """Sixteen hexadecimal digits under a key given in hexadecimal digits, as the server gives it."""
    return hmac.digest(bytes.fromhex(lookup_key), tidy_number(number).encode(), hashlib.sha256)[:8].hex()


_KEPT = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
