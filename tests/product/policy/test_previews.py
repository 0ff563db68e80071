"""Before rules are put into force: what changes in words, and whom it changes; seen before it is approved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from lianfang.domains.command.overview import overview
from lianfang.domains.policy.models import ActivationPreview, PackActivation, PreviewState
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.services import PACK_ACTIVATED, PolicyProblemError, approve_activation, propose_activation
from lianfang.domains.status import previews
from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.previews import preview_activation, replay_packs
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event
from tests.product.status.test_recompute import in_force, result, swab
from tests.product.world import World

Browse = Callable[..., Client]
__all__ = ["in_force"]


def propose(world: World, pack: str = "practice/v1") -> PackActivation:
    with acting_as(world.actor("township")) as township:
        return propose_activation(
            actor=township, pack=pack, version=1, place_id=world.places["township"].pk, starts_at=timezone.now(),
            reason="县指挥部第 12 号通告",
        )  # fmt: skip


def preview(made: PackActivation) -> ActivationPreview:
    with acting_as(system_actor("test")):
        return ActivationPreview.objects.get(activation=made)


@pytest.fixture
def retired(in_force: World) -> World:
    """A positive pool, so that rules hold two people; then the rules of v9 are no longer in force."""
    result(swab(in_force, ("陈建国", "林秀英"), "P1"), "positive")
    recompute(person.pk for person in in_force.people.values())
    PackActivation.objects.update(withdrawn_at=timezone.now())
    return in_force


def test_a_proposal_says_whom_it_would_change_by_place_and_reason_and_writes_nothing(retired: World) -> None:
    with acting_as(system_actor("test")):
        before = list(HealthStatus.objects.order_by("pk").values_list("pk", "as_of", "pack"))
    found = preview(propose(retired))
    assert (found.state, found.people, found.worsened, found.improved) == (PreviewState.DONE, 10, 2, 0)
    assert found.before_packs == [] and found.township_id == retired.places["township"].pk
    worst = found.counts[0]
    assert (worst["from"], worst["to"], worst["people"]) == ("unknown", "yellow", 2)
    assert worst["community_id"] == retired.places["east"].pk and worst["rule"] == "positive_pool_hold"
    assert {row["person_id"] for row in found.examples} == {retired.people[n].pk for n in ("陈建国", "林秀英")}
    with acting_as(system_actor("test")):
        assert list(HealthStatus.objects.order_by("pk").values_list("pk", "as_of", "pack")) == before


def test_the_same_rules_again_change_nobody(in_force: World) -> None:
    found = preview(propose(in_force, "covid19/v9"))
    assert (found.changed, found.counts, found.before_packs) == (0, [], ["covid19/v9 1"])


def test_where_rules_give_no_colours_any_more_nobody_who_was_green_is_worse_off(world: World) -> None:
    with time_machine.travel(datetime(2023, 1, 9, 2, tzinfo=UTC), tick=True):
        made = propose(world)
        with acting_as(world.actor("district")) as district:
            approve_activation(actor=district, activation=made, seen=preview(made).pk)
        result(swab(world, ("陈建国",), "N1", hours_ago=10, capacity=1), "negative", hours_ago=5)
        recompute(person.pk for person in world.people.values())
        found = preview(propose(world, "covid19/class-b"))
    assert found.state == PreviewState.DONE and found.worsened == 0
    greens = [row for row in found.counts if (row["from"], row["to"]) == ("green", "unknown")]
    assert [row["people"] for row in greens] == [1]


def test_nobody_approves_what_they_have_not_seen(retired: World) -> None:
    made = propose(retired)
    seen = preview(made).pk
    with acting_as(retired.actor("district")) as district:
        for wrong in (None, seen + 1):
            with pytest.raises(PolicyProblemError, match="preview_unseen"):
                approve_activation(actor=district, activation=made, seen=wrong)
        ActivationPreview.objects.update(state=PreviewState.RUNNING)
        with pytest.raises(PolicyProblemError, match="preview_needed"):
            approve_activation(actor=district, activation=made, seen=seen)
        ActivationPreview.objects.update(state=PreviewState.DONE)
        approve_activation(actor=district, activation=made, seen=seen)
    assert preview(made).seen_by_ids == [retired.accounts["district"].pk]


def test_a_change_of_rules_is_announced_as_a_load_event(retired: World) -> None:
    """Whoever answers the telephone and runs the servers knows the number before the minute comes."""
    made = propose(retired)

    def said(role: str = "township") -> int:
        with acting_as(retired.actor(role)) as actor:
            found = {one.key: one.count for one in overview(actor, timezone.now()).signals}
        return found.get("rules_soon", 0)

    assert said() == 0
    with acting_as(retired.actor("district")) as district:
        approve_activation(actor=district, activation=made, seen=preview(made).pk)
    assert said() == said("district") == preview(made).changed == 2

    # Put in force for the whole county it is announced to its townships just so; people elsewhere are not theirs.
    county = retired.places["county"]
    with acting_as(system_actor("test")):
        PackActivation.objects.filter(pk=made.pk).update(place_id=county.pk)
        ActivationPreview.objects.filter(activation=made).update(township_id=0)
    assert said() == said("district") == 2
    with acting_as(system_actor("test")):
        elsewhere = [row | {"community_id": 0} for row in preview(made).counts]
        ActivationPreview.objects.filter(activation=made).update(counts=elsewhere)
    assert said() == said("district") == 0
    with acting_as(system_actor("test")):
        event = Event.objects.filter(name=PACK_ACTIVATED).latest("pk")
    assert (event.payload["people"], event.payload["changed"]) == (10, 2)
    assert event.payload["starts_at"] == made.starts_at.isoformat()


def test_many_people_are_replayed_in_the_background_and_a_failure_is_kept(
    retired: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lianfang.domains.status.handlers.AT_ONCE", 0)
    made = propose(retired)
    assert preview(made).state == PreviewState.WAITING
    preview_activation(made.pk)
    assert preview(made).state == PreviewState.DONE

    def fails(*_: object) -> None:
        raise RuntimeError("no rules")

    monkeypatch.setattr(previews, "replay", fails)
    preview_activation(made.pk)
    assert (preview(made).state, preview(made).failure) == (PreviewState.FAILED, "RuntimeError: no rules")


def test_two_packs_are_replayed_over_the_stored_facts_of_a_place(retired: World) -> None:
    """What the command line does; both directions are each other's mirror."""
    place, at = retired.places["east"].pk, timezone.now()
    with acting_as(system_actor("test")):
        packs = packs_on_disk()["covid19/v9", 1], packs_on_disk()["practice/v1", 1]
        there, back = replay_packs(*packs, place, at), replay_packs(*reversed(packs), place, at)
    assert there.people == 8 and there.changed == back.changed
    assert (there.worsened, there.improved) == (back.improved, back.worsened)


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_the_page_shows_words_counts_and_examples_and_approves(
    in_force: World, browse: Browse, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Account.objects.update(language=language)
    result(swab(in_force, ("陈建国",), "N1", hours_ago=40, capacity=1), "negative", hours_ago=35)
    old = packs_on_disk()["covid19/v9", 1]
    monkeypatch.setattr(type(old), "is_in_force", lambda pack, at: True)
    made = propose(in_force, "covid19/v9+20")
    page = browse("district", language).get(f"/rules/activations/{made.pk}/")
    text = page.content.decode()
    assert page.status_code == 200 and f'name="seen" value="{preview(made).pk}"' in text
    assert text.count("<li>") > 5 and "{" not in text.split('id="content"')[1].split("<script")[0]
    assert browse("township", language).get(f"/rules/activations/{made.pk}/").content.decode().count('name="seen"') == 0
    assert browse("community", language).get(f"/rules/activations/{made.pk}/").status_code == 404
    answer = browse("district", language).post(
        f"/rules/activations/{made.pk}/approve/", {"seen": str(preview(made).pk)}
    )
    assert answer.status_code == 302 and PackActivation.objects.get(pk=made.pk).approved_at is not None
