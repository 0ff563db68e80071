"""A history of rules as a page shows it: the JSON of ``lianfang policy history`` in the reader's language.

Asks no database, so that the command can write the same page as a file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lianfang.domains.policy.history_charts import Drawing, Line, Run, stacked
from lianfang.engine.history import FORMAT
from lianfang.engine.history.contract import STATUSES, VERSION
from lianfang.engine.packs import Pack
from lianfang.engine.packs.differences import differences
from lianfang.foundation.pack_words import PackWords
from lianfang.foundation.web.language import current_texts, t

Json = Mapping[str, Any]
RESTRICTED = ("yellow", "red")
TONES = {"green": "good", "unknown": "unknown", "yellow": "warn", "red": "bad"}
# The kinds that restrict, from the heaviest; each has a colour of its own in the second chart.
KINDS = (
    ("positive_result", "bad"),
    ("category_stage", "info"),
    ("manual_order", "main"),
    ("positive_pool_hold", "unknown"),
    ("contradicting_results", "quiet"),
    ("area_level", "warn"),
)


class HistoryUnreadableError(ValueError):
    """The file is there and is not a history that this version can show."""


def read_history(path: Path) -> Json | None:
    """The history in that file; None where there is none. Raises ``HistoryUnreadableError``."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise HistoryUnreadableError(str(error)) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
        raise HistoryUnreadableError(f"not a {FORMAT} of version {VERSION}")
    return found


@dataclass(frozen=True, slots=True)
class MoveShown:
    """People who went from one answer to another, in words; ``why`` are the differences that bear on it."""

    status_before: str
    before: str
    status: str
    after: str
    people: int
    earlier_end: int
    later_end: int
    why: list[str]


@dataclass(frozen=True, slots=True)
class LivedShown:
    what: str
    stage_before: str
    stage: str
    outcome: str
    tone: str
    count: int
    days: float


@dataclass(frozen=True, slots=True)
class ChangeShown:
    number: int
    starts_on: str
    before: str
    after: str
    transition: str
    moved: int
    freed: int
    newly_restricted: int
    unexplained: int
    statuses: list[tuple[str, int, int]]
    moves: list[MoveShown]
    lived: list[LivedShown]
    words: list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class SpellShown:
    first_on: str
    last_on: str
    days: int
    status: str
    reason: str
    next_step: str
    appeal: str
    pack: str
    opened_under: str
    is_first_of_pack: bool


@dataclass(frozen=True, slots=True)
class LifeShown:
    name: str
    story: str
    strip: list[Run]
    told: list[SpellShown]
    spells: list[SpellShown]


@dataclass(frozen=True, slots=True)
class HistoryShown:
    """Everything on the page. ``rows`` are the daily table, without its head."""

    people: int
    first_on: str
    last_on: str
    decisions: int
    faults: int
    proven: int
    seconds: float | None
    is_invented: bool
    drawings: list[Drawing]
    changes: list[ChangeShown]
    lives: list[LifeShown]
    columns: list[str]
    rows: list[list[Any]]
    marks: list[int]
    days: int


def shown(history: Json, packs: Iterable[Pack]) -> HistoryShown:
    """``packs`` are those on disk: words of codes come from them; a pack that is gone leaves its codes."""
    return _Shown(history, packs).all()


