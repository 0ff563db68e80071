"""A building at a glance, and its roll on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from lianfang.domains.registry import marks
from lianfang.domains.registry.marks import Mark
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.naming import place_name, room_name
from lianfang.domains.registry.panels import badges_for, panels_for
from lianfang.domains.registry.selectors import (
    BuildingGrid,
    building_grid,
    building_roll,
    lineage,
    place_for,
    responsible_for,
)
from lianfang.domains.registry.selectors.buildings import Room
from lianfang.domains.registry.selectors.reading import NotThereError
from lianfang.domains.registry.views.places import crumbs_above
from lianfang.domains.registry.wording import code_words, needs_words
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web import parts
from lianfang.foundation.web.addresses import Where, path_of, where
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tones import TONE_ICONS

NEED_ICONS = {
    "dialysis": "heart-rate-monitor", "oxygen": "wind", "bedridden": "bed", "disabled": "wheelchair",
    "pregnant": "user-plus", "infant": "mood-kid", "elderly": "user", "elderly_alone": "user-exclamation",
    "child_alone": "mood-kid",
    "chronic_medicine": "first-aid-kit", "mental": "heart-rate-monitor", "cannot_cook": "package",
    "no_phone": "phone-off", "no_chinese": "language",
}  # fmt: skip
_TONE_ORDER = ("bad", "warn", "info", "good", "unknown", "quiet")


def needs_marks(actor: Actor, building: Place, grid: BuildingGrid) -> Mapping[int, Mark]:
    """The registry's own mode: who needs help that cannot wait, and who needs help."""
    found = {}
    for room in grid.rooms:
        if room.is_urgent:
            found[room.household.pk] = Mark("bad", needs_words(room.needs), text=t("registry.building.urgent_need"))
        elif room.needs:
            found[room.household.pk] = Mark("warn", needs_words(room.needs), text=t("registry.building.some_need"))
        elif room.key_people:
            words = t("registry.building.key_people", count=room.key_people)
            found[room.household.pk] = Mark("info", words, text=t("registry.building.key_household"))
    return found


@allow(Action.REGISTRY_VIEW)
def building(request: Any, place_id: int) -> HttpResponseBase:
    """The grid of a building; ``?show=`` colours it, ``?round=`` says of which round."""
    actor: Actor = request.actor
    shown = _building_of(actor, place_id)
    grid = building_grid(actor, shown)
    modes = marks.modes_for(actor)
    mode = next((one for one in modes if one.name == request.GET.get("show")), None)
    given = request.GET.get("round", "")
    round_id = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else None
    found = mode.provider(actor, shown, round_id) if mode is not None else needs_marks(actor, shown, grid)
    context = {
        "place": shown,
        "title": _title(shown),
        "crumbs": crumbs_above(actor, shown),
        "counters": grid.counters,
        "grid": grid,
        "drawn": _drawn(request, shown, grid, found, modes, mode),
        "responsible": responsible_for(actor, [shown])[shown.pk],
        "panels": panels_for(actor, shown, "place"),
        "urgent": [(room.household, needs_words(room.needs)) for room in grid.rooms if room.is_urgent][:12],
        "may_edit": actor.may(Action.REGISTRY_EDIT),
        "may_edit_places": actor.may(Action.PLACES_EDIT),
        "add_url": f"{reverse('registry:new_household')}?place={shown.pk}",
        "mode": mode.name if mode is not None else "needs",
    }
    return render(request, "registry/building.html", context)


def _building_of(actor: Actor, place_id: int) -> Place:
    shown = place_for(actor, place_id)
    if shown.kind == PlaceKind.UNIT:
        shown = place_for(actor, shown.building_id or 0)
    if shown.kind != PlaceKind.BUILDING:
        raise NotThereError(place_id)
    return shown


def _title(place: Place) -> str:
    """临江花园 10号楼: a building alone is named like a hundred others."""
    above = place.parent
    return f"{place_name(above)} {place_name(place)}" if above is not None else place_name(place)


