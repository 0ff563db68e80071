"""What changes for whom when one pack takes the place of another."""

from __future__ import annotations

from datetime import datetime

from lianfang.engine.packs.differences.contract import Change, Compared, moments_of
from lianfang.engine.packs.differences.people import category_changes, emergency_changes, rule_changes
from lianfang.engine.packs.differences.places import level_changes, service_changes, testing_changes, value_changes
from lianfang.engine.packs.pack import Pack

__all__ = ["Change", "Compared", "differences", "later_changes", "moments_of"]

# Who reads this first: whoever is held, then places, then testing, then those who must act, then bare numbers.
WHO = ("everyone", "category", "kind", "level", "levels", "group", "tested", "staff", "kept", "values")


def differences(old: Pack, new: Pack, moments: tuple[datetime, datetime] | None = None) -> tuple[Change, ...]:
    """Every difference between the two packs, grouped by who is affected; ``moments`` unless given are ``moments_of``.

    Raises ``NotInForceError`` where a pack is not in force at its moment.
    """
    old_at, new_at = moments or moments_of(old, new)
    both = Compared(old, old_at, new, new_at)
    found = [
        Change("everyone", "", "transition", {"transition": new.manifest.transition.rule}),
        *emergency_changes(both),
        *category_changes(both),
        *rule_changes(both),
        *level_changes(both),
        *testing_changes(both),
        *service_changes(both),
        *value_changes(both),
    ]
    order = {(one.who, one.whom): index for index, one in reversed(list(enumerate(found)))}
    return tuple(sorted(found, key=lambda one: (WHO.index(one.who), order[one.who, one.whom])))


def later_changes(pack: Pack, after: datetime) -> tuple[tuple[datetime, tuple[Change, ...]], ...]:
    """What changes within ``pack`` after that moment, by moment; nothing for a pack that stays as it is."""
    found, before = [], after
    for at in pack.moments():
        if at > after:
            changes = tuple(one for one in differences(pack, pack, (before, at)) if one.code not in _NOT_LATER)
            found += [(at, changes)] if changes else []
            before = at
    return tuple(found)


# Said once for the whole pack.
_NOT_LATER = frozenset({"transition", "parameter_later"})
