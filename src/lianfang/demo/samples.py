"""The sampling records of the evening, as five kinds of teams keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from lianfang.demo.mess import mess_up
from lianfang.demo.people import Person, Township
from lianfang.demo.plants import Plants
from lianfang.demo.rosters import SEX, address
from lianfang.demo.sheets import Book, Cell, Layout, Ref
from lianfang.demo.truth import TruthWriter, runs_of
from lianfang.demo.tubes import HOUSEHOLD, Evening, Team, Tube

MESSY = 0.015
_BLOCK = 400
_NORMAL, _VOID = "正常", "作废"


class Clock:
    """Seconds since the round's start → what stands in a cell; each moment is written out once."""

    def __init__(self, start: datetime, form: str) -> None:
        self._start = start
        self._form = form
        self._known: dict[int, Cell] = {}

    def __call__(self, seconds: int) -> Cell:
        known = self._known.get(seconds)
        if known is None:
            moment = self._start + timedelta(seconds=seconds)
            known = moment.strftime(self._form) if self._form else moment.replace(second=0)
            self._known[seconds] = known
        return known


class Line(NamedTuple):
    """One line of a tube's form: whose swab, which place in the tube, which box is written, and when."""

    person: Person
    position: int
    box: str
    moment: Cell


TubeRows = Callable[[Tube, list[Line], Team | None], list[tuple[Cell, ...]]]


def _kind(tube: Tube) -> str:
    return {1: "单采", 5: "5混1", 10: "10混1", 20: "20混1", HOUSEHOLD: "一户一管"}[tube.capacity]


def _state(tube: Tube) -> str:
    return _VOID if tube.is_void else _NORMAL


def _sealed(tube: Tube, lines: list[Line], team: Team | None) -> list[tuple[Cell, ...]]:
    state, kind = _state(tube), _kind(tube)
    return [
        (
            line.person.building.community,
            line.person.building.compound,
            f"{line.person.building.number}号楼",
            f"{line.person.unit}单元",
            line.person.room,
            tube.code,
            kind,
            line.person.name,
            line.person.id_number,
            line.person.phone,
            line.moment,
            state,
        )
        for line in lines
    ]


def _batch(tube: Tube, lines: list[Line], team: Team | None) -> list[tuple[Cell, ...]]:
    state, kind = _state(tube), _kind(tube)
    site = f"{team.community.name}采样点" if team else ""
    return [
        (
            tube.code,
            line.box,
            line.person.name,
            line.person.id_number,
            line.person.phone,
            address(line.person.building, line.person),
            line.moment,
            site,
            kind,
            state,
        )
        for line in lines
    ]


def _scanner(tube: Tube, lines: list[Line], team: Team | None) -> list[tuple[Cell, ...]]:
    state, kind = _state(tube), _kind(tube)
    name = team.name if team else ""
    return [
        (
            tube.code,
            line.box,
            kind,
            line.person.name,
            line.person.id_number,
            line.person.phone,
            line.person.building.community,
            line.person.building.compound,
            f"{line.person.building.number}幢" if line.person.unit else f"{line.person.building.number}组",
            line.person.unit or "",
            line.person.room,
            line.moment,
            name,
            state,
        )
        for line in lines
    ]


def _village(tube: Tube, lines: list[Line], team: Team | None) -> list[tuple[Cell, ...]]:
    state, kind = _state(tube), _kind(tube)
    return [
        (
            tube.code,
            line.box,
            line.position,
            line.person.name,
            line.person.id_number,
            line.person.phone,
            line.person.building.community,
            f"{line.person.building.number}组" if not line.person.unit else f"{line.person.building.number}栋",
            f"{line.person.room}号" if not line.person.unit else line.person.room,
            line.moment,
            kind,
            state,
        )
        for line in lines
    ]


def _paper(tube: Tube, lines: list[Line], team: Team | None) -> list[tuple[Cell, ...]]:
    state, kind = _state(tube), _kind(tube)
    name = team.name if team else ""
    return [
        (
            line.person.name,
            SEX[line.person.male],
            line.person.id_number,
            line.person.phone,
            address(line.person.building, line.person),
            tube.code,
            line.box,
            kind,
            line.moment,
            name,
            state,
            f"{tube.retest_of.code}混采阳性，单采复核" if tube.retest_of else "",
        )
        for line in lines
    ]


