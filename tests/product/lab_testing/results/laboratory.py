"""The shortest ways to send results into the small world: by the desk, and by files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from lianfang.domains.lab_testing.models import Hold, LoadKind, Result, ResultLoad, Tube
from lianfang.domains.lab_testing.results.services import Entered, Entry, enter_results, load_files
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event
from tests.product.lab_testing.night import Night


def enter(
    night: Night, *lines: tuple[str, str], login: str = "community", laboratory: str = "县医院", **given: object
) -> Entered:
    with night.as_(login) as actor:
        entries = [Entry(code, outcome) for code, outcome in lines]
        return enter_results(actor=actor, round_=night.round, entries=entries, laboratory=laboratory, **given)  # type: ignore[arg-type]


def holds(night: Night) -> dict[str, str]:
    """Name → state of the hold; of several the one of the tube opened last."""
    names = {person.pk: name for name, person in night.world.people.items()}
    with acting_as(system_actor("test")):
        return {names[hold.person_id or 0]: str(hold.state) for hold in Hold.objects.order_by("tube__opened_at", "id")}


def conclusion(night: Night, code: str) -> str:
    with acting_as(system_actor("test")):
        return str(Tube.objects.get(code=code).conclusion)


def states(night: Night) -> list[tuple[str, str, str]]:
    """(tube code, outcome, state) of every result, in the order of content."""
    with acting_as(system_actor("test")):
        return sorted(Result.objects.values_list("tube_code", "outcome", "state"))


def events(name: str) -> list[Mapping[str, object]]:
    with acting_as(system_actor("test")):
        return [event.payload for event in Event.objects.filter(name=f"lab_testing.{name}").order_by("id")]


def filled_pool(
    night: Night, code: str = "T0001", names: Iterable[str] = ("陈建国", "林秀英", "王丽华"), **given: object
) -> Tube:
    tube = night.open_tube(code, **given)
    for name in names:
        night.swab(tube, name)
    return tube


def single_swab(night: Night, name: str, code: str, **given: object) -> Tube:
    tube = night.open_tube(code, capacity=1)
    night.swab(tube, name, **given)
    return tube


def results_file(
    folder: Path, rows: Iterable[tuple[object, ...]], name: str = "结果.csv", laboratory: str = "县医院"
) -> Path:
    """(tube, result[, tested at]) as a laboratory writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["采样管编号,检测结果,检测时间,检测机构"]
    for code, said, *rest in rows:
        at = rest[0] if rest else timezone.localtime()
        lines.append(
            f"{code},{said},{at:%Y-%m-%d %H:%M:%S},{laboratory}"
            if isinstance(at, datetime)
            else f"{code},{said},{at},{laboratory}"
        )
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def load(night: Night, *paths: Path, kind: str = LoadKind.RESULTS, login: str = "township") -> ResultLoad:
    return load_files(night.world.actor(login), night.round, paths, kind)


def person(night: Night, name: str) -> Person:
    return night.world.people[name]