class _Shown:
    def __init__(self, history: Json, packs: Iterable[Pack]) -> None:
        self._history = history
        self._days: Sequence[Json] = history["days"]
        by_id = {pack.id: pack for pack in sorted(packs, key=lambda each: each.version)}
        self._packs = {one["id"]: by_id[one["id"]] for one in history["packs"] if one["id"] in by_id}
        self._names = {one["id"]: one["name"].get(current_texts().language, one["id"]) for one in history["packs"]}
        self._kinds = {rule.id: rule.kind for pack in self._packs.values() for rule in pack.rules}
        self._dates = [date.fromisoformat(day["at"][:10]) for day in self._days]
        starts = [change["starts_at"][:10] for change in history["changes"]]
        self._marks = [place for place, day in enumerate(self._dates) if day.isoformat() in starts]

    def all(self) -> HistoryShown:
        history, days = self._history, self._days
        return HistoryShown(
            people=max((day["people"] for day in days), default=0),
            first_on=self._dates[0].isoformat() if days else "",
            last_on=self._dates[-1].isoformat() if days else "",
            decisions=sum(day["people"] for day in days),
            faults=sum(day["faults"] for day in days) + sum(change["unexplained"] for change in history["changes"]),
            proven=len(history["made"].get("proven_on", ())),
            seconds=history["made"].get("seconds"),
            is_invented=bool(history["made"].get("is_invented")),
            drawings=[
                self._everybody(),
                self._by_kind("areas", areas=True),
                self._by_kind("others", areas=False),
                self._found(),
            ],
            changes=[self._change(number, one) for number, one in enumerate(history["changes"], 1)],
            lives=[self._life(one) for one in history["lives"]],
            columns=self._columns(),
            rows=[self._row(day) for day in days],
            marks=self._marks,
            days=len(days),
        )

    def _kind(self, rule: str) -> str:
        return self._kinds.get(rule.rsplit(":", 1)[-1], "")

    # Charts

    def _everybody(self) -> Drawing:
        lines = [Line(t(f"web.pill.{status}"), TONES[status], [day["statuses"][status] for day in self._days])
                 for status in ("red", "yellow", "unknown", "green")]  # fmt: skip
        return self._drawing("everybody", lines)

    def _by_kind(self, name: str, *, areas: bool) -> Drawing:
        """People whom a rule restricts: those who live in areas apart, who would hide all others."""
        values: dict[str, list[int]] = {kind: [0] * len(self._days) for kind, _ in KINDS}
        for place, day in enumerate(self._days):
            for rule in day["rules"]:
                kind = self._kind(rule["rule"])
                if rule["status"] in RESTRICTED and kind in values:
                    values[kind][place] += rule["people"]
        lines = [
            Line(t(f"history.kind.{kind}"), tone, values[kind])
            for kind, tone in KINDS
            if (kind == "area_level") == areas and (any(values[kind]) or areas)
        ]
        return self._drawing(name, lines)

    def _found(self) -> Drawing:
        lines = [Line(t("history.fact.cases"), "bad", [day["facts"].get("cases", 0) for day in self._days])]
        return self._drawing("found", lines)

    def _drawing(self, name: str, lines: Sequence[Line]) -> Drawing:
        said = [
            f"{day.isoformat()}\n" + "\n".join(f"{line.name}: {line.values[place]:,}" for line in reversed(lines))
            for place, day in enumerate(self._dates)
        ]
        return stacked(
            t(f"history.chart.{name}"), t(f"history.chart.{name}_hint"), self._dates, lines, self._marks, said
        )

    # The daily table

    def _columns(self) -> list[str]:
        named = [t(f"web.pill.{status}") for status in STATUSES]
        rest = ("begun", "ended", "worse", "cases", "exposures", "swabs", "due", "levels")
        return [
            t("history.column.day"),
            t("history.column.pack"),
            *named,
            *(t(f"history.column.{one}") for one in rest),
        ]

    def _row(self, day: Json) -> list[Any]:
        facts, tests = day["facts"], day["tests"]
        return [
            day["at"][:10],
            self._names[day["pack"]],
            *(day["statuses"][status] for status in STATUSES),
            sum(day["begun"].values()),
            sum(day["ended"].values()),
            day["worse"],
            facts.get("cases", 0),
            facts.get("exposures", 0),
            facts.get("swabs", 0),
            sum(tests.values()),
            sum(day["levels"].values()),
        ]

    # Changes

    def _change(self, number: int, change: Json) -> ChangeShown:
        packs = [self._packs[name] for name in (change["after"], change["before"]) if name in self._packs]
        words = PackWords(current_texts(), packs)
        found = [(one, one.as_json()) for one in differences(packs[1], packs[0])] if len(packs) == 2 else []
        said: dict[str, list[str]] = defaultdict(list)
        for one, _ in found:
            said[words.who(one)].append(words.change(one))

        sentences = {json.dumps(as_json, sort_keys=True): one for one, as_json in found}
        between = "：" if current_texts().language.startswith("zh") else ": "

        def why(wanted: Sequence[Json]) -> list[str]:
            known = [sentences.get(json.dumps(one, sort_keys=True)) for one in wanted]
            return [f"{words.who(one)}{between}{words.change(one)}" for one in known if one is not None]

        moves = [
            MoveShown(move["status_before"], self._rule(words, move["rule_before"]), move["status"],
                      self._rule(words, move["rule"]), move["people"], move["earlier_end"], move["later_end"],
                      why(move["why"]))
            for move in change["moves"]
        ]  # fmt: skip
        return ChangeShown(
            number=number,
            starts_on=change["starts_at"][:10],
            before=self._names[change["before"]],
            after=self._names[change["after"]],
            transition=t(f"pack_words.transition.{change['transition']}"),
            moved=sum(move["people"] for move in change["moves"]),
            freed=change["freed"],
            newly_restricted=change["newly_restricted"],
            unexplained=change["unexplained"],
            statuses=[(name, change["statuses_before"][name], change["statuses"][name]) for name in STATUSES],
            moves=moves,
            lived=[self._lived(words, one) for one in change["lived"]],
            words=list(said.items()),
        )

    def _rule(self, words: PackWords, rule: str) -> str:
        """A rule by whom it is about: short enough for a row."""
        kind = self._kind(rule)
        return t(f"history.kind.{kind}") if kind else rule

    def _lived(self, words: PackWords, one: Json) -> LivedShown:
        if one["what"] == "exposure":
            what = words.word("pack:categories", one["code"])
        else:
            what = t("history.order", rule=words.rule(one["code"]))
        stages = [words.word("pack:stages", name) if name else "" for name in (one["stage_before"], one["stage"])]
        tone = {"ended": "good", "shortened": "good", "unchanged": "quiet"}.get(one["outcome"], "bad")
        return LivedShown(what, stages[0], stages[1], t(f"history.outcome.{one['outcome']}"), tone, one["count"],
                          one["days"])  # fmt: skip

    # People who are followed

    def _life(self, life: Json) -> LifeShown:
        spells = [
            self._spell(one, before) for one, before in zip(life["spells"], [None, *life["spells"]], strict=False)
        ]
        strip = [
            Run((date.fromisoformat(one["first_on"]) - self._dates[0]).days, spell.days, TONES[one["status"]],
                f"{spell.first_on} – {spell.last_on}\n{t('web.pill.' + one['status'])}\n{spell.reason}")
            for one, spell in zip(life["spells"], spells, strict=True)
        ]  # fmt: skip
        key = f"history.person.{life['story']}"
        name = t(f"{key}.name") if f"{key}.name" in current_texts() else t("history.somebody", number=life["person"])
        story = t(f"{key}.story") if f"{key}.story" in current_texts() else ""
        told = [spell for spell, one in zip(spells, life["spells"], strict=True)
                if one["status"] in RESTRICTED or self._kind(one["rule"]) not in _EVERYDAY]  # fmt: skip
        return LifeShown(name, story, strip, told, spells)

    def _spell(self, one: Json, before: Json | None) -> SpellShown:
        pack = self._packs.get(one["pack"])
        first, last = (date.fromisoformat(one[name]) for name in ("first_on", "last_on"))
        opened = [self._names.get(name, name) for name in one["opened_under"] if name != one["pack"]]
        language = current_texts().language
        gaps = {
            "since": _clock(one["since"]),
            "until": _clock(one["until"]),
            "sampled_at": "…",
            "limit": "…",
            **one["params"],
        }
        return SpellShown(
            first_on=first.isoformat(),
            last_on=last.isoformat(),
            days=(last - first).days + 1,
            status=one["status"],
            reason=one["reason"] if pack is None else _said(pack, language, "reasons", one["reason"], gaps),
            next_step="" if pack is None else _said(pack, language, "next_steps", one["next_step"], {}),
            appeal="" if pack is None or not one["appeal"] else _said(pack, language, "appeals", one["appeal"], {}),
            pack=self._names[one["pack"]],
            opened_under=t("history.opened_under", packs="、".join(opened)) if opened else "",
            is_first_of_pack=before is None or before["pack"] != one["pack"],
        )


# What everybody who takes part in rounds is, now and then.
_EVERYDAY = ("negative_result", "result_pending", "no_recent_result", "test_overdue")


def _said(pack: Pack, language: str, table: str, code: str, gaps: Mapping[str, Any]) -> str:
    words: dict[str, str] = getattr(pack.texts[language], table)  # type: ignore[index]
    return words[code].format_map(gaps) if code in words else code


def _clock(instant: str | None) -> str:
    return "…" if instant is None else f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M}"
