"""What a proposed activation changes: in words, and for whom by stored facts. Who approves has this before them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from lianfang.domains.policy.models import ActivationPreview, PackActivation, PreviewState
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.pages import pack_name, rules_in_words, shown_activations
from lianfang.domains.policy.previews import preview_for
from lianfang.domains.policy.selectors import PackChangedError, pack_for
from lianfang.domains.policy.services import may_activate
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.selectors import people_for
from lianfang.engine.packs import NotInForceError, Pack
from lianfang.engine.packs.differences import differences
from lianfang.engine.status.transitions import chain_of
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.pack_words import PackWords
from lianfang.foundation.web.language import current_texts, t

MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class CountShown:
    """So many people: from → to, the reasons before and after in words, and of which communities, the most first."""

    from_status: str
    to_status: str
    before: str
    reason: str
    people: int
    places: list[tuple[str, int]]


@allow(Action.STATUS_ORDER)
@require_http_methods(["GET", "HEAD"])
def preview(request: Any, activation_id: int) -> HttpResponseBase:
    """Polled by itself until the replay is done."""
    found = get_object_or_404(PackActivation, pk=activation_id)
    if not may_activate(request.actor):
        raise Http404
    kept = preview_for(found)
    new = packs_on_disk().get((found.pack, found.version))
    old = _pack_before(found)
    now = timezone.now()
    context = {
        "shown": shown_activations([found], now)[0],
        "one": found,
        "preview": kept,
        "is_ready": kept is not None and kept.state in (PreviewState.DONE, PreviewState.FAILED),
        "is_waiting": found.approved_at is None and found.withdrawn_at is None,
        "is_own": request.actor.account_id == found.proposed_by_id,
        "changes": _changes(old, new, found.starts_at),
        "old": old,
        "counts": [] if kept is None else _counts(kept, old, new),
        "examples": [] if kept is None else _examples(request.actor, kept, old, new),
    }
    return render(request, "policy/preview.html", context)


def _pack_before(found: PackActivation) -> Pack | None:
    """What is in force there as long as nobody approves."""
    place = Place.objects.filter(pk=found.place_id).first() if found.place_id is not None else None
    try:
        return None if place is None else pack_for(place, max(found.proposed_at, timezone.now()))
    except PackChangedError:
        return None


def _changes(old: Pack | None, new: Pack | None, starts_at: datetime) -> list[tuple[str, list[str]]]:
    """The differences as sentences, by whom they are about; empty where there is nothing to compare with."""
    if old is None or new is None or old.digest == new.digest:
        return []
    now, then = (timezone.localtime(at).replace(tzinfo=None) for at in (timezone.now(), starts_at))
    is_both = old.is_in_force(now) and new.is_in_force(then)
    try:
        found = differences(old, new, (now, then) if is_both else None)
    except NotInForceError:
        return []
    words = PackWords(current_texts(), (new, old))
    by_whom: dict[str, list[str]] = defaultdict(list)
    for change in found:
        by_whom[words.who(change)].append(words.change(change))
    return list(by_whom.items())


def _counts(kept: ActivationPreview, old: Pack | None, new: Pack | None) -> list[CountShown]:
    """One row per change, in the order in which the replay kept them: the worst first."""
    names = dict(Place.objects.filter(pk__in={row["community_id"] for row in kept.counts}).values_list("pk", "name"))
    before, after = _reasons(old, kept.as_of), _reasons(new, kept.as_of)
    by_change: dict[tuple[str, str, str, str], list[tuple[str, int]]] = defaultdict(list)
    for row in kept.counts:
        reasons = before.get(row["before_rule"], ""), after.get(row["rule"], row["rule"])
        place = names.get(row["community_id"], ""), row["people"]
        by_change[row["from"], row["to"], *reasons].append(place)
    return [
        CountShown(*change, sum(people for _, people in places), sorted(places, key=lambda one: (-one[1], one[0])))
        for change, places in by_change.items()
    ]


def _examples(actor: Any, kept: ActivationPreview, old: Pack | None, new: Pack | None) -> list[dict[str, Any]]:
    """People whom the reader may see, the worst first."""
    rows = kept.examples[:MOST_SHOWN]
    people = {one.pk: one for one in people_for(actor, {row["person_id"] for row in rows})}
    before, after = _reasons(old, kept.as_of), _reasons(new, kept.as_of)
    return [
        {
            "person": people[row["person_id"]], "from": row["from"], "to": row["to"],
            "before": before.get(row["before_rule"], ""), "reason": after.get(row["rule"], row["rule"]),
            "until": parse_datetime(row["until"]) if row["until"] else None,
        }
        for row in rows
        if row["person_id"] in people
    ]  # fmt: skip


def _reasons(pack: Pack | None, at: datetime | None) -> dict[str, str]:
    """Rule → its reason in general words; those of packs before it too, whose rules it may keep."""
    if pack is None:
        return {"": t("policy.preview.no_rules")}
    local = timezone.localtime(at or timezone.now()).replace(tzinfo=None)
    found = {one.rule_id: one.reason for one in rules_in_words(pack, local)}
    for before in chain_of(pack, packs_on_disk().values())[1:]:
        name = pack_name(before.id, before.version)
        for one in rules_in_words(before, local):
            found[f"{before.id}:{one.rule_id}"] = t("status.rule_of", rule=one.reason, pack=name)
    return found
