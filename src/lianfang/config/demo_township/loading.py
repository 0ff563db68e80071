"""The demo township inside the product: places, accounts, last night's round, loaded from the demo's spreadsheets.

Everything comes in the way a township brings it in: rosters through the import, sampling records and laboratory
files through the loads. All people are generated (``lianfang.demo``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from lianfang.domains.areas.selectors import people_inside, residents_of
from lianfang.domains.areas.services import approve_change, propose_change, record_finding
from lianfang.domains.cases.models import Case
from lianfang.domains.lab_testing.models import Round
from lianfang.domains.lab_testing.results.services import load_files
from lianfang.domains.lab_testing.services import open_round, plan_round
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.services import approve_activation, propose_activation
from lianfang.domains.registry.imports.services import import_files
from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.services import register_place
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.models import Account, Posting
from lianfang.foundation.access.places import directory
from lianfang.foundation.access.roles import NEEDS_PLACE, Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.audit.services import record

PASSWORD = "lianfang-demo"
PACK = ("practice/v1", 1)
SEALED_COMPOUND, BALANCED_BUILDING = "临江花园", "10号楼"
LATE_AFTER_HOURS = 7
LOADED = "demo.loaded"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """``login`` says which job it is; every demo account has the same password."""

    login: str
    name: str
    role: Role


ACCOUNTS = (
    DemoAccount("zhihui", "指挥部 钟明", Role.TOWNSHIP),
    DemoAccount("fuzhihui", "副指挥 方岚", Role.TOWNSHIP),
    DemoAccount("shequ", "社区 何静", Role.COMMUNITY),
    DemoAccount("louzhang", "10号楼楼长 陈文", Role.BUILDING_CHIEF),
    DemoAccount("caiyang", "采样员 周岩", Role.SAMPLER),
    DemoAccount("zhuanyun", "转运员 吴双", Role.COURIER),
    DemoAccount("kakou", "卡口 石勇", Role.GUARD),
    DemoAccount("quxian", "县指挥部 叶岑", Role.DISTRICT),
    DemoAccount("dudao", "督导 沈越", Role.SUPERVISOR),
    DemoAccount("jumin", "居民", Role.RESIDENT),
    DemoAccount("shenji", "审计 罗平", Role.AUDITOR),
    DemoAccount("admin", "系统管理员", Role.ADMINISTRATOR),
)


def is_loaded() -> bool:
    """Whether the demo was loaded to its end into this database."""
    return Entry.objects.filter(action=LOADED).exists()


def is_in_use() -> bool:
    """Whether there are places already: another's data, or a demo that was broken off."""
    return Place.objects.exists()


def load_township(folder: Path, *, as_of: datetime, tell: Tell) -> None:
    """Load the demo that lies in ``folder``, written for the night that ends at ``as_of`` (with a zone).

    Call it outside of a transaction. Raises RuntimeError where a file could not be used: the demo's own files always
    can.
    """
    tell("places")
    township = _places(folder)
    _accounts(township)
    commander = _actor("zhihui")
    _rules(township, as_of)
    tell("rosters")
    import_files(commander, sorted((folder / "rosters").iterdir()), decide="suggested")
    _late_accounts(township)
    tell("round")
    made = _round(commander, township, as_of)
    for kind in ("samples", "exempt", "results"):
        tell(kind)
        loaded = load_files(commander, made, sorted((folder / kind).iterdir()), kind, as_of=as_of)
        if loaded.state == "failed":
            raise RuntimeError(f"{kind}: {loaded.failure}")
    tell("statuses")
    with acting_as(system_actor("demo")):
        everybody = list(Person.objects.order_by("pk").values_list("pk", flat=True))
    recompute(everybody)
    tell("areas")
    _areas(township)
    record(actor=system_actor("demo"), action=LOADED)


def _places(folder: Path) -> Place:
    """County, township and communities with invented codes; buildings come with the rosters."""
    rows = _communities(folder)
    with acting_as(system_actor("demo")) as system:
        province = register_place(
            actor=system, parent=None, kind=PlaceKind.PROVINCE, name="示例省", code="990000000000"
        )
        city = register_place(actor=system, parent=province, kind=PlaceKind.CITY, name="示例市", code="990100000000")
        county = register_place(actor=system, parent=city, kind=PlaceKind.COUNTY, name="示例县", code="990101000000")
        townships: dict[str, Place] = {}
        for number, (township, community) in enumerate(rows, 1):
            if township not in townships:
                code = f"990101{len(townships) + 1:03d}000"
                townships[township] = register_place(
                    actor=system, parent=county, kind=PlaceKind.TOWNSHIP, name=township, code=code
                )
            above = townships[township]
            register_place(
                actor=system,
                parent=above,
                kind=PlaceKind.COMMUNITY,
                name=community,
                # Villages have numbers of their own, from 200 on, as in the official codes.
                code=f"{(above.code or '')[:9]}{number + (200 if community.endswith('村') else 0):03d}",
            )
    return next(iter(townships.values()))


def _communities(folder: Path) -> list[tuple[str, str]]:
    """(township, community) in the order of the demo's truth."""
    with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
        buildings: Iterable[dict[str, Any]] = next(
            found["buildings"] for found in map(json.loads, lines) if "buildings" in found
        )
    return list(dict.fromkeys((row["township"], row["community"]) for row in buildings))


