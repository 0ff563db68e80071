"""Exposures and stated facts: recorded by who may, seen by who may, refused with what was typed kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from lianfang.domains.cases.exposures import (
    ExposureProblemError,
    ToOpen,
    close_exposure,
    correct_exposure,
    open_exposures,
    withdraw_exposure,
)
from lianfang.domains.cases.models import Case, Exposure, PersonFact
from lianfang.domains.cases.person_facts import (
    PersonFactProblemError,
    Stated,
    follow_registry,
    state_fact,
    withdraw_fact,
)
from lianfang.domains.cases.services import open_case
from lianfang.domains.registry import events as registry
from lianfang.domains.registry.imports.undoing import _in_use
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.services import edit_person, move_person
from lianfang.domains.status.limits import WorseningLimit
from lianfang.domains.status.models import HealthStatus, StatusRun
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.runs import approve_run
from lianfang.domains.status.services import give_emergency_override
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.outbox.services import emit_now, handle_waiting
from tests.product.status.test_recompute import in_force
from tests.product.world import World, demo_identity

Browse = Callable[..., Client]
__all__ = ["in_force"]
# The tests' day is 2022-08-30, v9 in force: seven days central, three at home.
ANCHOR = date(2022, 8, 27)


def record(world: World, *names: str, login: str = "community", **given: object) -> list[Exposure]:
    asked = {"category": "close_contact", "anchor_on": ANCHOR, "because": "流调 2022-031"} | given
    with acting_as(world.actor(login)) as actor:
        people = [world.people[name].pk for name in names]
        return open_exposures(actor=actor, person_ids=people, asked=ToOpen(**asked)).made  # type: ignore[arg-type]


def decided(world: World, name: str) -> HealthStatus:
    with acting_as(system_actor("test")):
        return HealthStatus.objects.get(person_id=world.people[name].pk)


def test_an_exposure_restricts_by_a_rule_with_evidence_end_and_appeal_and_lifting_it_frees_at_once(
    in_force: World,
) -> None:
    (made,) = record(in_force, "陈建国")
    assert (made.opened_under, made.opened_version) == ("covid19/v9", 1)
    found = decided(in_force, "陈建国")
    assert (found.status, found.rule) == ("red", "category_isolation")
    assert timezone.localtime(found.until_at).isoformat() == "2022-09-04T00:00:00+08:00"
    assert [fact[:2] for fact in found.evidence] == [["exposure", made.pk]] and found.appeal and found.ends_when
    with acting_as(in_force.actor("guard")) as guard:
        give_emergency_override(actor=guard, person_id=found.person_id, reason="临产")
    assert decided(in_force, "陈建国").is_emergency, "an emergency outranks it"
    with acting_as(in_force.actor("community")) as community:
        withdraw_exposure(actor=community, exposure_id=made.pk, because="核实后不在同一车厢")
    assert decided(in_force, "陈建国").status == "unknown"
    (again,) = record(in_force, "陈建国")
    with acting_as(in_force.actor("community")) as community:
        close_exposure(actor=community, exposure_id=again.pk, because="疾控判定解除")
    assert decided(in_force, "陈建国").status == "unknown"
    with acting_as(system_actor("test")):
        kinds = set(Entry.objects.filter(action__startswith="cases.").values_list("action", flat=True))
        assert {"cases.open_exposures", "cases.withdraw_exposure", "cases.close_exposure"} <= kinds
        assert Exposure.pgh_event_model.objects.filter(pgh_obj_id=made.pk).count() == 2  # type: ignore[attr-defined]


def test_many_contacts_at_once_wait_for_a_second_person_who_did_not_open_them(
    in_force: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = WorseningLimit(people=2, share=1.0, always=1)
    monkeypatch.setattr(settings, "STATUS_WORSENING_LIMIT", limit, raising=False)
    record(in_force, "陈建国", "林秀英", "王丽华", login="township")
    with acting_as(system_actor("test")):
        assert not HealthStatus.objects.filter(status="red").exists(), "nobody is restricted unseen"
        run = StatusRun.objects.get(state="waiting")
    assert (run.why, run.withheld) == ("exposure", 3)
    with acting_as(in_force.actor("township")) as township, pytest.raises(StatusProblemError, match="second_person"):
        approve_run(actor=township, run_id=run.pk, because="我开的")
    with acting_as(in_force.actor("district")) as district:
        approve_run(actor=district, run_id=run.pk, because="疾控名单已核")
    assert decided(in_force, "林秀英").status == "red"


def test_a_wrong_day_is_withdrawn_and_opened_anew_in_one_step(in_force: World) -> None:
    (made,) = record(in_force, "陈建国")
    with acting_as(in_force.actor("community")) as community:
        new = correct_exposure(
            actor=community, exposure_id=made.pk, anchor_on=ANCHOR - timedelta(days=2), because="末次接触写错"
        )
    assert (new.replaces_id, new.opened_under, new.opened_at) == (made.pk, made.opened_under, made.opened_at)
    assert timezone.localtime(decided(in_force, "陈建国").until_at).day == 2
    with acting_as(system_actor("test")):
        made.refresh_from_db()
        assert made.withdrawn_because == "末次接触写错" and made.anchor_on == ANCHOR


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"category": ""}, "category_needed"),
        ({"anchor_on": date(2022, 8, 31)}, "anchor_in_future"),
        ({"anchor_on": date(2021, 8, 27)}, "anchor_too_old"),
        ({"because": " "}, "reason_needed"),
        ({"because": "漏" * 201}, "reason_too_long"),
        ({"case_id": 999}, "case_elsewhere"),
    ],
)
def test_what_cannot_be_is_refused_by_name(in_force: World, given: dict[str, object], code: str) -> None:
    with pytest.raises(ExposureProblemError, match=code):
        record(in_force, "陈建国", **given)
    with acting_as(system_actor("test")):
        assert not Exposure.objects.exists()


def test_who_cannot_be_recorded_is_told_and_the_others_are(in_force: World) -> None:
    record(in_force, "陈建国")
    with acting_as(system_actor("test")):
        Person.objects.filter(name="林秀英").update(state="died")
    with acting_as(in_force.actor("community")) as community:
        people = {name: in_force.people[name].pk for name in ("陈建国", "林秀英", "郑海", "王丽华")}
        asked = ToOpen("close_contact", ANCHOR, "流调")
        done = open_exposures(actor=community, person_ids=people.values(), asked=asked)
        of_twenty = ToOpen("general_contact", ANCHOR, "流调")
        other = open_exposures(actor=community, person_ids=[people["王丽华"]], asked=of_twenty)
    assert [one.person_id for one in done.made] == [people["王丽华"]]
    refused = {people["陈建国"]: "opened_already", people["林秀英"]: "died", people["郑海"]: "person_elsewhere"}
    assert done.refused == refused and other.refused == {people["王丽华"]: "category_not_there"}
    with acting_as(system_actor("test")), pytest.raises(IntegrityError), transaction.atomic():
        Exposure.objects.filter(pk=done.made[0].pk).update(because="")


def test_only_who_decides_about_cases_records_them_and_nobody_reads_whose_contact_somebody_is(
    in_force: World, browse: Browse
) -> None:
    with acting_as(in_force.actor("community")) as community:
        case = open_case(
            actor=community, person_id=in_force.people["孙梅"].pk, kind="confirmed", found_at=timezone.now(),
            evidence_kind="order",
        )  # fmt: skip
    record(in_force, "陈建国", because="与孙梅同乘", case_id=case.pk)
    for login in ("building_chief", "sampler", "supervisor"):
        with pytest.raises(NotAllowedError):
            record(in_force, "王丽华", login=login)
    path = f"/cases/people/{in_force.people['陈建国'].pk}/exposures/"
    assert "与孙梅同乘" in browse("community").get(path).content.decode()
    for login, where in (("building_chief", path), ("resident", "/registry/my-household/")):
        page = browse(login).get(where).content.decode()
        assert "密切接触者" in page and "孙梅" not in page and f"/cases/{case.pk}/" not in page, login
    with acting_as(in_force.actor("resident")):
        assert Exposure.objects.count() == 1
    with acting_as(system_actor("test")):
        assert Case.objects.get(pk=case.pk).exposures.count() == 1


def test_a_pasted_list_is_previewed_and_its_wrong_lines_are_kept_as_typed(in_force: World, browse: Browse) -> None:
    client, path = browse("community"), "/cases/exposures/new/"
    with acting_as(system_actor("test")):
        shared = in_force.people["陈建国"]
        Person.objects.filter(name="林秀英").update(phone_index=shared.phone_index)
    lines = [
        demo_identity(4).lower(), "王丽华 19900000004", "赵大勇", "+86 199-0000-0006", "19900000001",
        "林秀英 19900000001", "周志强 19900000008", "郑海", "？！", "99010119800100099X",
    ]  # fmt: skip
    given = {"category": "close_contact", "anchor_on": "2022-08-27", "because": "流调 7", "lines": "\n".join(lines)}
    page = client.post(path, given | {"do": "preview"})
    words = page.content.decode()
    assert page.status_code == 200 and "保存，登记 4 人" in words
    for part in ("集中隔离", "08-28", "09-03", "检测日", "到期自动结束", "第九版"):
        assert part in words, part
    for number, problem in (
        (5, "有好几个人符合"),
        (7, "姓名对不上"),
        (8, "没有叫这个名字"),
        (9, "看不懂"),
        (10, "没有找到"),
    ):
        assert f"第 {number} 行" in words and problem in words, number
    with acting_as(system_actor("test")):
        assert not Exposure.objects.exists(), "a preview saves nothing"
    saved = client.post(path, given | {"do": "save"})
    kept = saved.content.decode()
    assert saved.status_code == 422 and "已登记 4 人" in kept and "周志强 19900000008\n郑海" in kept
    assert "赵大勇" not in kept.partition("<textarea")[2].partition("</textarea")[0]
    with acting_as(system_actor("test")):
        people = Person.objects.filter(pk__in=Exposure.objects.values("person_id"))
        names = set(people.values_list("name", flat=True))
    assert names == {"王丽华", "赵大勇", "孙梅", "林秀英"}
    assert decided(in_force, "孙梅").status == "red"
    wrong = client.post(path, given | {"do": "preview", "anchor_on": "2022-13-40"})
    assert wrong.status_code == 422 and "请写成 2022-11-06" in wrong.content.decode()
    assert "流调 7" in wrong.content.decode()


def test_people_of_a_household_or_building_are_ticked(in_force: World, browse: Browse) -> None:
    client = browse("community")
    household = in_force.households["b1-101"]
    assert f"household={household.pk}" in client.get(f"/registry/places/households/{household.pk}/").content.decode()
    offered = client.get(f"/cases/exposures/new/?household={household.pk}").content.decode()
    assert "陈小宝" in offered and "王丽华" not in offered
    assert "王丽华" in client.get(f"/cases/exposures/new/?place={in_force.places['b1'].pk}").content.decode()
    people = [in_force.people[name].pk for name in ("陈建国", "林秀英")]
    given = {"category": "secondary_contact", "anchor_on": "2022-08-29", "because": "同住", "do": "save"}
    done = client.post(f"/cases/exposures/new/?household={household.pk}", given | {"person": people})
    assert done.status_code == 302 and client.get(done.headers["Location"]).content.decode().count("密接的密接") == 2
    assert client.get("/cases/exposures/new/?household=x").status_code == 404
    # Day 0 was yesterday: day 1 began at midnight.
    assert decided(in_force, "林秀英").reason == "secondary_home"


def test_an_exposure_is_ended_and_corrected_on_the_persons_page(in_force: World, browse: Browse) -> None:
    (made,) = record(in_force, "陈建国")
    client, path = browse("township"), f"/cases/exposures/{made.pk}/end/"
    refused = client.post(path, {"do": "correct", "because": "写错了日子", "anchor_on": "2023-01-01"})
    assert refused.status_code == 422 and "写错了日子" in refused.content.decode()
    assert client.post(path, {"do": "close", "because": ""}).status_code == 422
    assert client.post(path, {"do": "else", "because": "x"}).status_code == 422
    assert client.post(path, {"do": "withdraw", "because": "同名的人"}).status_code == 302
    assert client.post(path, {"do": "withdraw", "because": "再来"}).status_code == 422
    page = client.get(f"/cases/people/{made.person_id}/exposures/").content.decode()
    assert "已撤回" in page and "同名的人" in page
    assert browse("supervisor").post(path, {"do": "close", "because": "x"}).status_code == 403


def test_tests_due_stand_on_the_pages_and_missing_one_never_lengthens(in_force: World, browse: Browse) -> None:
    record(in_force, "陈建国", anchor_on=date(2022, 8, 27))
    page = browse("community").get(f"/status/people/{in_force.people['陈建国'].pk}/").content.decode()
    due = page.partition('id="tests"')[2].partition("</section>")[0]
    # Known on the 30th: nothing is asked of the 28th and 29th any more.
    assert due.count("待做") == 4 and "过期未做" not in due and "集中隔离" in due
    assert "要做的检测" in browse("resident").get("/registry/my-household/").content.decode()


def test_facts_are_taken_from_the_registry_follow_it_and_go_along_when_somebody_moves(in_force: World) -> None:
    person = in_force.people["陈建国"]
    with acting_as(in_force.actor("community")) as community:
        edit_person(
            actor=community, person=person, version=1, changes={"occupation": "快递员", "special_needs": ("pregnant",)}
        )
    handle_waiting()
    with acting_as(system_actor("test")):
        told = PersonFact.objects.get(person_id=person.pk)
        # The rules in force ask for work alone: nothing else is kept.
        assert (told.fact, told.word, told.source) == ("occupation", "courier", "registry")
    with acting_as(in_force.actor("community")) as community, pytest.raises(PersonFactProblemError, match="registry"):
        withdraw_fact(actor=community, person_fact_id=told.pk, because="x")
    record(in_force, "陈建国")
    with acting_as(in_force.actor("township")) as township:
        edited = edit_person(actor=township, person=person, version=2, changes={"occupation": "跑腿的"})
        move_person(actor=township, person=edited, household=in_force.households["w1-101"])
    handle_waiting()
    with acting_as(system_actor("test")):
        told.refresh_from_db()
        assert told.withdrawn_at is not None and PersonFact.objects.count() == 1
        west = in_force.places["west"].pk
        assert {told.community_id, Exposure.objects.get().community_id} == {west}


def test_what_was_taken_over_from_the_registry_stops_no_undoing_of_an_import_and_what_was_stated_does(
    in_force: World,
) -> None:
    people = [in_force.people[name].pk for name in ("陈建国", "王丽华", "郑海")]
    with acting_as(system_actor("test")):
        Person.objects.filter(pk__in=people[:2]).update(occupation="Courier")
        assert follow_registry(None, by="test") == people[:2] and follow_registry(None, by="test") == []
    with acting_as(in_force.actor("community")) as community:
        state_fact(actor=community, person_id=people[1], stated=Stated("occupation", "loader"))
    with acting_as(system_actor("test")):
        assert _in_use(("person_id",), people) == {people[1]}
        emit_now(registry.PEOPLE_REMOVED, {"person_ids": people[:1], "import_id": 1})
        assert not PersonFact.objects.filter(person_id=people[0]).exists()


def test_a_stated_fact_is_asked_for_withdrawn_not_overwritten_and_decides(in_force: World, browse: Browse) -> None:
    person = in_force.people["陈建国"].pk
    client, path = browse("building_chief"), f"/cases/people/{person}/facts/"
    assert "从事的工作" in client.get(path).content.decode()
    assert client.post(path, {"fact": "occupation", "value": "courier", "from_at": "2022-08-01"}).status_code == 302
    page = browse("community").get(f"/status/people/{person}/").content.decode()
    assert "快递" in page.partition('id="tests"')[2].partition("</section>")[0], "tested twice a week"
    for wrong in ({"fact": "is_pregnant", "value": "yes"}, {"fact": "occupation", "value": "king"},
                  {"fact": "occupation", "value": "loader", "from_at": "昨天"},
                  {"fact": "occupation", "value": "loader", "from_at": "2022-08-02", "to_at": "2022-08"}):  # fmt: skip
        assert client.post(path, wrong).status_code == 422, wrong
    with acting_as(system_actor("test")):
        stated = PersonFact.objects.get()
    assert client.post(f"/cases/facts/{stated.pk}/withdraw/", {"because": ""}).status_code == 422
    assert client.post(f"/cases/facts/{stated.pk}/withdraw/", {"because": "已离职"}).status_code == 302
    assert 'id="tests"' not in browse("community").get(f"/status/people/{person}/").content.decode()
    with acting_as(in_force.actor("building_chief")) as chief, pytest.raises(PersonFactProblemError, match="unknown"):
        state_fact(actor=chief, person_id=person, stated=Stated("is_pregnant", "yes"))
