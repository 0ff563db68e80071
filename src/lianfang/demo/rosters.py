"""The rosters: four kinds of lists, as four kinds of people keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from copy import copy
from dataclasses import dataclass, field
from random import Random

from lianfang.demo.mess import mess_up
from lianfang.demo.people import HEAD, Person, Township
from lianfang.demo.places import Building, Community, chinese_number
from lianfang.demo.plants import Plants
from lianfang.demo.sheets import Book, Cell, Layout, Ref
from lianfang.demo.truth import TruthWriter, runs_of

SEX = ("女", "男")
MESSY = 0.04
RowMaker = Callable[[Building, list[Person], int], list[tuple[Cell, ...]]]


def address(building: Building, person: Person) -> str:
    """The home as one line of text, without the community."""
    if building.is_village:
        return f"{building.community}{building.number}组{person.room}号"
    return f"{building.compound}{building.number}幢{person.unit}单元{person.room}室"


def _chief(building: Building, people: list[Person], serial: int) -> list[tuple[Cell, ...]]:
    house = f"{building.number}号楼"
    return [
        (
            serial + at,
            building.community,
            building.compound,
            house,
            f"{one.unit}单元",
            one.room,
            one.name,
            SEX[one.male],
            one.id_number,
            one.phone,
            one.relation,
            "高龄独居" if one.age > 80 and one.relation == HEAD else "",
            "",
        )
        for at, one in enumerate(people)
    ]


def _committee(building: Building, people: list[Person], serial: int) -> list[tuple[Cell, ...]]:
    village = building.is_village
    house = f"{building.number}组" if village else f"{building.number}栋"
    grid = f"第{chinese_number(building.index % 9 + 1)}网格"
    return [
        (
            serial + at,
            building.township,
            building.community,
            grid,
            building.compound,
            house,
            f"{one.unit}单元" if one.unit else "",
            f"{one.room}号" if village else one.room,
            one.name,
            SEX[one.male],
            one.id_kind,
            one.id_number,
            one.phone,
            "流动" if one.relation == "租客" else "常住",
        )
        for at, one in enumerate(people)
    ]


def _register(building: Building, people: list[Person], serial: int) -> list[tuple[Cell, ...]]:
    return [
        (
            serial + at,
            building.township,
            building.community,
            one.relation,
            one.name,
            SEX[one.male],
            one.id_number,
            one.phone,
            address(building, one),
            "",
        )
        for at, one in enumerate(people)
    ]


def _export(building: Building, people: list[Person], serial: int) -> list[tuple[Cell, ...]]:
    village = building.is_village
    house = f"{building.number}组" if village else f"{building.number}幢"
    return [
        (
            building.township,
            building.community,
            building.compound,
            house,
            one.unit or "",
            f"{one.room}号" if village else one.room,
            one.name,
            one.id_number,
            one.phone,
            one.relation,
            "",
        )
        for one in people
    ]


@dataclass(frozen=True, slots=True)
class RosterDialect:
    """How one office keeps its list. ``fields`` names the columns for those who change cells."""

    stem: str
    suffix: str
    encoding: str
    layout: Layout
    fields: tuple[str, ...]
    rows: RowMaker
    sheet_per_building: bool = False
    title: str = "{place}居民花名册"


DIALECTS: dict[str, RosterDialect] = {
    "chief": RosterDialect(
        "楼长名册-封控小区",
        ".xlsx",
        "utf-8-sig",
        Layout(
            "",
            (
                ("序号", "社区", "小区", "住址", "", "", "居民信息", "", "", "", "与户主关系", "特殊情况", "备注"),
                ("", "", "", "楼栋", "单元", "房号", "姓名", "性别", "身份证号", "联系电话", "", "", ""),
            ),
            ("注：1. 本表由楼长逐户登记，如有变动请及时更新。", "2. 人员外出的请在外出人员台账中另行登记。"),
        ),
        ("", "", "", "building", "unit", "room", "name", "", "id", "phone", "", "", ""),
        _chief,
        sheet_per_building=True,
        title="{place}居民信息登记表",
    ),
    "committee": RosterDialect(
        "社区名册-分社区",
        ".xlsx",
        "utf-8-sig",
        Layout(
            "",
            (
                (
                    *("序号", "街道（镇）", "社区（村）", "网格", "小区", "楼栋", "单元", "室号", "姓名", "性别"),
                    *("证件类型", "证件号码", "手机号码", "人员类别（常住/流动）"),
                ),
            ),
        ),
        ("", "", "", "", "", "building", "unit", "room", "name", "", "", "id", "phone", ""),
        _committee,
    ),
    "register": RosterDialect(
        "村民户籍登记簿",
        ".xls",
        "utf-8-sig",
        Layout(
            "",
            (
                (
                    *("序号", "所属街道/镇", "村（社区）", "与户主关系", "姓名", "性别"),
                    *("公民身份号码", "联系方式", "家庭住址", "备注"),
                ),
            ),
        ),
        ("", "", "", "", "name", "", "id", "phone", "", ""),
        _register,
        title="{place}村民户籍登记簿",
    ),
    "export": RosterDialect(
        "系统导出-其余社区",
        ".csv",
        "gb18030",
        Layout(
            "",
            (
                (
                    *("街道", "社区", "小区名称", "楼栋号", "单元号", "房间号", "姓名"),
                    *("身份证号", "电话", "与户主关系", "备注"),
                ),
            ),
        ),
        ("", "", "", "building", "unit", "room", "name", "id", "phone", "", ""),
        _export,
        title="{place}实有人口信息",
    ),
}


def dialect_of(community: Community, building: Building, position: int) -> str:
    if building.sealed:
        return "chief"
    if position < 4:
        return "committee"
    return "register" if position in {8, 9} else "export"


@dataclass(slots=True)
class RosterRefs:
    """Where the people who carry an error stand on the rosters."""

    rows: dict[int, list[Ref]] = field(default_factory=lambda: defaultdict(list))
    messy: int = 0


class RosterWriter:
    """Writes every resident of a township on exactly one roster, and the planted second rows."""

    def __init__(self, rng: Random, books: dict[str, Book], truth: TruthWriter) -> None:
        self._rng = rng
        self._books = books
        self._truth = truth
        self._serials: dict[str, int] = defaultdict(int)
        self._sheets: dict[str, str] = {}

    def write(self, township: Township, plants: Plants, watched: Collection[int]) -> RosterRefs:
        """Write all; the answer says where the residents in ``watched`` stand."""
        refs = RosterRefs()
        variants, extras = self._variants(township, plants)
        by_building: dict[int, list[int]] = defaultdict(list)
        for number in sorted(watched):
            by_building[township.people[number].building.index].append(number)
        for position, community in enumerate(township.communities):
            for building in community.buildings:
                key = dialect_of(community, building, position)
                block = township.people[building.first_person : building.first_person + building.people]
                marked = by_building.get(building.index, [])
                for number in marked:
                    if number in variants:
                        block[number - building.first_person] = variants[number]
                more = extras.get(building.index, [])
                self._start_sheet(key, building)
                self._block(key, building, block + more, township, plants, marked, refs)
        return refs

    def _start_sheet(self, key: str, building: Building) -> None:
        dialect, book = DIALECTS[key], self._books[key]
        if book.is_csv:
            sheet, place = dialect.stem, ""
        elif dialect.sheet_per_building:
            sheet = f"{building.number}号楼"
            place = f"{building.township}{building.community}{building.compound}{sheet}"
        else:
            sheet, place = building.community, f"{building.township}{building.community}"
        if self._sheets.get(key) != sheet:
            self._sheets[key] = sheet
            self._serials[key] = 0
            book.start_sheet(sheet, dialect.title.format(place=place))

    def _block(
        self,
        key: str,
        building: Building,
        people: list[Person],
        township: Township,
        plants: Plants,
        marked: list[int],
        refs: RosterRefs,
    ) -> None:
        dialect, book = DIALECTS[key], self._books[key]
        rows = dialect.rows(building, people, self._serials[key] + 1)
        self._serials[key] += len(rows)
        keep = {number - building.first_person for number in marked}
        keep.update(range(building.people, len(rows)))
        refs.messy += mess_up(self._rng, rows, dialect.fields, MESSY, keep)
        for number in marked:
            if number in plants.roster_id_lost_digits:
                self._lose_digits(dialect, book, rows, number - building.first_person, township, number)
        landing = book.write(rows)
        base = township.first_number
        self._truth.runs("roster", landing, [(landing.row, base + building.first_person, building.people)])
        for number in marked:
            refs.rows[number].append(landing.ref(number - building.first_person))
        second = [one.number for one in people[building.people :]]
        if second:
            row = landing.row + building.people
            self._truth.runs("roster", landing, runs_of(row, [base + number for number in second]))
            for at, number in enumerate(second):
                refs.rows[number].append(landing.ref(building.people + at))
        if dialect.sheet_per_building:
            book.write([("合计", "", "", "", "", f"{len(building.sizes)}户", f"{len(people)}人")])

    def _lose_digits(
        self,
        dialect: RosterDialect,
        book: Book,
        rows: list[tuple[Cell, ...]],
        index: int,
        township: Township,
        number: int,
    ) -> None:
        """The identity number typed into a number cell: only 15 digits survive."""
        at = dialect.fields.index("id")
        value = float(township.people[number].id_number)
        cell: Cell = f"{value:.5E}" if book.is_csv else value
        rows[index] = (*rows[index][:at], cell, *rows[index][at + 1 :])

    def _variants(self, township: Township, plants: Plants) -> tuple[dict[int, Person], dict[int, list[Person]]]:
        """Rows written with an error instead of the right one, and rows written a second time."""
        variants: dict[int, Person] = {}
        extras: dict[int, list[Person]] = defaultdict(list)
        people = township.people
        for number, wrong in plants.roster_id_digit.items():
            variants[number] = one = copy(people[number])
            one.id_number = wrong
        for number in plants.roster_phone_short:
            variants[number] = one = copy(people[number])
            one.phone = one.phone[:9]
        for number in sorted(plants.roster_same_sheet):
            extras[people[number].building.index].append(people[number])
        for number, other_name in plants.roster_other_name.items():
            one = copy(people[number])
            one.name = other_name
            extras[one.building.index].append(one)
        for number, building in plants.roster_other_building.items():
            one = copy(people[number])
            # The second row is the poorer one: the person counts where more is known.
            one.phone, one.relation = "", ""
            host = people[building.first_person]
            one.unit, one.room = host.unit, host.room
            extras[building.index].append(one)
        return variants, extras
