"""What a label that is not understood may mean: by its ending, or by a known label that is spelled nearly so."""

from __future__ import annotations

from functools import lru_cache

from lianfang.engine.intake.vocabulary import LIKELY, Sense, vocabulary


@lru_cache(maxsize=1)
def _endings() -> tuple[tuple[str, Sense], ...]:
    known = vocabulary().labels.items()
    usable = [
        (label, senses[0])
        for label, senses in known
        if len(label) >= 2 and senses[0].strength >= LIKELY and senses[0].field not in ("row_no", "remark")
    ]
    return tuple(sorted(usable, key=lambda item: -len(item[0])))


def guess(text: str, most: float) -> tuple[tuple[str, ...], float]:
    """The fields and a confidence of ``most`` at best."""
    if len(text) <= 24:
        for label, sense in _endings():
            if len(label) < len(text) and text.endswith(label):
                share = len(label) / len(text)
                fields = (sense.field,) if sense.field else ()
                confidence = min(most, 0.2 + 0.4 * share) if fields else 0.45
                return fields, confidence
    if 3 <= len(text) <= 20:
        # Imported on use: few labels come this far, and every reading process would wait for it.
        from rapidfuzz import fuzz, process

        match = process.extractOne(text, list(vocabulary().labels), scorer=fuzz.ratio, score_cutoff=80)
        if match is not None:
            sense = vocabulary().labels[match[0]][0]
            return (sense.field,) if sense.field else (), min(0.5, match[1] / 200)
    return (), 0.2
