"""A large invented township inside the product, for benchmarks of lists and results.

    python -m benchmarks.township people COUNT            people, two rounds, results of the first, statuses
    python -m benchmarks.township file ROWS PER PATH      one more round of ROWS tubes, PER people in each, and its file

Runs with the environment of a product (DATABASE_URL, LIANFANG_FOLDER) and prints ids as JSON. People come in through
the registry's bulk door; swabs, because this is only the ground that a benchmark stands on, in a few statements.
Everybody is generated.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")

PEOPLE_IN_A_ROOM, ROOMS_ON_A_FLOOR, FLOORS, UNITS, BUILDINGS, COMPOUNDS = 3, 2, 18, 2, 10, 5
A_COMMUNITY = PEOPLE_IN_A_ROOM * ROOMS_ON_A_FLOOR * FLOORS * UNITS * BUILDINGS * COMPOUNDS
PASSWORD = "lianfang-bench"
TOWNSHIP = "980101100000"
PACK = ("practice/v1", 1)
ROLES = ("township", "community", "building_chief")
_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建文志国"

# The first ``most`` people in the order of their doors, one of ``skip`` left out, ``per`` to a tube.
_SWABBED = """
WITH swabbed AS (
    SELECT p.*, (row_number() OVER w - 1) / %(per)s AS tube, (row_number() OVER w - 1) %% %(per)s + 1 AS place
    FROM (
        SELECT p.id, p.county_id, p.township_id, p.community_id, p.building_id, p.household_id, p.name, p.sort_key
        FROM registry_person p WHERE p.id %% %(skip)s <> 0 ORDER BY p.sort_key, p.id LIMIT %(most)s
    ) p WINDOW w AS (ORDER BY p.sort_key, p.id)
)
"""
_EXPECTED = """
INSERT INTO lab_testing_round_person (round_id, county_id, township_id, community_id, building_id, person_id,
    household_id, unit_id, walking_key, state, claim, reason, evidence, recorded_by, is_added_at_door, contact_outcome,
    contacted_by)
SELECT %(round)s, p.county_id, p.township_id, p.community_id, p.building_id, p.id, p.household_id, h.unit_id,
    p.sort_key, CASE WHEN s.person_id IS NULL THEN 'missing' ELSE 'sampled' END, '', '', '', '', false, '', ''
FROM registry_person p JOIN registry_household h ON h.id = p.household_id
LEFT JOIN (SELECT DISTINCT person_id FROM lab_testing_sample WHERE round_id = %(round)s) s ON s.person_id = p.id
ORDER BY p.sort_key, p.id
"""
_TUBES = """
INSERT INTO lab_testing_tube (county_id, township_id, community_id, building_id, round_id, code, capacity, is_household,
    state, box_code, opened_at, opened_by, sealed_at, sealed_by, counted, handed_over_by, courier, received_by,
    laboratory, voided_by, void_reason, conclusion)
SELECT min(county_id), min(township_id), min(community_id), min(building_id), %(round)s,
    %(prefix)s || lpad(tube::text, 7, '0'), %(per)s, false, 'sealed', '', %(at)s, 'bench', %(at)s + interval '1 hour',
    'bench', count(*), '', '', '', '', '', '', ''
FROM swabbed GROUP BY tube ORDER BY tube
"""
_SWABS = """
INSERT INTO lab_testing_sample (county_id, township_id, community_id, building_id, tube_id, round_id, person_id,
    household_id, tube_community_id, name, position, sampled_at, received_at, sampler, recorded_by, is_void,
    void_reason, voided_by, warnings)
SELECT w.county_id, w.township_id, w.community_id, w.building_id, t.id, %(round)s, w.id, w.household_id, t.community_id,
    w.name, w.place, %(at)s + w.tube %% 3600 * interval '1 second', %(at)s + w.tube %% 3600 * interval '1 second',
    '采样员', 'bench', false, '', '', '{}'
