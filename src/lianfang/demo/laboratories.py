"""What five laboratories send back by the hour of the report, each in its own form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from lianfang.demo.samples import Clock
from lianfang.demo.sheets import Book, Cell, Layout, Ref
from lianfang.demo.truth import TruthWriter, runs_of
from lianfang.demo.tubes import Tube

NEGATIVE, POSITIVE, INDETERMINATE, INVALID = "negative", "positive", "indeterminate", "invalid"
GARBAGE = ("详见报告单", "？？", "见附件2")
LABORATORIES = ("hospital", "masked", "coded", "mobile", "ct")


@dataclass(slots=True)
class Report:
    """One laboratory's word on one tube. ``given`` replaces the result cell where it says nothing usable."""

    tube: Tube
    laboratory: str
    result: str
    tested: int
    code: str
    given: str | None = None
    refs: list[Ref] = field(default_factory=list)


ReportRows = Callable[[Report, Clock, Random], list[tuple[Cell, ...]]]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """How one laboratory writes. ``words`` are its results, ``clock`` as in the sampling records."""

    name: str
    stem: str
    suffix: str
    encoding: str
    layout: Layout
    rows: ReportRows
    clock: str
    words: dict[str, Cell]


def _word(report: Report, words: dict[str, Cell]) -> Cell:
    return words[report.result] if report.given is None else report.given


def mask_name(name: str) -> str:
    return f"{name[0]}*" if len(name) == 2 else f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def mask_id(id_number: str) -> str:
    if len(id_number) != 18:
        return f"{id_number[:3]}****{id_number[-2:]}" if id_number else ""
    return f"{id_number[:6]}********{id_number[-4:]}"


def mask_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if phone else ""


_PLAIN: dict[str, Cell] = {NEGATIVE: "阴性", POSITIVE: "阳性", INDETERMINATE: "可疑", INVALID: "无效"}
_SIGNED: dict[str, Cell] = {NEGATIVE: "阴性(-)", POSITIVE: "阳性(+)", INDETERMINATE: "可疑", INVALID: "样本不合格"}
_CODED: dict[str, Cell] = {NEGATIVE: "0", POSITIVE: "1", INDETERMINATE: "2", INVALID: "3"}
_MOBILE: dict[str, Cell] = {NEGATIVE: "未检出", POSITIVE: "检出", INDETERMINATE: "可疑", INVALID: "无效"}
_SHORT: dict[str, Cell] = {NEGATIVE: "阴", POSITIVE: "阳", INDETERMINATE: "灰区", INVALID: "无效"}


def _hospital(report: Report, clock: Clock, rng: Random) -> list[tuple[Cell, ...]]:
    received, done = clock(report.tested - 5_400), clock(report.tested + 600)
    cell = _word(report, _PLAIN)
    return [(report.code, received, clock(report.tested), cell, done, "县人民医院（演示）", "")]


def _masked(report: Report, clock: Clock, rng: Random) -> list[tuple[Cell, ...]]:
    cell = _word(report, _SIGNED)
    tube = report.tube
    rows: list[tuple[Cell, ...]] = []
    for at, person in enumerate(tube.members):
        taken = clock(tube.clock + tube.step * at)
        # The laboratory's printer drops a barcode now and then, never all of a tube's.
        code = "" if at > 0 and rng.random() < 0.04 else report.code
        rows.append(
            (
                mask_name(person.name),
                mask_id(person.id_number),
                mask_phone(person.phone),
                code,
                taken,
                clock(report.tested),
                cell,
            )
        )
    return rows


def _coded(report: Report, clock: Clock, rng: Random) -> list[tuple[Cell, ...]]:
    return [(report.code, _word(report, _CODED), clock(report.tested), clock(report.tested + 300))]


def _mobile(report: Report, clock: Clock, rng: Random) -> list[tuple[Cell, ...]]:
    return [(report.code, report.tube.box, _word(report, _MOBILE), clock(report.tested), "")]


