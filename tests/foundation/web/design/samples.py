# ruff: noqa: E501
"""What the design page shows: an invented community, the same at every run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from lianfang.foundation.web.parts import (
    Building,
    Chart,
    Evidence,
    Floor,
    Job,
    LegendItem,
    Room,
    Series,
    Stairwell,
    Tab,
    Term,
    Trend,
)
from tests.foundation.web.design.words import say

SURNAMES = "林王陈周赵吴郑孙朱胡"
GIVEN = ("建国", "秀英", "海涛", "丽华", "志明", "小雨", "国庆", "桂兰")


@dataclass(frozen=True)
class Person:
    pk: int
    name: str
    room: str
    identity: str
    phone: str
    status: str
    tested_at: datetime | None
    missed: int


def people() -> list[Person]:
    now = timezone.now()
    statuses = ("green", "green", "green", "yellow", "green", "unknown", "green", "red")
    return [
        Person(
            pk=number,
            name=SURNAMES[number % len(SURNAMES)] + GIVEN[number * 3 % len(GIVEN)],
            room=f"{1 + number % 5}号楼{1 + number % 3}单元{1 + number % 11:02}0{1 + number % 4}",
            identity=f"99{number % 10}***********{number * 37 % 10000:04}",
            phone=f"1{30 + number % 60}****{number * 53 % 10000:04}",
            status=statuses[number % len(statuses)],
            tested_at=None if number % 6 == 5 else now - timedelta(hours=number % 60, minutes=number * 7 % 60),
            missed=(number * 5) % 4,
        )
        for number in range(1, 1235)
    ]


def building(mode: str) -> Building:
    stairwells = tuple(_stairwell(number, mode) for number in (1, 2, 3))
    rooms = [room for well in stairwells for floor in well.floors for room in floor.rooms if room is not None]
    legend = [
        LegendItem("good", say("全员已采", "everybody tested"), "circle-check"),
        LegendItem("warn", say("部分漏采", "some missing"), "alert-triangle"),
        LegendItem("bad", say("阳性待复核", "positive, to be checked"), "alert-octagon"),
        LegendItem("info", say("待出结果", "result pending"), "hourglass"),
        LegendItem("quiet", say("空置", "vacant")),
        LegendItem("unknown", say("未登记", "not registered"), "help-circle"),
    ]
    counted = tuple(
        LegendItem(item.tone, item.text, item.mark, sum(room.tone == item.tone for room in rooms)) for item in legend
    )
    modes = (
        Tab(say("采样", "Sampling"), "?mode=sampling", mode == "sampling"),
        Tab(say("结果", "Results"), "?mode=results", mode == "results"),
        Tab(say("特殊需求", "Special needs"), "?mode=needs", mode == "needs"),
    )
    return Building(stairwells, counted, modes)


def _stairwell(number: int, mode: str) -> Stairwell:
    floors = tuple(
        Floor(str(level), tuple(_room(number, level, door, mode) for door in range(1, 5 if number < 3 else 4)))
        for level in range(11, 0, -1)
    )
    return Stairwell(
        say(f"{number}单元", f"Stairwell {number}"), floors, say("44 户 121 人", "44 households, 121 people")
    )


def _room(stairwell: int, level: int, door: int, mode: str) -> Room | None:
    if level == 1 and door == 2:
        return None
    label, seed = f"{level}{door:02}", (stairwell * 31 + level * 7 + door * 13) % 23
    members = 1 + seed % 4
    flags = ((("bed", say("卧床", "bedridden")),) if seed == 6 else ()) + (
        (("mood-kid", say("婴儿", "infant")),) if seed in (6, 9) else ()
    )
    if mode == "results" and seed < 9:
        return Room(
            label,
            "info",
            say("待出结果", "result pending"),
            "/design/building/",
            f"{members}/{members}",
            "hourglass",
            flags,
        )
    if seed == 4:
        return Room(label, "quiet", say("空置", "vacant"), "/design/building/", say("空置", "vacant"), is_empty=True)
    if seed in (7, 15):
        return Room(
            label, "warn", say("漏采 1 人", "1 missing"), "/design/building/", f"{members}/{members + 1}", "", flags
        )
    if seed == 11:
        return Room(label, "unknown", say("未登记", "not registered"), "/design/building/", "?", "help-circle")
    if (stairwell, level, door) == (2, 8, 3):
        return Room(
            label, "bad", say("混采阳性", "positive pool"), "/design/building/", f"{members}/{members}", "", flags
        )
    return Room(
        label, "good", say("全员已采", "everybody tested"), "/design/building/", f"{members}/{members}", "", flags
    )


def figures() -> list[dict[str, object]]:
    return [
        {"label": say("应采", "Expected"), "value": 12846, "unit": say("人", "people"), "hint": say("免检 312 人已扣除", "312 exempt already taken off"), "tone": "", "trend": None},
        {"label": say("漏采", "Missing"), "value": 143, "unit": say("人", "people"), "hint": say("其中 17 人连续两轮未采", "17 of them for two rounds"), "tone": "warn", "trend": Trend("-212", "down", "good", say("比一小时前", "within an hour"))},
        {"label": say("阳性管", "Positive tubes"), "value": 2, "unit": say("管", "tubes"), "hint": say("19 人待单采复核", "19 people to be sampled singly"), "tone": "bad", "trend": Trend("+1", "up", "bad", say("比昨天", "since yesterday"))},
        {"label": say("待出结果", "Results pending"), "value": 3401, "unit": say("人", "people"), "hint": say("最早一管 6 小时前送出", "the oldest tube left 6 h ago"), "tone": "info", "trend": None},
        {"label": say("流动人口", "Floating population"), "value": None, "unit": "", "hint": say("名册里没有这一栏", "the roster has no such column"), "tone": "unknown", "trend": None},
    ]  # fmt: skip


def timeline() -> list[Evidence]:
    now = timezone.now()
    return [
        Evidence(now - timedelta(minutes=14), say("转为黄码", "Turned yellow"), "warn", "", say("同管有阳性，等待单采复核；24 小时内有效。", "Somebody in the same tube is positive; a single swab decides. Ends within 24 hours."), say("政策包 2022-11 第 4.2 条", "policy pack 2022-11, rule 4.2")),
        Evidence(now - timedelta(minutes=40), say("混采结果：阳性", "Pool result: positive"), "bad", "test-pipe", say("管码 T22083012，10 人", "tube T22083012, 10 people"), say("第二检测所，第 3 批", "Laboratory 2, batch 3"), "/design/"),
        Evidence(now - timedelta(hours=7), say("已采样", "Sampled"), "good", "scan", "", say("采样组 4，吴海涛", "team 4, Wu Haitao")),
        Evidence(now - timedelta(days=2), say("登记住址", "Address registered"), "quiet", "home", say("3号楼2单元803", "Building 3, stairwell 2, 803"), say("楼长表格导入", "imported from the building chief's list")),
    ]  # fmt: skip


def charts() -> list[Chart]:
    days = tuple(f"11-{day:02}" for day in range(9, 23))
    expected = tuple(float(12000 + 61 * place) for place in range(14))
    sampled = tuple(None if place == 6 else value - 300 * (place % 4) for place, value in enumerate(expected))
    return [
        Chart(say("每日采样", "Sampled per day"), days, (Series(say("应采", "expected"), expected, "quiet"), Series(say("已采", "sampled"), sampled, "main")), "line", say("人", "people")),
        Chart(say("各社区漏采", "Missing by community"), ("柳溪", "东山", "北桥", "新河"), (Series(say("一轮未采", "one round"), (41.0, 18.0, 63.0, 21.0), "warn"), Series(say("两轮以上", "two and more"), (9.0, 2.0, 14.0, 4.0), "bad")), "stacked", say("人", "people")),
    ]  # fmt: skip


def terms() -> list[Term]:
    return [
        Term(say("姓名", "Name"), "林建国"),
        Term(
            say("住址", "Address"),
            say("3号楼2单元803", "Building 3, stairwell 2, 803"),
            say("户主", "head of household"),
        ),
        Term(say("职业", "Occupation"), None),
    ]


def running_job() -> Job:
    return Job(
        say("正在读取 14 个文件", "Reading 14 files"),
        "/design/job/?step=1",
        61230,
        200000,
        text=say("已认出 11 个工作表。", "11 sheets understood."),
    )
