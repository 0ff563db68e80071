"""What people decided about pairs, replayed on the next run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["same", "different"]

_SAME = frozenset({"same", "yes", "y", "true", "1", "是", "同一人", "同一個人", "同一个人", "是同一人", "相同"})
_DIFFERENT = frozenset(
    {"different", "no", "n", "false", "0", "否", "不是", "不是同一人", "不同", "不同人", "不同的人", "非同一人"}
)


@dataclass(frozen=True, slots=True)
class UnreadDecision:
    """A row of the decision sheet that could not be used: ``index`` counts the rows from 0.

    ``reason`` is "unknown_word" or "contradicts" (the same pair was decided both ways: neither is used).
    """

    index: int
    pair_key: str
    word: str
    reason: Literal["unknown_word", "contradicts"]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Pairs that a person decided. Both mappings are keyed by ``linkage_pairs.pair_key``."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    unread: tuple[UnreadDecision, ...] = ()

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str | None, str | None]]) -> Decisions:
        """Read (pair_key, decision) rows. An empty decision means undecided and is passed over.

        Accepts 同一人/不是同一人, 是/否, same/different, yes/no; other words are kept in ``unread``.
        """
        verdicts: dict[str, Verdict] = {}
        unread: list[UnreadDecision] = []
        contradicted: set[str] = set()
        for index, (key, word) in enumerate(rows):
            pair_key, said = (key or "").strip(), (word or "").strip().casefold()
            if not pair_key or not said:
                continue
            verdict = _verdict(said)
            if verdict is None:
                unread.append(UnreadDecision(index, pair_key, word or "", "unknown_word"))
            elif pair_key in contradicted or verdicts.get(pair_key, verdict) != verdict:
                unread.append(UnreadDecision(index, pair_key, word or "", "contradicts"))
                contradicted.add(pair_key)
                verdicts.pop(pair_key, None)
            else:
                verdicts[pair_key] = verdict
        return cls(verdicts, tuple(unread))


def _verdict(word: str) -> Verdict | None:
    if word in _SAME:
        return "same"
    if word in _DIFFERENT:
        return "different"
    return None