@dataclass(frozen=True, slots=True)
class SampleDialect:
    """How one kind of team writes. ``clock`` is a strftime form; "" writes a date cell."""

    stem: str
    suffix: str
    encoding: str
    layout: Layout
    fields: tuple[str, ...]
    rows: TubeRows
    clock: str
    title: str = "核酸采样登记表"
    sheet_per_team: bool = False


DIALECTS: dict[str, SampleDialect] = {
    "sealed": SampleDialect(
        "采样登记-封控小区一户一管",
        ".xlsx",
        "utf-8-sig",
        Layout(
            "",
            (
                (
                    *("社区", "小区", "楼栋", "单元", "房号", "采样管条码", "采样方式"),
                    *("姓名", "身份证号码", "联系电话", "采样时间", "管状态"),
                ),
            ),
        ),
        ("", "", "building", "unit", "room", "", "", "name", "id", "phone", "", ""),
        _sealed,
        "",
        title="封控小区入户采样登记表",
        sheet_per_team=True,
    ),
    "batch": SampleDialect(
        "采样登记-各采样点",
        ".xlsx",
        "gb18030",
        Layout(
            "",
            (
                (
                    *("采样管条码", "箱码", "姓名", "证件号码", "联系电话", "现住址", "采样时间"),
                    *("采样点", "采样类型", "样本状态"),
                ),
            ),
            ("备注：采样管满10人封管，送检前请核对人数。",),
        ),
        ("", "", "name", "id", "phone", "", "", "", "", ""),
        _batch,
        "%Y-%m-%d %H:%M:%S",
        sheet_per_team=True,
    ),
    "scanner": SampleDialect(
        "扫码采样导出",
        ".csv",
        "utf-8-sig",
        Layout(
            "",
            (
                (
                    *("试管编号", "转运箱码", "混采规格", "受检人姓名", "身份证", "手机号", "社区", "小区"),
                    *("楼栋", "单元", "房间", "采集时间", "采集组", "状态"),
                ),
            ),
        ),
        ("", "", "", "name", "id", "phone", "", "", "building", "unit", "room", "", "", ""),
        _scanner,
        "%Y/%m/%d %H:%M:%S",
        title="核酸采样扫码记录导出",
    ),
    "village": SampleDialect(
        "各村采样登记",
        ".et",
        "gb18030",
        Layout(
            "",
            (
                (
                    *("条码号", "箱号", "管内序号", "姓名", "身份证号码", "电话", "村（社区）", "组（楼栋）"),
                    *("门牌号", "采样日期时间", "混检类型", "样本状态"),
                ),
            ),
        ),
        ("", "", "", "name", "id", "phone", "", "", "", "", "", ""),
        _village,
        "%Y年%m月%d日 %H:%M",
        title="核酸采样登记表（农村点）",
        sheet_per_team=True,
    ),
    "paper": SampleDialect(
        "采样登记-补录及单采复核",
        ".xlsx",
        "gb18030",
        Layout(
            "",
            (
                ("受检人信息", "", "", "", "", "采样信息", "", "", "", "", "", "备注"),
                (
                    *("姓名", "性别", "身份证号", "电话", "住址", "管码", "箱码"),
                    *("混采比例", "采样时间", "采样组", "样本状态", ""),
                ),
            ),
        ),
        ("name", "", "id", "phone", "", "", "", "", "", "", "", ""),
        _paper,
        "%Y.%m.%d %H:%M",
        title="核酸采样补录登记表",
    ),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """People and tube codes whose rows the truth must point at."""

    people: set[int]
    tubes: set[str]


@dataclass(slots=True)
class SampleRefs:
    """Where tubes, and the people who carry an error, stand in the sampling records."""

    people: dict[int, list[Ref]] = field(default_factory=lambda: defaultdict(list))
    tubes: dict[str, list[Ref]] = field(default_factory=lambda: defaultdict(list))
    messy: int = 0


class SampleWriter:
    """Writes every tube of a township, members in the order of their swabs."""

    def __init__(self, rng: Random, books: dict[str, Book], truth: TruthWriter, start: datetime) -> None:
        self._rng = rng
        self._books = books
        self._truth = truth
        self._clocks = {key: Clock(start, dialect.clock) for key, dialect in DIALECTS.items()}
        # A date cell in a CSV file would lose its seconds to the program that reads it; write it out.
        for key, book in books.items():
            if book.is_csv and not DIALECTS[key].clock:
                self._clocks[key] = Clock(start, "%Y-%m-%d %H:%M:%S")
        self._started: set[str] = set()

    def write(
        self, township: Township, plants: Plants, evening: Evening, retests: Sequence[Tube], watched: Watched
    ) -> SampleRefs:
        """Write all; the answer says where the watched people and tubes stand."""
        refs = SampleRefs()
        variants = self._variants(township, plants)
        for team in evening.teams:
            self._start_sheet(team.dialect, team)
            tubes = team.tubes
            for start in range(0, len(tubes), _BLOCK):
                self._block(team.dialect, team, tubes[start : start + _BLOCK], variants, watched, refs, township)
        if retests:
            self._start_sheet("paper", None)
            self._block("paper", None, retests, variants, watched, refs, township)
        return refs

    def _start_sheet(self, key: str, team: Team | None) -> None:
        dialect, book = DIALECTS[key], self._books[key]
        if book.is_csv or not dialect.sheet_per_team:
            if key not in self._started:
                self._started.add(key)
                book.start_sheet(dialect.stem, dialect.title)
        elif team is not None:
            name = team.name.removesuffix("采样组") + "组"
            book.start_sheet(name, f"{team.community.township}{team.name}{dialect.title}")

    def _block(
        self,
        key: str,
        team: Team | None,
        tubes: Sequence[Tube],
        variants: dict[int, Person],
        watched: Watched,
        refs: SampleRefs,
        township: Township,
    ) -> None:
        dialect, clock = DIALECTS[key], self._clocks[key]
        rows: list[tuple[Cell, ...]] = []
        people: list[int] = []
        marks: list[tuple[int, int]] = []
        tube_rows: list[tuple[str, int, int]] = []
        base = township.first_number
        for tube in tubes:
            lines = _lines(tube, variants, clock)
            first = len(rows)
            rows += dialect.rows(tube, lines, team)
            numbers = [line.person.number for line in lines]
            people += [base + number for number in numbers]
            marks += [(first + at, number) for at, number in enumerate(numbers) if number in watched.people]
            if tube.code in watched.tubes:
                tube_rows.append((tube.code, first, len(rows)))
        keep = {at for at, _ in marks}
        refs.messy += mess_up(self._rng, rows, dialect.fields, MESSY, keep)
        landing = self._books[key].write(rows)
        self._truth.runs("samples", landing, runs_of(landing.row, people))
        for at, number in marks:
            refs.people[number].append(landing.ref(at))
        for code, first, end in tube_rows:
            refs.tubes[code] += [landing.ref(at) for at in range(first, end)]

    def _variants(self, township: Township, plants: Plants) -> dict[int, Person]:
        variants: dict[int, Person] = {}
        people = township.people
        for number, wrong in plants.sample_id_digit.items():
            variants[number] = one = copy(people[number])
            one.id_number = wrong
        for number, heard in plants.sample_name_mistaken.items():
            variants[number] = one = copy(people[number])
            one.name, one.id_number = heard, ""
        for number in plants.sample_without_id:
            variants[number] = one = copy(people[number])
            one.id_number = ""
        for number, other in plants.sample_other_name.items():
            variants[number] = one = copy(people[number])
            one.name = other
        return variants


def _lines(tube: Tube, variants: dict[int, Person], clock: Clock) -> list[Line]:
    lines = []
    box = tube.box
    split = len(tube.members) - 2 if tube.other_box else 1 << 30
    # A device whose date is a day ahead.
    at = tube.clock + (86_400 if tube.wrong_clock else 0)
    for position, person in enumerate(tube.members, 1):
        if position > split:
            box = tube.other_box
        line = Line(variants.get(person.number, person), position, box, clock(at))
        at += tube.step
        lines.append(line)
        if person.number in tube.repeated:
            lines.append(line)
    return lines
