"""Which change of a place's level is allowed, by what stands there and by what the criteria say."""

from __future__ import annotations

from collections.abc import Mapping

from lianfang.domains.areas.assessment import Assessed
from lianfang.domains.areas.models import AreaAction
from lianfang.domains.areas.problems import AreaProblemError

# With a level, and without: what may be proposed.
MOVES: Mapping[bool, frozenset[str]] = {
    False: frozenset((AreaAction.DRAW,)),
    True: frozenset((AreaAction.RAISE, AreaAction.LOWER, AreaAction.LIFT, AreaAction.PROLONG, AreaAction.WITHDRAW)),
}


def check_change(action: str, level: str, assessed: Assessed, current: str | None) -> str:
    """The level that follows, "" for none. Raises AreaProblemError for a change that the rules do not know, or whose
    criteria are known not to be met: what is unknown is for two people to judge."""
    if action not in MOVES[current is not None]:
        raise AreaProblemError("no_level" if current is None else "level_already")
    if action == AreaAction.WITHDRAW:
        return ""
    if not assessed.is_assessed:
        raise AreaProblemError("no_rules" if assessed.pack is None else "not_assessed")
    if action in (AreaAction.DRAW, AreaAction.RAISE):
        return _entered(level, assessed)
    if assessed.current is None:
        # The rules in force do not know this level any more: nothing keeps it up.
        if action != AreaAction.LIFT:
            raise AreaProblemError("level_unknown", "action")
        return ""
    if action == AreaAction.PROLONG:
        if assessed.may_be_lowered:
            raise AreaProblemError("may_be_lowered")
        return assessed.current.level.id
    return _lowered(action, assessed)


def _entered(name: str, assessed: Assessed) -> str:
    wanted, current = assessed.level(name), assessed.current
    if wanted is None or wanted.level.rank <= (0 if current is None else current.level.rank):
        raise AreaProblemError("level_unknown", "level")
    if assessed.outcome(name, "enter") == "not_met":
        raise AreaProblemError("criteria_not_met")
    return name


def following_level(assessed: Assessed) -> str:
    """The level to which the one in force is lowered, "" where it is lifted then."""
    assert assessed.current is not None
    following = assessed.level(assessed.current.level.next)
    return following.level.id if following is not None and following.level.rank > 0 else ""


def _lowered(action: str, assessed: Assessed) -> str:
    assert assessed.current is not None
    following = following_level(assessed)
    if (action == AreaAction.LOWER) != bool(following):
        raise AreaProblemError("wrong_direction", "action")
    if assessed.outcome(assessed.current.level.id, "lower") == "not_met":
        raise AreaProblemError("criteria_not_met")
    return following