FROM swabbed w
JOIN lab_testing_tube t ON t.township_id = w.township_id AND t.code = %(prefix)s || lpad(w.tube::text, 7, '0')
"""


def people(count: int) -> dict[str, int]:
    """A township of so many people; ids of what its pages are about."""
    from django.utils import timezone

    from lianfang.domains.lab_testing.models import Tube
    from lianfang.domains.registry.models import Person, Place
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as
    from lianfang.foundation.outbox.models import Event

    with acting_as(system_actor("bench")):
        township = _places(count)
        _register(count)
        _rules(township.pk)
        make_accounts(township)
    analyse()
    now = timezone.now()
    load_negatives(run_round(township.pk, now - timedelta(days=2), most=count, per=10, is_over=True))
    tonight = run_round(township.pk, now - timedelta(hours=9), most=count // 3, per=10, is_over=False)
    # They tell the worker to look at everybody, which ``decide_everybody`` does.
    decide_everybody()
    Event.objects.filter(handled_at=None).update(handled_at=timezone.now())
    analyse(vacuum=True)
    with acting_as(system_actor("bench")):
        building = Place.objects.filter(kind="building").order_by("pk")[0]
        person = Person.objects.filter(building_id=building.pk).order_by("pk")[0]
        tube = Tube.objects.filter(round_id=tonight).order_by("pk")[0]
    return {"round": tonight, "building": building.pk, "person": person.pk, "household": person.household_id or 0,
            "tube": tube.pk}  # fmt: skip


def file(rows: int, per: int, path: str) -> dict[str, int]:
    """A round of so many tubes and the laboratory's file for it; ``people`` have a swab in one of them."""
    from django.utils import timezone

    from lianfang.domains.lab_testing.models import Sample
    from lianfang.domains.registry.models import Place
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    township = Place.objects.get(kind="township", code=TOWNSHIP)
    made = run_round(township.pk, timezone.now() - timedelta(hours=8), most=rows * per, per=per, is_over=False)
    with acting_as(system_actor("bench")):
        written = write_results(Path(path), made, positives=10)
        swabbed = Sample.objects.filter(round_id=made).count()
    return {"round": made, "rows": written, "people": swabbed}