def _accounts(township: Place) -> None:
    community = Place.objects.filter(parent=township, kind=PlaceKind.COMMUNITY).order_by("pk")[0]
    places = {
        Role.TOWNSHIP: township.pk, Role.DISTRICT: township.county_id, Role.SUPERVISOR: township.county_id,
        Role.COMMUNITY: community.pk, Role.SAMPLER: community.pk, Role.COURIER: community.pk, Role.GUARD: community.pk,
    }  # fmt: skip
    for one in ACCOUNTS:
        account = Account(login=one.login, name=one.name)
        account.set_password(PASSWORD)
        account.save()
        if one.role not in NEEDS_PLACE:
            _post(account, one.role, Level.NOWHERE, (), None, "")
        elif one.role in places:
            _post_at(account, one.role, places[one.role] or 0)


def _late_accounts(township: Place) -> None:
    """The chief of building 10 and one of its residents can be posted once the roster has made their places."""
    building = Place.objects.filter(
        path__contains=[township.pk], kind=PlaceKind.BUILDING, name__startswith="10", parent__name=SEALED_COMPOUND
    ).first()
    if building is None:
        # A demo of fewer people has no building 10.
        building = Place.objects.filter(path__contains=[township.pk], kind=PlaceKind.BUILDING).order_by("pk")[0]
    _post_at(Account.objects.get(login="louzhang"), Role.BUILDING_CHIEF, building.pk)
    with acting_as(system_actor("demo")):
        household = Household.objects.filter(building_id=building.pk).order_by("sort_key")[0]
    _post_at(Account.objects.get(login="jumin"), Role.RESIDENT, household.pk)


def _post_at(account: Account, role: Role, place_id: int) -> None:
    scope = directory().scope_of(role, place_id)
    _post(account, role, scope.level, scope.scope_ids, place_id, scope.label)


def _post(account: Account, role: Role, level: Level, ids: Sequence[int], place_id: int | None, label: str) -> None:
    Posting.objects.create(
        account=account, role=role, level=level, scope_ids=list(ids), place_id=place_id, place_label=label,
        starts_at=timezone.now(), given_by="demo",
    )  # fmt: skip


def _actor(login: str) -> Actor:
    posting = Posting.objects.select_related("account").get(account__login=login)
    return Actor(
        name=posting.account.name,
        role=Role(posting.role),
        level=Level(posting.level),
        scope_ids=tuple(posting.scope_ids),
        account_id=posting.account_id,
        posting_id=posting.pk,
        place_id=posting.place_id,
        place_label=posting.place_label,
    )


def _rules(township: Place, as_of: datetime) -> None:
    """Two people put the rules for drills in force: nothing of the demo is a rule of today."""
    pack, version = PACK
    assert (pack, version) in packs_on_disk()
    with acting_as(_actor("zhihui")) as first:
        made = propose_activation(
            actor=first, pack=pack, version=version, place_id=township.pk, starts_at=timezone.now()
        )
    with acting_as(_actor("fuzhihui")) as second:
        approve_activation(actor=second, activation=made)
    # The night that is loaded lies before the activation.
    type(made).objects.filter(pk=made.pk).update(
        starts_at=as_of - timedelta(days=2), approved_at=as_of - timedelta(days=2)
    )


def _round(commander: Actor, township: Place, as_of: datetime) -> Round:
    evening = as_of - timedelta(hours=10)
    with acting_as(commander):
        made = plan_round(
            actor=commander,
            name="昨夜全员核酸",
            place_ids=[township.pk],
            starts_at=evening,
            ends_at=as_of + timedelta(hours=4),
            result_due_hours=LATE_AFTER_HOURS,
        )
        open_round(actor=commander, round_id=made.pk)
        return Round.objects.get(pk=made.pk)


def _areas(township: Place) -> None:
    """One compound where an infected person lives is high, another one where the same person stayed is medium: the
    smallest of each. Where many live there, the run that follows waits for a person, who can try it out. None where the
    night found nobody infected."""
    with acting_as(system_actor("demo")):
        cases = Case.objects.filter(township_id=township.pk, released_at=None, household_id__isnull=False)
        homes = dict(Household.objects.filter(pk__in=cases.values("household_id")).values_list("pk", "compound_id"))
        lives_in = {homes.get(case.household_id or 0): case for case in cases.order_by("-pk")}
        compounds = Place.objects.filter(path__contains=[township.pk], kind=PlaceKind.COMPOUND)
        by_size = sorted(compounds, key=lambda one: (residents_of(one), one.pk))
    infected = next((one for one in by_size if one.pk in lives_in), None)
    visited = next((one for one in by_size if one.pk not in lives_in and residents_of(one)), None)
    if infected is None:
        return
    _draw(infected, "high", "昨夜检测发现感染者住在这里（演示）")
    if visited is not None:
        with acting_as(_actor("zhihui")) as first:
            record_finding(
                actor=first, place_id=visited.pk, fact="stayed_here_infected", case_id=lives_in[infected.pk].pk,
                source="流调：前天下午在小区便利店停留两小时（演示）",
            )  # fmt: skip
        _draw(visited, "medium", "流调：感染者停留两小时，可能传播（演示）")


def _draw(place: Place, level: str, reason: str) -> None:
    with acting_as(_actor("zhihui")) as first:
        made = propose_change(actor=first, place_id=place.pk, action="draw", level=level, reason=reason)
    with acting_as(_actor("fuzhihui")) as second:
        approve_change(actor=second, proposal_id=made.pk)
    with acting_as(system_actor("demo")):
        inside = list(people_inside(place.pk).values_list("pk", flat=True))
    recompute(inside, why="area", caused_by=[made.proposed_by_id])
