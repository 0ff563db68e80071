"""A demo township in the product: its roster registered as an import would, and its night opened as a round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from lianfang.demo.generate import write_demo
from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.models import Round
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.services import PersonFacts, register_people_in_bulk, register_place
from lianfang.domains.registry.services.bulk import NewResident, normal_room, normal_spot
from lianfang.engine.intake.contract import Role
from lianfang.engine.intake.mapping import Memory
from lianfang.engine.intake.reading import read_given
from lianfang.engine.intake.values.contract import ValueContext
from lianfang.engine.intake.values.identity import read_id_number
from lianfang.engine.reconciliation import Answer, reconcile
from lianfang.engine.rounds import RoundSettings
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.roles import Role as Post
from lianfang.foundation.access.scope import acting_as

AS_OF = datetime(2022, 8, 30, 3, 10)
_FOLDERS: Mapping[Role, str] = {"roster": "rosters", "samples": "samples", "results": "results", "exempt": "exempt"}


@dataclass
class Township:
    """The demo files, the answer of the engine on them, and the same people registered with an open round."""

    folder: Path
    answer: Answer
    place: Place
    actor: Actor
    round: Round
    as_of: datetime

    def files(self, role: Role) -> list[Path]:
        return sorted((self.folder / _FOLDERS[role]).iterdir())

    @property
    def totals(self) -> Mapping[str, int]:
        return dict(self.answer.round.totals.to_pylist()[0])


def answer_of(folder: Path) -> Answer:
    """As `lianfang reconcile` answers on the files of the folder."""
    pairs = [
        (role, read_given(path, role, AS_OF, Memory()))
        for role, name in _FOLDERS.items() for path in sorted((folder / name).iterdir())
    ]  # fmt: skip
    return reconcile(pairs, settings=RoundSettings(as_of=AS_OF))


def make_township(folder: Path, people: int = 1700, seed: int = 1) -> Township:
    write_demo(folder, people=people, seed=seed)
    answer = answer_of(folder)
    as_of = timezone.make_aware(AS_OF)
    with acting_as(system_actor("demo")) as system:
        county = register_place(actor=system, parent=None, kind="county", name="示范县", code="990101000000")
        place = register_place(actor=system, parent=county, kind="township", name="示范镇", code="990101100000")
        _register(system, place, answer)
        actor = Actor("镇指挥部", Post.TOWNSHIP, Level.TOWNSHIP, (place.pk,), place_id=place.pk)
    with acting_as(actor):
        round_ = services.plan_round(actor=actor, place_ids=[place.pk], starts_at=as_of - timedelta(hours=12),
                                     ends_at=as_of + timedelta(hours=12))  # fmt: skip
        services.open_round(actor=actor, round_id=round_.pk)
        round_.refresh_from_db()
    return Township(folder, answer, place, actor, round_, as_of)


def _register(system: Actor, township: Place, answer: Answer) -> None:
    """One row per expected person, as the engine linked the rosters."""
    people = [one for one in answer.round.people.to_pylist() if one["state"] != "unrostered"]
    names = sorted({one["community"] or "未知社区" for one in people})
    communities = {
        name: register_place(actor=system, parent=township, kind="community", name=name, code=f"9901011{number:05d}").pk
        for number, name in enumerate(names, 1)
    }
    rows = [_resident(one, communities[one["community"] or "未知社区"]) for one in people]
    outcome = register_people_in_bulk(actor=system, rows=rows)
    assert outcome.added == len(people), outcome.refused


def _resident(one: Mapping[str, object], community_id: int) -> NewResident:
    def text(name: str) -> str:
        return str(one[name] or "")

    is_valid = read_id_number(text("id_number"), ValueContext(AS_OF)).companions.get("id_is_valid")
    facts = PersonFacts(
        name=text("name"), sex=text("sex"), birth_on=one["birth_on"], id_type=text("id_type"),  # type: ignore[arg-type]
        id_number=text("id_number"), id_is_valid=is_valid, phone=text("phone"),
    )  # fmt: skip
    spot = normal_spot(community_id, text("compound"), text("building"), text("unit"))
    return NewResident(spot=spot, facts=facts, room=normal_room(text("room")))