def analyse(*, vacuum: bool = False) -> None:
    """What autovacuum does within a minute; a benchmark has none to wait."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if vacuum else "ANALYZE")


def decide_everybody() -> None:
    from lianfang.domains.registry.models import Person
    from lianfang.domains.status.recompute import recompute
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    with acting_as(system_actor("bench")):
        everybody = list(Person.objects.order_by("pk").values_list("pk", flat=True))
    recompute(everybody)


def _places(count: int) -> Any:
    from lianfang.domains.registry.models import PlaceKind
    from lianfang.domains.registry.services import register_place
    from lianfang.foundation.access.scope import current_actor

    actor = current_actor()
    above = None
    for kind, name, code in (
        (PlaceKind.PROVINCE, "示例省", "980000000000"), (PlaceKind.CITY, "示例市", "980100000000"),
        (PlaceKind.COUNTY, "示例县", "980101000000"), (PlaceKind.TOWNSHIP, "大石镇", TOWNSHIP),
    ):  # fmt: skip
        above = register_place(actor=actor, parent=above, kind=kind, name=name, code=code)
    for number in range(1, -(-count // A_COMMUNITY) + 1):
        register_place(actor=actor, parent=above, kind=PlaceKind.COMMUNITY, name=f"第{number}社区",
                       code=f"980101100{number:03d}")  # fmt: skip
    return above


def _register(count: int) -> None:
    from lianfang.domains.registry.models import Place
    from lianfang.domains.registry.services.bulk import register_people_in_bulk
    from lianfang.foundation.access.scope import current_actor

    left = count
    for community in Place.objects.filter(kind="community", code__startswith=TOWNSHIP[:9]).order_by("pk"):
        here = min(left, A_COMMUNITY)
        register_people_in_bulk(actor=current_actor(), rows=_residents(community.pk, count - left, here))
        left -= here


def _residents(community_id: int, first: int, count: int) -> list[Any]:
    from lianfang.domains.registry.services.bulk import NewResident, normal_spot
    from lianfang.domains.registry.services.facts import PersonFacts

    rows = []
    for at in range(count):
        room, member = divmod(at, PEOPLE_IN_A_ROOM)
        floors, on_floor = divmod(room, ROOMS_ON_A_FLOOR)
        unit, floor = divmod(floors, FLOORS)
        building, unit = divmod(unit, UNITS)
        compound, building = divmod(building, BUILDINGS)
        number = first + at
        name = _FAMILY[room % 20] + _GIVEN[number * 7 % 30] + (_GIVEN[number * 13 // 30 % 30] if number % 4 else "")
        facts = PersonFacts(
            name=name, sex="female" if member % 2 else "male", id_type="resident_id", id_number=_identity(number),
            id_is_valid=True, phone=f"199{number:08d}",
            special_needs=("infant",) if number % 211 == 0 else ("dialysis",) if number % 307 == 0 else (),
        )  # fmt: skip
        spot = normal_spot(community_id, f"第{compound + 1}花园", f"{building + 1}号楼", f"{unit + 1}单元")
        rows.append(NewResident(spot, facts, room=f"{floor + 1}{on_floor + 1:02d}", floor=floor + 1))
    return rows


def _identity(number: int) -> str:
    """A number of the range that cannot belong to a person, with a right check digit."""
    digits = f"99{number // 1000:04d}19800101{number % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11]


def _rules(township_id: int) -> None:
    from django.utils import timezone

    from lianfang.domains.policy.models import PackActivation
    from lianfang.domains.policy.packs import packs_on_disk

    before = timezone.now() - timedelta(days=10)
    PackActivation.objects.create(
        pack=PACK[0], version=PACK[1], digest=packs_on_disk()[PACK].digest, place_id=township_id, starts_at=before,
        proposed_at=before, proposed_by_id=1, proposed_by="bench", approved_at=before, approved_by_id=2,
        approved_by="bench",
    )  # fmt: skip


def make_accounts(township: Any) -> None:
    """One account per job of ROLES, named after it."""
    from django.utils import timezone

    from lianfang.domains.registry.models import Place
    from lianfang.foundation.access.models import Account, Posting
    from lianfang.foundation.access.places import directory
    from lianfang.foundation.access.roles import Role

    community = Place.objects.filter(kind="community", township_id=township.pk).order_by("pk")[0]
    building = Place.objects.filter(kind="building", community_id=community.pk).order_by("pk")[0]
    at = {"township": township.pk, "community": community.pk, "building_chief": building.pk}
    for role in ROLES:
        account = Account(login=role, name=role)
        account.set_password(PASSWORD)
        account.save()
        scope = directory().scope_of(Role(role), at[role])
        Posting.objects.create(
            account=account, role=role, level=scope.level, scope_ids=list(scope.scope_ids), place_id=at[role],
            place_label=scope.label, starts_at=timezone.now() - timedelta(days=1), given_by="bench",
        )  # fmt: skip


def run_round(township_id: int, at: datetime, *, most: int, per: int, is_over: bool) -> int:
    """A round of the whole township begun at ``at`` with the swabs of its first people; its id."""
    from django.db import connection

    from lianfang.domains.lab_testing.models import Round
    from lianfang.domains.lab_testing.services import close_round, plan_round
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    with acting_as(system_actor("bench")) as actor:
        made = plan_round(actor=actor, name="", place_ids=[township_id], starts_at=at, ends_at=at + timedelta(hours=20))
        Round.objects.filter(pk=made.pk).update(state="open", opened_at=at)
        given = {"round": made.pk, "prefix": f"R{made.number}-", "per": per, "at": at, "skip": 20, "most": most}
        with connection.cursor() as cursor:
            cursor.execute(_SWABBED + _TUBES, given)
            cursor.execute(_SWABBED + _SWABS, given)
    analyse()
    with acting_as(system_actor("bench")) as actor:
        with connection.cursor() as cursor:
            cursor.execute(_EXPECTED, given)
        if is_over:
            close_round(actor=actor, round_id=made.pk)
    analyse()
    return made.pk


def load_negatives(round_id: int) -> None:
    """Load a laboratory's file for every tube of the round: negative, three of them positive."""
    from lianfang.domains.lab_testing.models import Round
    from lianfang.domains.lab_testing.results.services import load_files
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.csv"
        with acting_as(system_actor("bench")) as actor:
            round_ = Round.objects.get(pk=round_id)
            write_results(path, round_id)
        done = load_files(actor, round_, [path], "results")
    assert done.state == "applied", done.failure


def write_results(path: Path, round_id: int, *, positives: int = 3) -> int:
    """A laboratory's .csv with a row per tube of the round; how many rows. Call it in the scope of the system."""
    from django.utils import timezone

    from lianfang.domains.lab_testing.models import Tube

    rows = list(Tube.objects.filter(round_id=round_id).order_by("code").values_list("code", "opened_at"))
    step = max(1, len(rows) // max(positives, 1))
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["采样管条码", "检测结果", "检测时间", "报告时间", "检测机构"])
        for number, (code, at) in enumerate(rows):
            told = timezone.localtime(at + timedelta(hours=5))
            is_positive = positives and number % step == step // 2
            out.writerow([code, "阳性" if is_positive else "阴性", f"{told:%Y-%m-%d %H:%M:%S}",
                          f"{told + timedelta(minutes=30):%Y-%m-%d %H:%M:%S}", "示例医学检验实验室"])  # fmt: skip
    return len(rows)


def main() -> None:
    import django

    django.setup()
    what, *given = sys.argv[1:]
    made = people(int(given[0])) if what == "people" else file(int(given[0]), int(given[1]), given[2])
    print(json.dumps(made))


if __name__ == "__main__":
    main()
