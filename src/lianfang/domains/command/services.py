"""Entering the figures of the daily table that nothing in the system knows yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db import transaction
from django.utils import timezone

from lianfang.domains.command.daily import ENTERED, communities_of
from lianfang.domains.command.models import EnteredFigure
from lianfang.domains.registry.models import Place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record

MOST = 1_000_000


class FigureProblemError(ValueError):
    """``code`` is a text key under ``command_post.problem``; ``figure`` the cell that it belongs to."""

    def __init__(self, code: str, figure: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.figure = figure


def enter_figures(*, actor: Actor, community_id: int, on: date, values: Mapping[str, int | None]) -> int:
    """Write figures of one community and day; None takes one back. Returns how many changed.

    Raises FigureProblemError for a figure that is counted, a day in the future, a community elsewhere, a number
    below 0.
    """
    actor.authorise(Action.SUMMARY_EXPORT)
    actor.authorise(Action.CASES_DECIDE)
    if on > timezone.localdate():
        raise FigureProblemError("day_in_future")
    community = next((place for place in communities_of(actor) if place.pk == community_id), None)
    if community is None:
        raise FigureProblemError("community_elsewhere")
    for figure, value in values.items():
        if figure not in ENTERED:
            raise FigureProblemError("figure_is_counted", figure)
        if value is not None and not 0 <= value <= MOST:
            raise FigureProblemError("number_out_of_range", figure)
    changed = 0
    with transaction.atomic():
        for figure, value in values.items():
            changed += _write(actor, community, on, figure, value)
        if changed:
            record(actor=actor, action="command.enter_figures", target_kind="place", target_id=community_id,
                   details={"on": on.isoformat(), "figures": sorted(values)})  # fmt: skip
    return changed


def _write(actor: Actor, community: Place, on: date, figure: str, value: int | None) -> int:
    community_id = community.pk
    rows = EnteredFigure.objects.visible_to(actor).filter(community_id=community_id, on=on, figure=figure)
    if value is None:
        return rows.delete()[0]
    if rows.filter(value=value).exists():
        return 0
    EnteredFigure.objects.update_or_create(
        community_id=community_id, on=on, figure=figure,
        defaults={
            "value": value, "entered_by": actor.name, "entered_at": timezone.now(),
            # A community stands in a township of a county: the place tree sees to it.
            "county_id": community.county_id or 0, "township_id": community.township_id or 0,
        },
    )  # fmt: skip
    return 1
