"""Whatever is done in whatever order: nobody disappears, and the engine counts the same from the facts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.engine_adapter import prove_round, reconcile
from lianfang.domains.lab_testing.models import Coverage, RoundPerson, Sample, Tube
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.selectors import coverage
from lianfang.domains.lab_testing.services import Opening, Swab, Who
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.lab_testing.night import Night, open_night
from tests.product.world import World, make_world

NAMES = ("陈建国", "林秀英", "王丽华", "赵大勇", "周志强", "郑海")
CODES = ("T0001", "T0002", "T0003")
REASONS = ("疫苗接种", "外出务工", "拒检", "领导同意")

_name, _code = st.sampled_from(NAMES), st.sampled_from(CODES)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("swab"), _name, _code),
        st.tuples(st.just("swab"), _name, _code),
        st.tuples(st.just("stranger"), st.just("过客"), _code),
        st.tuples(st.just("undo"), _name, _code),
        st.tuples(st.just("void_tube"), _name, _code),
        st.tuples(st.just("seal"), _name, _code),
        st.tuples(st.just("reopen"), _name, _code),
        st.tuples(st.just("move"), _code, _code),
        st.tuples(st.just("exempt"), _name, st.sampled_from(REASONS)),
        st.tuples(st.just("away"), _name, st.sampled_from(REASONS)),
        st.tuples(st.just("withdraw"), _name, _code),
        st.tuples(st.just("contact"), _name, st.sampled_from(("promised", "refused", "away", "exempt"))),
    ),
    max_size=25,
)


def _tube(actor: Actor, night: Night, code: str) -> Tube:
    given = Opening(place_id=night.world.places["east"].pk)
    return services.open_tube(actor=actor, round_id=night.round.pk, code=code, given=given)


def _steps_of(actor: Actor, night: Night) -> dict[str, Callable[[str, str], object]]:
    round_id, confirmed = night.round.pk, frozenset({"over_full"})

    def person(name: str) -> dict[str, object]:
        return {"actor": actor, "round_id": round_id, "person_id": night.person(name)}

    def swab(name: str, code: str) -> object:
        who = Who(night.person(name)) if name in NAMES else Who(name=name)
        tube = _tube(actor, night, code)
        return services.record_sample(actor=actor, tube_id=tube.pk, who=who, swab=Swab(confirmed=confirmed))

    def seal(_: str, code: str) -> object:
        tube = _tube(actor, night, code)
        counted = Sample.objects.filter(tube=tube, is_void=False).count()
        return services.seal_tube(actor=actor, tube_id=tube.pk, counted=counted, confirmed=confirmed)

    def move(source: str, target: str) -> object:
        pks = [_tube(actor, night, code).pk for code in (source, target)]
        return services.move_samples(
            actor=actor, from_tube_id=pks[0], to_tube_id=pks[1], reason="换管", confirmed=confirmed
        )

    return {
        "swab": swab,
        "stranger": swab,
        "undo": lambda _, code: services.undo_last_sample(actor=actor, tube_id=_tube(actor, night, code).pk),
        "void_tube": lambda _, code: services.void_tube(actor=actor, tube_id=_tube(actor, night, code).pk, reason="漏"),
        "seal": seal,
        "reopen": lambda _, code: services.reopen_tube(
            actor=actor, tube_id=_tube(actor, night, code).pk, reason="重数"
        ),
        "move": move,
        "exempt": lambda name, reason: services.add_exemption(**person(name), reason=reason),
        "away": lambda name, reason: services.mark_away(**person(name), reason=reason, evidence="通话"),
        "withdraw": lambda name, _: services.withdraw_claim(**person(name), because="不实"),
        "contact": lambda name, outcome: services.note_contact(
            **person(name), given=services.Try("phone", outcome, "疫苗")
        ),
    }


@settings(max_examples=60)
@given(_steps)
def test_counts_add_up_after_any_sequence_of_services(steps: list[tuple[str, str, str]]) -> None:
    with transaction.atomic():
        night = open_night(make_world())
        with night.as_("township") as actor:
            do = _steps_of(actor, night)
            for name, one, other in steps:
                with suppress(RefusedError):
                    do[name](one, other)
                _check(actor, night)
            proof = prove_round(actor=actor, round_id=night.round.pk)
        assert proof.holds, proof
        transaction.set_rollback(True)


def _check(actor: Actor, night: Night) -> None:
    total = coverage(actor, night.round).total
    assert total.adds_up and total.expected == 10
    sampled = set(
        Sample.objects.filter(round_id=night.round.pk, is_void=False, person_id__isnull=False).values_list(
            "person_id", flat=True
        )
    )
    rows = {row.person_id: row for row in RoundPerson.objects.filter(round=night.round)}
    for person_id, row in rows.items():
        wanted = Coverage.SAMPLED if person_id in sampled else row.claim or Coverage.MISSING
        assert row.state == wanted


def test_the_engine_counts_a_round_like_the_product(night: Night) -> None:
    tube = night.open_tube()
    for name in ("陈建国", "王丽华", "赵大勇"):
        night.swab(tube, name)
    second = night.open_tube("T0002")
    night.swab(second, "周志强")
    with night.as_("township") as actor:
        services.void_tube(actor=actor, tube_id=second.pk, reason="漏液")
        services.add_exemption(actor=actor, round_id=night.round.pk, person_id=night.person("郑海"), reason="领导同意")
        services.add_exemption(
            actor=actor, round_id=night.round.pk, person_id=night.person("王丽华"), reason="疫苗接种"
        )
        services.record_sample(actor=actor, tube_id=tube.pk, who=Who(name="过路人"))
        proof = prove_round(actor=actor, round_id=night.round.pk)
        answer = reconcile(actor, night.round)
    assert proof.holds
    assert (proof.engine.expected, proof.engine.exempt, proof.engine.sampled, proof.engine.missing) == (10, 1, 3, 6)
    assert proof.unrostered == (1, 1)
    assert proof.outcomes["pending"] == 3
    because = dict(zip(answer.people["person_key"].to_pylist(), answer.people["because"].to_pylist(), strict=True))
    assert because[f"p{night.person('周志强')}"] == "sample_void"
    kinds = set(answer.findings["kind"].to_pylist())
    assert "exempt_but_sampled" in kinds


def test_a_row_that_does_not_follow_from_the_facts_is_named_by_the_proof(night: Night) -> None:
    night.swab(night.open_tube(), "陈建国")
    with acting_as(system_actor("test")):
        RoundPerson.objects.filter(person_id=night.person("陈建国")).update(state="missing")
        RoundPerson.objects.filter(person_id=night.person("王丽华")).update(state="sampled")
    with night.as_("township") as actor:
        proof = prove_round(actor=actor, round_id=night.round.pk)
    assert not proof.holds
    assert {(one.person_id, one.product, one.engine) for one in proof.differences} == {
        (night.person("陈建国"), "missing", "sampled"),
        (night.person("王丽华"), "sampled", "missing"),
    }


def test_a_community_sees_and_proves_its_own_part_only(night: Night, world: World) -> None:
    night.swab(night.open_tube(), "陈建国")
    with night.as_("community") as actor:
        found = coverage(actor, night.round, "building")
        proof = prove_round(actor=actor, round_id=night.round.pk)
    assert (found.total.expected, found.total.sampled, found.total.missing) == (8, 1, 7)
    assert [place.counts.expected for place in found.places] == [6, 2]
    assert proof.holds and proof.engine.expected == 8