def _drawn(
    request: Any,
    building: Place,
    grid: BuildingGrid,
    found: Mapping[int, Mark],
    modes: list[marks.Mode],
    mode: marks.Mode | None,
) -> parts.Building:
    in_village = building.name.endswith(("组", "队", "社"))
    at, counted = where(), _Counted()
    stairwells = tuple(
        parts.Stairwell(
            well.name or t("registry.building.all_rooms"),
            tuple(
                parts.Floor(
                    "" if floor.number is None else t("registry.building.floor", number=floor.number),
                    tuple(
                        None if room is None else _cell(room, found.get(room.household.pk), in_village, counted, at)
                        for room in floor.cells
                    ),
                )
                for floor in well.floors
            ),
            note=t("registry.building.well_note", households=well.households, people=well.people),
            url=f"{reverse('registry:roll', args=[well.place.pk])}" if well.households else "",
        )
        for well in grid.stairwells
    )
    return parts.Building(stairwells, _legend(grid, found), _tabs(request, modes, mode))


class _Counted(dict[tuple[str, int], str]):
    """``counted[key, count]``: of a tower's hundreds of homes most say the same."""

    def __missing__(self, asked: tuple[str, int]) -> str:
        key, count = asked
        self[asked] = found = t(f"registry.building.{key}", count=count)
        return found


def _cell(room: Room, mark: Mark | None, in_village: bool, counted: _Counted, at: Where) -> parts.Room:
    flags = tuple((NEED_ICONS.get(code, "star"), code_words("need", code)) for code in room.needs[:3])
    words = [counted["people" if room.people else "nobody", room.people]]
    if room.away:
        words.append(counted["away", room.away])
    if mark is not None:
        words.append(mark.words)
    return parts.Room(
        label=room_name(room.household.room, in_village) if in_village else room.household.room or "—",
        tone=mark.tone if mark is not None else "quiet",
        words=t("web.comma").join(words),
        url=path_of("registry:household", room.household.pk, at=at),
        note=mark.note
        if mark is not None and mark.note
        else counted["count_short", room.people]
        if room.people
        else "",
        mark=mark.icon if mark is not None else "",
        flags=flags,
        is_empty=not room.people,
    )


def _legend(grid: BuildingGrid, found: Mapping[int, Mark]) -> tuple[parts.LegendItem, ...]:
    inside = {room.household.pk: room for room in grid.rooms}
    counted = Counter((mark.tone, mark.text or mark.words, mark.icon) for pk, mark in found.items() if pk in inside)
    items = [
        parts.LegendItem(tone, text, icon or TONE_ICONS[tone], count)
        for (tone, text, icon), count in sorted(counted.items(), key=lambda one: _TONE_ORDER.index(one[0][0]))
    ]
    plain = sum(1 for pk, room in inside.items() if pk not in found and room.people)
    if plain:
        items.append(parts.LegendItem("quiet", t("registry.building.nothing_special"), "", plain))
    if grid.empty_households:
        items.append(parts.LegendItem("quiet", t("registry.building.empty"), "", grid.empty_households))
    return tuple(items)


def _tabs(request: Any, modes: list[marks.Mode], mode: marks.Mode | None) -> tuple[parts.Tab, ...]:
    if not modes:
        return ()
    query = request.GET.copy()
    tabs = []
    for name, key in (("needs", "registry.marks.needs"), *((one.name, one.text_key) for one in modes)):
        query["show"] = name
        tabs.append(
            parts.Tab(t(key), f"?{query.urlencode()}", is_here=name == (mode.name if mode is not None else "needs"))
        )
    return tuple(tabs)


@allow(Action.REGISTRY_VIEW)
def roll(request: Any, place_id: int) -> HttpResponseBase:
    """The roll of a building or stairwell in walking order, to print and take along."""
    actor: Actor = request.actor
    shown = place_for(actor, place_id)
    if shown.kind not in (PlaceKind.BUILDING, PlaceKind.UNIT, PlaceKind.COMPOUND):
        raise NotThereError(place_id)
    lines = building_roll(actor, shown)
    people = [person for line in lines for person in line.people]
    above = [
        place_name(one)
        for one in lineage(shown)
        if one.kind in (PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.UNIT)
    ]
    context = {
        "place": shown,
        "title": " ".join(above),
        "crumbs": crumbs_above(actor, shown),
        "lines": lines,
        "households": sum(1 for line in lines if line.people and line.household is not None),
        "people": len(people),
        "badges": badges_for(actor, people),
        "responsible": responsible_for(actor, [shown])[shown.pk],
    }
    return render(request, "registry/roll.html", context)