def _ct(report: Report, clock: Clock, rng: Random) -> list[tuple[Cell, ...]]:
    if report.given is not None:
        values: tuple[Cell, Cell] = ("", "")
    elif report.result == POSITIVE:
        low = 22 + rng.random() * 10
        values = (round(low, 2), round(low - rng.random(), 2))
    elif report.result == INDETERMINATE:
        values = (round(37 + rng.random() * 2, 2), "未检出")
    else:
        values = ("未检出", "未检出") if report.result == NEGATIVE else ("", "")
    return [(report.code, *values, _word(report, _SHORT), clock(report.tested), "移动方舱实验室（演示）")]


DIALECTS: dict[str, Laboratory] = {
    "hospital": Laboratory(
        "县人民医院（演示）",
        "检测结果-县人民医院",
        ".xlsx",
        "utf-8-sig",
        Layout("", (("样本编号", "接收时间", "检测时间", "检测结果", "报告时间", "检测机构", "备注"),)),
        _hospital,
        "",
        _PLAIN,
    ),
    "masked": Laboratory(
        "和安医学检验所（演示）",
        "检测结果-和安医学检验所（脱敏）",
        ".xls",
        "gb18030",
        Layout("", (("姓名", "证件号", "手机", "采样管编号", "采样时间", "检测时间", "核酸检测结果"),)),
        _masked,
        "%Y-%m-%d %H:%M",
        _SIGNED,
    ),
    "coded": Laboratory(
        "清源检测（演示）",
        "结果回传-清源检测",
        ".csv",
        "gb18030",
        Layout("", (("试管条码", "检测结果（0 阴性，1 阳性，2 可疑，3 无效）", "检测时间", "上传时间"),)),
        _coded,
        "%Y%m%d %H:%M:%S",
        _CODED,
    ),
    "mobile": Laboratory(
        "县疾控中心（演示）",
        "县疾控中心检测结果",
        ".et",
        "utf-8-sig",
        Layout("", (("管码", "箱号", "结果判定", "检测完成时间", "备注"),)),
        _mobile,
        "%Y/%m/%d %H:%M",
        _MOBILE,
    ),
    "ct": Laboratory(
        "移动方舱实验室（演示）",
        "移动方舱实验室结果（含Ct值）",
        ".xlsx",
        "utf-8-sig",
        Layout(
            "",
            (
                ("样本条码", "检测结果", "", "", "检测时间", "检测单位"),
                ("", "ORF1ab基因Ct值", "N基因Ct值", "结果", "", ""),
            ),
        ),
        _ct,
        "%Y-%m-%d %H:%M:%S",
        _SHORT,
    ),
}


class ReportWriter:
    """Writes the reports of a township, in the order of testing, to the laboratories' files."""

    def __init__(self, rng: Random, books: dict[str, Book], truth: TruthWriter, start: datetime) -> None:
        self._rng = rng
        self._books = books
        self._truth = truth
        self._clocks = {}
        for key, dialect in DIALECTS.items():
            form = dialect.clock or ("%Y-%m-%d %H:%M" if books[key].is_csv else "")
            self._clocks[key] = Clock(start, form)
        self._started: set[str] = set()

    def write(self, reports: Sequence[Report], first_number: int) -> None:
        """Write ``reports`` and fill their ``refs``."""
        by_laboratory: dict[str, list[Report]] = defaultdict(list)
        for report in sorted(reports, key=lambda one: (one.tested, one.code)):
            by_laboratory[report.laboratory].append(report)
        for key in LABORATORIES:
            if by_laboratory[key]:
                self._laboratory(key, by_laboratory[key], first_number)

    def _laboratory(self, key: str, reports: list[Report], first_number: int) -> None:
        dialect, book, clock = DIALECTS[key], self._books[key], self._clocks[key]
        if key not in self._started:
            self._started.add(key)
            book.start_sheet("检测结果", f"{dialect.name}核酸检测结果")
        rows: list[tuple[Cell, ...]] = []
        ends = []
        people: list[int] = []
        for report in reports:
            rows += dialect.rows(report, clock, self._rng)
            ends.append(len(rows))
            if key == "masked":
                people += [first_number + person.number for person in report.tube.members]
        landing = book.write(rows)
        first = 0
        for report, end in zip(reports, ends, strict=True):
            report.refs = [landing.ref(at) for at in range(first, end)]
            first = end
        if people:
            self._truth.runs("results", landing, runs_of(landing.row, people))
