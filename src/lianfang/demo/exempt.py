"""Who need not be tested, and who is away: two lists that two offices keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from lianfang.demo.people import Person, Township
from lianfang.demo.plants import Plants
from lianfang.demo.rosters import address
from lianfang.demo.sheets import Book, Cell, Layout, Ref
from lianfang.demo.truth import TruthWriter, runs_of


def _away(person: Person, reason: str) -> tuple[Cell, ...]:
    home = address(person.building, person)
    return (person.building.community, person.name, person.id_number, person.phone, home, reason, "")


def _exempt(person: Person, reason: str) -> tuple[Cell, ...]:
    building = person.building
    house = f"{building.number}组" if building.is_village else f"{building.number}号楼"
    return (
        person.name,
        person.id_number,
        person.phone,
        building.community,
        building.compound,
        house,
        f"{person.unit}单元" if person.unit else "",
        person.room,
        reason,
    )


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: its form, and how a person is written on it."""

    stem: str
    title: str
    layout: Layout
    row: Callable[[Person, str], tuple[Cell, ...]]


LISTS: dict[str, Listing] = {
    "away": Listing(
        "外出人员台账",
        "外出（不在本地）人员台账",
        Layout("", (("社区（村）", "姓名", "身份证号", "联系电话", "家庭住址", "外出原因", "备注"),)),
        _away,
    ),
    "exempt": Listing(
        "免检人员名单",
        "本轮核酸检测免检人员名单",
        Layout(
            "",
            (("姓名", "证件号码", "手机号码", "社区", "小区", "楼栋", "单元", "房号", "免检原因"),),
            ("注：免检须写明原因，未写明原因的不予认可。",),
        ),
        _exempt,
    ),
}


class ExemptWriter:
    """Writes both lists, township after township."""

    def __init__(self, books: dict[str, Book], truth: TruthWriter) -> None:
        self._books = books
        self._truth = truth
        self._started: set[str] = set()

    def write(self, township: Township, plants: Plants) -> dict[int, list[Ref]]:
        """Write the excused; say where each stands."""
        where: dict[int, list[Ref]] = defaultdict(list)
        for key, numbers in (
            ("away", sorted(plants.away)),
            ("exempt", sorted(plants.exempt | plants.exempt_without_reason)),
        ):
            if not numbers:
                continue
            book, listing = self._books[key], LISTS[key]
            if key not in self._started:
                self._started.add(key)
                book.start_sheet("名单", listing.title)
            rows = [listing.row(township.people[number], plants.reasons[number]) for number in numbers]
            landing = book.write(rows)
            people = [township.first_number + number for number in numbers]
            self._truth.runs("exempt", landing, runs_of(landing.row, people))
            for at, number in enumerate(numbers):
                where[number].append(landing.ref(at))
        return where
