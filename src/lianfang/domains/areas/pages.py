"""What the pages of areas show: lines of the list, one area with its criteria, levels on pages of places and homes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from lianfang.domains.areas.assessment import Assessed, assess_places
from lianfang.domains.areas.models import AreaAction, AreaLevel, AreaProposal
from lianfang.domains.areas.problems import AreaProblemError
from lianfang.domains.areas.selectors import SOON, levels_for, places_with_infections, proposals_waiting, public_levels
from lianfang.domains.areas.transitions import MOVES, check_change
from lianfang.domains.areas.wording import (
    CriterionShown,
    criteria_in_words,
    level_name,
    level_words,
    pack_of,
    place_lines,
    words_of,
)
from lianfang.domains.policy.pages import pack_name
from lianfang.domains.registry.models import Place
from lianfang.engine.packs.standing import LevelInForce
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tones import Tone

_TONES: dict[str, Tone] = {"none": "bad", "necessary_only": "warn"}
# What needs somebody first; the words are under ``areas.state``.
STATES = ("ran_out", "waiting", "review_soon", "may_be_lowered", "called_for", "to_decide", "to_come", "stands")
STATE_TONES: dict[str, Tone] = {
    "ran_out": "bad", "waiting": "warn", "review_soon": "warn", "may_be_lowered": "good", "called_for": "bad",
    "to_decide": "unknown", "to_come": "info", "stands": "quiet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AreaLine:
    """One place in the list: its level, what its facts call for, and what is missing for the next step."""

    place: Place
    name: str
    level: str
    level_words: str
    level_tone: Tone
    since_at: datetime | None
    review_at: datetime | None
    earliest_on: date | None
    missing: str
    states: tuple[str, ...]
    is_unverified: bool

    @property
    def marks(self) -> list[tuple[Tone, str]]:
        return [(STATE_TONES[state], t(f"areas.state.{state}")) for state in self.states]


def area_lines(actor: Actor, now: datetime) -> list[AreaLine]:
    """Every place of the actor with a level, a proposal that waits, or facts that call for a level; first what needs
    somebody."""
    entries: dict[int, AreaLevel] = {one.place_id: one for one in reversed(list(levels_for(actor, now)))}
    waiting = {one.place_id: one for one in proposals_waiting(actor)}
    called = {one.pk: one for one in places_with_infections(actor, now)}
    places = called | {pk: one.place for pk, one in waiting.items()} | {pk: one.place for pk, one in entries.items()}
    assessed = assess_places(list(places.values()), now)
    shown = [
        pk
        for pk in places
        if pk in entries or pk in waiting or assessed[pk].proposal.get("action") in ("draw", "raise", "decide")
    ]
    names = place_lines(places[pk] for pk in shown)
    lines = [_line(names[pk], assessed[pk], entries.get(pk), pk in waiting, now) for pk in shown]
    return sorted(lines, key=lambda one: (STATES.index(one.states[0]), one.review_at or _far(now), one.name))


def _far(now: datetime) -> datetime:
    return now + timedelta(days=36_500)


def _line(name: str, assessed: Assessed, entry: AreaLevel | None, waits: bool, now: datetime) -> AreaLine:
    return AreaLine(
        place=assessed.place, name=name,
        level="" if entry is None else entry.level,
        level_words="" if entry is None else level_name(entry),
        level_tone=tone_of_entry(entry),
        since_at=None if entry is None else entry.starts_at,
        review_at=None if entry is None else entry.review_at,
        earliest_on=assessed.earliest_on,
        missing=t("areas.word.semicolon").join(one.briefly for one in wanting(assessed)),
        states=tuple(_states(assessed, entry, waits, now)),
        is_unverified=bool(assessed.proposal.get("is_unverified")),
    )  # fmt: skip


def wanting(assessed: Assessed) -> list[CriterionShown]:
    """What is missing for the next step: of the shortest way down what is not met yet; without a level, what is not
    known of the one that may be called for."""
    current, proposal = assessed.current, assessed.proposal
    if current is not None:
        rows = assessed.comparisons(current.level.id, "lower")
        return criteria_in_words(
            assessed.pack, [row for row in rows if row["outcome"] != "met" and assessed.foreseen.is_asked(row)]
        )
    if proposal.get("action") != "decide":
        return []
    rows = assessed.comparisons(proposal["proposed"], "enter")
    return criteria_in_words(assessed.pack, [row for row in rows if row["outcome"] == "unknown"])


def _states(assessed: Assessed, entry: AreaLevel | None, waits: bool, now: datetime) -> Iterable[str]:
    action = assessed.proposal.get("action")
    found = {
        "ran_out": entry is not None and entry.review_at is not None and entry.review_at <= now,
        "waiting": waits,
        "review_soon": entry is not None and entry.review_at is not None and now < entry.review_at <= now + SOON,
        "may_be_lowered": entry is not None and entry.starts_at <= now and assessed.may_be_lowered,
        "called_for": action in ("draw", "raise"),
        "to_decide": action == "decide",
        "to_come": entry is not None and entry.starts_at > now,
    }
    return [state for state in STATES if found.get(state)] or ["stands"]


def tone_of(level: LevelInForce | None) -> Tone:
    """By how freely people may move at a level."""
    if level is None or level.level.rank == 0:
        return "quiet"
    return _TONES.get(level.level.movement, "info")


def tone_of_entry(entry: AreaLevel | None) -> Tone:
    if entry is None:
        return "quiet"
    pack = pack_of(entry.pack, entry.pack_version)
    found = () if pack is None or pack.areas is None else pack.areas.levels
    level = next((one for one in found if one.id == entry.level), None)
    return "quiet" if level is None else _TONES.get(level.movement, "info")


@dataclass(frozen=True, slots=True)
class LevelShown:
    """A level of the pack in words: what it asks of people, what brings a place to it, and on what source."""

    level: str
    name: str
    tone: Tone
    measures: list[str]
    movement: str
    enter: str
    enter_outcome: str
    enter_rows: list[CriterionShown]
    lower: str
    lower_outcome: str
    lower_rows: list[CriterionShown]
    next_name: str
    reference: str
    grade: str
    is_unverified: bool
    sources: list[str]
    is_current: bool


def levels_shown(assessed: Assessed) -> list[LevelShown]:
    """Every level that is drawn in places of this size, the strictest first; without the base."""
    current = assessed.current
    return [
        _level_shown(assessed, one, one is current)
        for one in assessed.levels
        if one.level.rank > 0
    ]  # fmt: skip


def _level_shown(assessed: Assessed, one: LevelInForce, is_current: bool) -> LevelShown:
    words, level = words_of(assessed.pack), one.level
    assert assessed.pack is not None
    return LevelShown(
        level=level.id,
        name=words.word("pack:levels", level.id),
        tone=tone_of(one),
        measures=[words.word("pack:measures", measure) for measure in level.measures],
        movement=words.word("pack_words.movement", level.movement),
        enter=words.condition(one.enter_when) if one.enter_when else t("areas.word.by_lowering"),
        enter_outcome=assessed.outcome(level.id, "enter"),
        enter_rows=criteria_in_words(assessed.pack, assessed.comparisons(level.id, "enter")),
        lower=words.condition(one.lower_when) if one.lower_when else t("web.unknown"),
        lower_outcome=assessed.outcome(level.id, "lower"),
        lower_rows=criteria_in_words(assessed.pack, assessed.comparisons(level.id, "lower")),
        next_name=words.word("pack:levels", level.next) if level.next else "",
        reference=level.reference,
        grade=level.grade,
        is_unverified=one.is_unverified,
        sources=[source.title for source in assessed.pack.sources_of(level.sources)],
        is_current=is_current,
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """One change that may be proposed now. ``is_judged``: not every criterion is known; two people judge."""

    value: str
    words: str
    is_judged: bool


def offers_for(assessed: Assessed, current: str | None) -> list[Offer]:
    """What may be proposed, by the same check as the proposal itself."""
    found = []
    for action in AreaAction.values:
        if action not in MOVES[current is not None]:
            continue
        entering = action in (AreaAction.DRAW, AreaAction.RAISE)
        for level in [one.level.id for one in assessed.levels if one.level.rank > 0] if entering else [""]:
            try:
                following = check_change(action, level, assessed, current)
            except AreaProblemError:
                continue
            found.append(Offer(f"{action}:{level}", change_words(assessed, action, following),
                               _is_judged(assessed, action, following, current)))  # fmt: skip
    return found


def change_words(assessed: Assessed, action: str, following: str) -> str:
    level = words_of(assessed.pack).word("pack:levels", following) if following else ""
    return t(f"areas.action.{action}", level=level)


def _is_judged(assessed: Assessed, action: str, following: str, current: str | None) -> bool:
    if action in (AreaAction.DRAW, AreaAction.RAISE):
        return assessed.outcome(following, "enter") == "unknown"
    if action in (AreaAction.LOWER, AreaAction.LIFT) and current is not None:
        return assessed.outcome(current, "lower") == "unknown"
    return False


@dataclass(frozen=True, slots=True)
class ProposalShown:
    """A proposal with what became of it, and the criteria as they were then."""

    proposal: AreaProposal
    change: str
    pack: str
    state: str
    tone: Tone
    criteria: list[CriterionShown]


_PROPOSAL_TONES: dict[str, Tone] = {"waiting": "warn", "approved": "good", "dropped": "quiet"}


def proposals_shown(found: Iterable[AreaProposal]) -> list[ProposalShown]:
    return [_proposal_shown(one) for one in found]


def _proposal_shown(one: AreaProposal) -> ProposalShown:
    state = "waiting"
    if one.approved_at is not None:
        state = "approved"
    elif one.dropped_at is not None:
        state = "dropped"
    pack = pack_of(one.pack, one.pack_version)
    level = level_words(one.pack, one.pack_version, one.level)
    evidence = one.approved_on or one.assessment
    direction = "enter" if one.action in (AreaAction.DRAW, AreaAction.RAISE) else "lower"
    about = one.level if direction == "enter" or one.entry is None else one.entry.level
    rows = [row for row in evidence.get("criteria", ()) if (row["level"], row["direction"]) == (about, direction)]
    return ProposalShown(
        one, t(f"areas.action.{one.action}", level=level), pack_name(one.pack, one.pack_version), state,
        _PROPOSAL_TONES[state], criteria_in_words(pack, rows),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublicLevel:
    """What everybody may read of a level: where, since when, what it asks, when it ends at the latest."""

    place_id: int
    place: str
    name: str
    tone: Tone
    since_at: datetime
    review_at: datetime | None
    measures: list[str]
    ends_when: str
    pack: str
    is_unverified: bool


def public_levels_shown(places: Sequence[Place]) -> list[PublicLevel]:
    """The levels in force on places and on whatever they lie in, in words."""
    found = public_levels(places, timezone.now())
    names = place_lines(one.place for one in found)
    return [_public(one, names[one.place_id]) for one in found]


def _public(one: AreaLevel, name: str) -> PublicLevel:
    pack = pack_of(one.pack, one.pack_version)
    words = words_of(pack)
    levels = () if pack is None or pack.areas is None else pack.areas.levels
    level = next((each for each in levels if each.id == one.level), None)
    condition = ""
    if pack is not None and level is not None and level.lower_when is not None:
        standing = pack.levels_at(timezone.localtime(max(one.starts_at, one.recorded_at)).replace(tzinfo=None))
        filled = next((each.lower_when for each in standing if each.level.id == one.level), None)
        condition = words.condition(filled) if filled is not None else ""
    return PublicLevel(
        one.place_id, name, level_name(one), tone_of_entry(one), one.starts_at, one.review_at,
        [] if level is None else [words.word("pack:measures", each) for each in level.measures],
        condition, pack_name(one.pack, one.pack_version), level is None or level.unverified,
    )  # fmt: skip
