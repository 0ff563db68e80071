"""Which encoding a text file is in. Bytes decide; where both GB18030 and Big5 would do, the frequency of
their common characters and charset-normalizer do, and where these disagree the answer is marked unsure."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import BinaryIO

from lianfang.engine.intake.files.contract import MEBIBYTE

UTF_8 = "utf-8"
GB18030 = "gb18030"
BIG5 = "big5hkscs"
_CANDIDATES = (UTF_8, GB18030, BIG5)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 64 * 1024
# Of the characters that are not ASCII, so many may be broken before the file counts as no text at all.
_BROKEN_SHARE = 0.02
_CLEAR_LEAD = 0.25


@dataclass(frozen=True, slots=True)
class Encoding:
    """``name`` as Python knows it; ``skip`` bytes of byte order mark; ``certain`` is false for a guess."""

    name: str
    skip: int = 0
    certain: bool = True


def detect(handle: BinaryIO) -> Encoding | None:
    """The encoding of the whole file, read once from the start, or None where it is no text."""
    handle.seek(0)
    head = handle.read(_SAMPLE)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name, len(mark))
    if (wide := _wide_without_mark(head)) is not None:
        return Encoding(wide)
    whole = _that_decode(handle)
    if UTF_8 in whole:
        return Encoding(UTF_8)
    if len(whole) == 1:
        return Encoding(whole[0])
    sample = _non_ascii_sample(handle)
    if len(whole) == 2:
        return _gb18030_or_big5(sample)
    return _least_broken(sample)


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 without its mark: the high bytes of digits and delimiters are all on one side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd < len(head) * 0.1:
        return None
    if even * 50 < odd:
        return "utf-16-le"
    return "utf-16-be" if odd * 50 < even else None


def _that_decode(handle: BinaryIO) -> list[str]:
    """The candidates in which every byte of the file has a meaning. A last character cut in two passes."""
    decoders = {name: codecs.getincrementaldecoder(name)() for name in _CANDIDATES}
    handle.seek(0)
    while decoders and (piece := handle.read(MEBIBYTE)):
        for name, decoder in list(decoders.items()):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                del decoders[name]
    return list(decoders)


def _non_ascii_sample(handle: BinaryIO) -> bytes:
    """Up to 64 KiB of the lines that are not plain ASCII: the others tell nothing."""
    handle.seek(0)
    sample = bytearray()
    while len(sample) < _SAMPLE and (line := handle.readline(_SAMPLE)):
        if not line.isascii():
            sample += line
    return bytes(sample)


def _gb18030_or_big5(sample: bytes) -> Encoding:
    scores = {name: _common_share(sample, name) for name in (GB18030, BIG5)}
    likely = max(scores, key=lambda name: scores[name])
    if abs(scores[GB18030] - scores[BIG5]) >= _CLEAR_LEAD:
        return Encoding(likely)
    # Imported on use: only a text in doubt needs it, and every reading process would wait for it.
    import charset_normalizer

    best = charset_normalizer.from_bytes(sample, cp_isolation=[GB18030, BIG5]).best()
    named = best.encoding if best is not None and best.encoding in scores else likely
    return Encoding(named, certain=named == likely)


def _common_share(sample: bytes, encoding: str) -> float:
    """The share of characters that are in the encoding's own block of common ones (level 1)."""
    text = sample.decode(encoding, "ignore")
    wide = [character for character in text if character > "\x7f"]
    if not wide:
        return 0.0
    first, last = (0xB0, 0xD7) if encoding == GB18030 else (0xA4, 0xC6)
    common = sum(1 for character in wide if _is_common(character.encode(encoding), first, last, encoding))
    return common / len(wide)


def _is_common(code: bytes, first: int, last: int, encoding: str) -> bool:
    if len(code) != 2 or not first <= code[0] <= last:
        return False
    return encoding == BIG5 or code[1] >= 0xA1


def _least_broken(sample: bytes) -> Encoding | None:
    broken = {name: sample.decode(name, "replace").count("\ufffd") for name in _CANDIDATES}
    best = min(broken, key=lambda name: broken[name])
    wide = sum(1 for character in sample.decode(best, "replace") if character > "\x7f")
    # A handful of broken bytes may stand in a short file; noise is broken everywhere.
    if broken[best] > max(3, wide * _BROKEN_SHARE) or broken[best] * 2 > wide:
        return None
    return Encoding(best)
