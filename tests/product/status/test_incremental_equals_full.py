"""Whatever comes in whatever order: what many small runs wrote is what one full run says (docs/decisions/0021)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from lianfang.domains.cases.exposures import (
    ExposureProblemError,
    ToOpen,
    close_exposure,
    correct_exposure,
    open_exposures,
    withdraw_exposure,
)
from lianfang.domains.cases.models import Exposure, PersonFact
from lianfang.domains.cases.person_facts import (
    PersonFactProblemError,
    Stated,
    follow_registry,
    state_fact,
    withdraw_fact,
)
from lianfang.domains.lab_testing.models import Result
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.results.services import Entry, correct_result, enter_results
from lianfang.domains.policy.packs import pack_at_division, packs_on_disk
from lianfang.domains.policy.previews import preview_for
from lianfang.domains.policy.services import approve_activation, propose_activation
from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.services import edit_person, move_person
from lianfang.domains.status import deciding
from lianfang.domains.status.beginnings import decide_what_came
from lianfang.domains.status.full_check import check_everything
from lianfang.domains.status.models import HealthStatus, StatusOrder
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.services import approve_order, give_emergency_override, propose_order, withdraw_order
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.kinds import FALLBACK
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.lab_testing.night import Night, open_night
from tests.product.world import World, make_world

# More of them hunt longer; the first are always the same.
EXAMPLES = int(os.environ.get("INCREMENTAL_EXAMPLES", "3"))
BEGUN = datetime(2022, 11, 10, 2, tzinfo=UTC)
REFUSED = (ExposureProblemError, Http404, PersonFactProblemError, RefusedError, RegistryError, StatusProblemError)
CATEGORIES = ("close_contact", "secondary_contact", "entrant", "high_risk_worker", "from_low_risk_county")
OUTCOMES = ("negative", "positive", "indeterminate", "invalid")
NAMES = ("陈建国", "林秀英", "陈小宝", "王丽华", "赵大勇", "郑海")


@dataclass
class Story:
    """The small world with v9 in force and a round open, and what can happen in it; ``a`` and ``b`` choose."""

    world: World
    night: Night
    clock: time_machine.Coordinates
    tubes: list[str] = field(default_factory=list)

    def happens(self, what: str, a: int, b: int) -> None:
        try:
            with transaction.atomic():
                _HAPPENS[what](self, a, b)
        except REFUSED:
            return  # refused in words: nothing was changed
        while handle_waiting():
            pass
        with acting_as(system_actor("test")):
            assert not Event.objects.exclude(failure="").values_list("name", "failure")
            assert follow_registry(None, by="test") == [], "what the registry says was followed"

    def person(self, a: int) -> Person:
        return self.world.people[NAMES[a % len(NAMES)]]

    def swabbed(self, a: int, b: int) -> None:
        code = f"T{len(self.tubes):04d}"
        tube = self.night.open_tube(code, capacity=(1, 10, 20)[b % 3])
        self.tubes.append(code)
        for step in range(1 if b % 3 == 0 else 1 + a % 3):
            self.night.swab(tube, NAMES[(a + step) % len(NAMES)])

    def resulted(self, a: int, b: int) -> None:
        if self.tubes:
            entry = Entry(self.tubes[a % len(self.tubes)], OUTCOMES[b % len(OUTCOMES)])
            with self.night.as_("township") as actor:
                enter_results(actor=actor, round_=self.night.round, entries=[entry], laboratory="甲乙"[b % 2])

    def corrected(self, a: int, b: int) -> None:
        with self.night.as_("township") as actor:
            results = list(Result.objects.order_by("pk"))
            if results:
                outcome = ("", *OUTCOMES)[b % 5]
                correct_result(actor=actor, result_id=results[a % len(results)].pk, outcome=outcome, reason="错")

    def exposed(self, a: int, b: int) -> None:
        asked = ToOpen(CATEGORIES[b % len(CATEGORIES)], timezone.localdate() - timedelta(days=b % 9), "流调")
        with self.night.as_("township") as actor:
            open_exposures(actor=actor, person_ids=[self.person(a).pk, self.person(a + b).pk], asked=asked)

    def ended(self, a: int, b: int) -> None:
        with self.night.as_("township") as actor:
            found = list(Exposure.objects.order_by("pk").values_list("pk", flat=True))
            if not found:
                return
            one = found[a % len(found)]
            if b % 3 == 0:
                close_exposure(actor=actor, exposure_id=one, because="解除")
            elif b % 3 == 1:
                withdraw_exposure(actor=actor, exposure_id=one, because="不是")
            else:
                day = timezone.localdate() - timedelta(days=b % 7)
                correct_exposure(actor=actor, exposure_id=one, anchor_on=day, because="日期")

    def stated(self, a: int, b: int) -> None:
        work = ("courier", "port_worker", "other")[b % 3]
        later = timezone.now() + timedelta(hours=b % 50 - 10)
        with self.night.as_("township") as actor:
            if b % 4 == 3:
                known = list(PersonFact.objects.filter(source="stated").values_list("pk", flat=True))
                if known:
                    withdraw_fact(actor=actor, person_fact_id=known[a % len(known)], because="错")
                return
            state_fact(actor=actor, person_id=self.person(a).pk, stated=Stated("occupation", work, later))

    def registered(self, a: int, b: int) -> None:
        with self.night.as_("township") as actor:
            person = Person.objects.get(pk=self.person(a).pk)
            if b % 2:
                work = {"occupation": ("快递员", "", "外卖员")[b % 3]}
                edit_person(actor=actor, person=person, version=person.version, changes=work)
            else:
                home = self.world.households[("w1-101", "b1-101", "b2-101")[b % 3]]
                move_person(actor=actor, person=person, household=home)

    def ordered(self, a: int, b: int) -> None:
        starts = timezone.now() + timedelta(hours=b % 30 - 5)
        with self.night.as_("community") as actor:
            made = propose_order(
                actor=actor, person_id=self.person(a).pk, rule=("isolation_order", "home_monitoring_order")[b % 2],
                reason="密接", evidence="流调", starts_at=starts, ends_at=starts + timedelta(days=1 + b % 9),
            )  # fmt: skip
        with self.night.as_("township") as actor:
            approve_order(actor=actor, order=made)

    def lifted(self, a: int, b: int) -> None:
        with self.night.as_("township") as actor:
            orders = list(StatusOrder.objects.order_by("pk"))
            if orders:
                withdraw_order(actor=actor, order=orders[a % len(orders)], because="解除")

    def urgent(self, a: int, b: int) -> None:
        with self.night.as_("guard") as actor:
            give_emergency_override(actor=actor, person_id=self.person(a).pk, reason="")

    def passes(self, a: int, b: int) -> None:
        self.clock.shift(timedelta(hours=1 + b % 40))
        decide_what_came()

    def changes(self, a: int, b: int) -> None:
        place = self.world.places[("township", "east")[a % 2]]
        with acting_as(system_actor("test")):
            starts = max(timezone.now(), timezone.make_aware(datetime(2022, 11, 11)))
            made = propose_activation(
                actor=self.world.actor("township"), pack="covid19/v9+20", version=1, place_id=place.pk, starts_at=starts
            )
            preview = preview_for(made)
            assert preview is not None
            approve_activation(actor=self.world.actor("district"), activation=made, seen=preview.pk)


_HAPPENS: dict[str, Callable[[Story, int, int], None]] = {
    name: getattr(Story, name)
    for name in (
        "swabbed", "resulted", "corrected", "exposed", "ended", "stated", "registered", "ordered", "lifted", "urgent",
        "passes", "changes",
    )
}  # fmt: skip
# What happens often is listed more than once.
WHAT = (*_HAPPENS, "swabbed", "resulted", "exposed", "ended", "passes")
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 11), st.integers(0, 59)), min_size=6, max_size=14
)  # fmt: skip


# Without shrinking: one example takes seconds, and what fails is short enough to read.
@settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate))
@given(HAPPENINGS)
@example(
    [
        ("exposed", 0, 10), ("stated", 0, 1), ("ended", 1, 1), ("exposed", 1, 10), ("registered", 1, 3),
        ("ordered", 1, 6), ("changes", 0, 0), ("passes", 0, 14), ("swabbed", 0, 0), ("resulted", 0, 0),
        ("ended", 2, 0), ("passes", 0, 39), ("ended", 3, 2), ("lifted", 0, 0),
    ]
)  # fmt: skip
def test_many_small_runs_and_one_full_run_say_the_same(happenings: list[tuple[str, int, int]]) -> None:
    with asked_for_work(), time_machine.travel(BEGUN, tick=True) as clock, transaction.atomic():
        story = begun(clock)
        for one in happenings:
            story.happens(*one)
            # After each: what comes later, or midnight, would mend what nobody was told of.
            assert check_everything(mend=False).differences == [], one
            restrictions_are_whole()
        transaction.set_rollback(True)


@contextmanager
def asked_for_work() -> Iterator[None]:
    """As an authority might have it: the rule for isolation under v9 does not hold for who works at a port."""
    shipped = packs_on_disk()["covid19/v9", 1]
    guard = Guard.model_validate({"not": {"fact": "occupation", "is": "port_worker"}})
    rules = tuple(
        rule.model_copy(update={"when": guard}) if rule.id == "category_isolation" else rule for rule in shipped.rules
    )
    packs_on_disk()["covid19/v9", 1] = replace(shipped, rules=rules)
    _forget_packs()
    try:
        yield
    finally:
        packs_on_disk()["covid19/v9", 1] = shipped
        _forget_packs()


def _forget_packs() -> None:
    pack_at_division.cache_clear()
    deciding._open.clear()


def begun(clock: time_machine.Coordinates) -> Story:
    world = make_world()
    with acting_as(system_actor("test")):
        made = propose_activation(
            actor=world.actor("township"), pack="covid19/v9", version=1, place_id=world.places["township"].pk,
            starts_at=timezone.now(),
        )  # fmt: skip
        preview = preview_for(made)
        assert preview is not None
        approve_activation(actor=world.actor("district"), activation=made, seen=preview.pk)
    return Story(world, open_night(world), clock)


def restrictions_are_whole() -> None:
    """Nobody yellow or red without a rule, evidence, how it ends and where to object."""
    with acting_as(system_actor("test")):
        for one in HealthStatus.objects.filter(status__in=("yellow", "red")):
            assert one.rule and one.rule != FALLBACK and one.reason and one.evidence, one.rule
            assert (one.until_at or one.ends_when) and one.appeal, one.rule
            if any(fact[0] == "exposure" for fact in one.evidence):
                assert one.until_at is not None, "an exposure restricts for a time that is known"
