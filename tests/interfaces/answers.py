"""A small round with something in every list, built by hand: all people and numbers are invented.

``small_answer()`` is one township with two communities; ``long_answer(n)`` has ``n`` pending people.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from lianfang.engine.intake.contract import ColumnReading, FileReading, Problem, SheetReading, SkippedRow
from lianfang.engine.reconciliation import contract as lists
from lianfang.engine.reconciliation.contract import Answer, Source
from lianfang.engine.rounds import contract as rounds
from lianfang.engine.rounds.contract import RoundAnswer, RoundSettings
from lianfang.engine.tables import CELL_NOTES, TableContract

AS_OF = datetime(2022, 4, 2, 5, 0)
START = datetime(2022, 4, 1, 18, 0)
SOURCES = (
    ("roster", "石桥镇名册.xlsx", "柳荫社区"),
    ("roster", "石桥镇名册.xlsx", "北苑村"),
    ("samples", "四月一日采样.xlsx", "采样记录"),
    ("results", "市一所结果.csv", "市一所结果"),
    ("results", "康宁检验.xls", "Sheet1"),
    ("exempt", "免检外出.xlsx", "名单"),
)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = ("文静", "志强", "秀英", "建国", "欣怡", "浩然", "桂兰", "子涵", "国栋", "雅琪")


def identity(number: int) -> str:
    """A number with a valid check digit in a region that cannot be anybody's."""
    body = (
        f"9900{number % 90 + 10:02d}{1950 + number % 60}{number % 12 + 1:02d}{number % 28 + 1:02d}{number % 1000:03d}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def person(number: int, **more: Any) -> dict[str, Any]:
    """One invented person; every fourteenth lives in a building without a community given."""
    number_of_building = number // 24 % 12 + 1
    row = {
        "person_key": f"p{number:07d}",
        "name": _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number // 7 % len(_GIVEN)],
        "sex": "male" if number % 2 else "female",
        "birth_on": date(1950 + number % 60, number % 12 + 1, number % 28 + 1),
        "id_type": "resident_id",
        "id_number": identity(number),
        "phone": f"1990000{number % 10_000:04d}",
        "township": "石桥镇",
        "community": "柳荫社区" if number % 3 else "北苑村",
        "compound": "柳荫花园" if number % 3 else None,
        "building": str(number_of_building) if number % 29 else None,
        "unit": str(number % 4 + 1),
        "room": f"{number % 6 + 1}0{number % 3 + 1}",
        "address": None if number % 29 else "北苑村老供销社后院东厢房",
    }
    return row | more


def _table(contract: TableContract, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as the contract's table; a key that is no column of it is left out."""
    names = {column.name for column in contract.columns}
    return pa.Table.from_pylist([{k: v for k, v in row.items() if k in names} for row in rows], schema=contract.schema)


def _records() -> list[dict[str, Any]]:
    """Sixty rows per sheet, numbered through."""
    rows = []
    for source, (role, file, sheet) in enumerate(SOURCES):
        for line in range(60):
            number = line if role != "roster" else source * 60 + line
            more = {
                "record_id": source * 60 + line,
                "role": role,
                "file": file,
                "sheet": sheet,
                "row": line + 3,
                "part": 0,
                "tube_code": f"T2204{line // 5:06d}" if role in ("samples", "results") else None,
                "result": "negative" if role == "results" else None,
                "laboratory": {3: "市一医学检验所", 4: "康宁检验"}.get(source),
                "at": START + timedelta(minutes=line) if role in ("samples", "results") else None,
            }
            rows.append(person(number, **more))
    rows[121] |= {"name": "钱文净", "id_number": identity(1)[:16] + "7" + identity(1)[17:], "phone": "19900007001"}
    return rows


def _column(letter: str, label: str, fields: tuple[str, ...], confidence: float, **more: Any) -> ColumnReading:
    return ColumnReading(letter, label, fields, confidence, more.pop("how", "label+content"), **more)


def _notes(rows: list[tuple[int, str, str, str, str, str, str | None]]) -> pa.Table:
    names = CELL_NOTES.schema.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=CELL_NOTES.schema)


def _readings() -> tuple[tuple[Any, FileReading], ...]:
    rows = pa.table({"row": pa.array(range(3, 63), pa.int32())})
    roster = SheetReading(
        "柳荫社区",
        (1, 2),
        (
            _column("A", "序号", ("row_no",), 0.98, filled=60, examples=("1", "2", "3")),
            _column("B", "姓名/电话", ("name", "phone"), 0.93, filled=60, examples=("赵文静 19900000000",)),
            _column("C", "身份证号码", ("id_number",), 0.99, filled=60, examples=(identity(0), identity(1))),
            _column(
                "D",
                "备注1",
                ("untested_reason",),
                0.55,
                alternatives=(("remark", 0.4),),
                how="content",
                filled=9,
                examples=("外出务工", "=1+1"),
            ),
            _column("E", "发放口罩", (), 0.0, how="none", filled=60, examples=("是", "否")),
        ),
        rows,
        _notes(
            [
                (12, "C", "id_number", "digits_lost", "error", "9.90010195001011E+17", None),
                (15, "B", "phone", "too_short", "warning", "1990000", "1990000"),
                (16, "C", "id_number", "lower_case_x", "changed", identity(3)[:17] + "x", identity(3)),
                (17, "B", "name", "spaces_removed", "changed", "孙 文静", "孙文静"),
                (18, "B", "name", "spaces_removed", "changed", "李　文静", "李文静"),
            ]
        ),
        (SkippedRow(63, "total", "合计 60 人"), SkippedRow(64, "note", "填表人：冯建国")),
        (Problem("columns_unsure", "warning", "柳荫社区", column="D", params={"label": "备注1"}),),
    )
    results = SheetReading(
        "Sheet1",
        (1,),
        (
            _column("A", "管码", ("tube_code",), 0.99, filled=60, examples=("T2204000001",)),
            _column("B", "结果(0阴1阳)", ("result",), 0.97, codes={"0": "negative", "1": "positive"}, filled=58),
        ),
        rows,
        _notes([(9, "B", "result", "result_empty", "warning", "", None)]),
    )
    broken = FileReading("开发区名册.xlsx", "xlsx", "ab" * 32, 48_213, (), (Problem("encrypted", "refused"),))
    return (
        ("roster", FileReading("石桥镇名册.xlsx", "xlsx", "1f" * 32, 2_481_000, (roster,))),
        ("roster", broken),
        ("results", FileReading("康宁检验.xls", "xls", "9c" * 32, 96_000, (results,))),
    )


def _counts(**more: int) -> dict[str, Any]:
    row: dict[str, Any] = (
        dict.fromkeys(
            (
                "households",
                "expected",
                "exempt",
                "away",
                "sampled",
                "missing",
                "negative",
                "released",
                "pending",
                "unclear",
                "held",
                "positive",
                "unrostered",
            ),
            0,
        )
        | more
    )
    due = row["expected"] - row["exempt"] - row["away"]
    row["coverage"] = row["sampled"] / due if due else None
    row["adds_up"] = True
    return row


def _buildings() -> list[dict[str, Any]]:
    rows = []
    for community, compound, buildings in (("柳荫社区", "柳荫花园", 12), ("北苑村", None, 4)):
        for number in range(1, buildings + 1):
            missing, held = number % 4, 9 if number == 10 else 0
            sampled = 100 + number - missing
            counts = _counts(
                households=40 + number,
                expected=sampled + missing + 5,
                exempt=2,
                away=3,
                sampled=sampled,
                missing=missing,
                held=held,
                pending=20,
                positive=int(number == 3),
                negative=sampled - 20 - held - int(number == 3),
                unrostered=int(number == 2),
            )
            rows.append(
                {"township": "石桥镇", "community": community, "compound": compound, "building": str(number)} | counts
            )
    return rows


def _round(buildings: list[dict[str, Any]]) -> RoundAnswer:
    summed = {name: sum(row[name] for row in buildings) for name in _counts() if name not in ("coverage", "adds_up")}
    tubes = [
        {
            "tube_key": f"T2204{n:06d}",
            "tube_code": f"T2204{n:06d}",
            "state": "negative",
            "is_single": False,
            "capacity": 10,
            "people": 5,
            "boxes": ["箱01"],
            "sampled_at": START + timedelta(minutes=n),
            "sampled_until": START + timedelta(minutes=n + 9),
            "is_overdue": False,
            "is_late": n == 4,
        }
        for n in range(12)
    ]
    findings = [
        {"finding_key": "f1", "kind": "over_full", "tube_key": "T2204000002", "record_id": 130, "detail": "12/10"},
        {
            "finding_key": "f2",
            "kind": "twice_sampled",
            "person_key": person(5)["person_key"],
            "record_id": 125,
            "detail": "T2204000001",
        },
        {"finding_key": "f3", "kind": "two_boxes", "tube_key": "T2204000003", "record_id": 135, "detail": "箱01"},
        {"finding_key": "f3", "kind": "two_boxes", "tube_key": "T2204000003", "record_id": 136, "detail": "箱02"},
    ]
    states = rounds.ROW_STATES.empty()
    return RoundAnswer(
        people=rounds.PEOPLE.empty(),
        tubes=_table(rounds.TUBES, tubes),
        buildings=_table(rounds.BUILDINGS, buildings),
        totals=_table(rounds.TOTALS, [_counts(**summed)]),
        roster_states=states,
        sample_states=states,
        result_states=states,
        exempt_states=states,
        findings=_table(rounds.FINDINGS, findings),
    )


def _missing(count: int = 24) -> list[dict[str, Any]]:
    rows = []
    for order in range(count):
        number = order * 5 + 2
        rows.append(
            person(number)
            | {
                "walking_order": order + 1,
                "because": ("not_sampled", "exemption_refused", "sample_void")[order % 3],
                "reason": ("敲门无人", None, "拒检", None)[order % 4],
                "last_contact_at": START - timedelta(days=order % 9),
                "special_need": ("透析", None, None, "卧床", None)[order % 5],
                "chief_name": f"楼长{number % 3 + 1}",
                "chief_phone": f"1990001000{number % 3}",
                "possible_pair": "pair-0001" if order == 4 else None,
                "possible_score": 0.83 if order == 4 else None,
                "record_ids": [order, order + 1],
            }
        )
    rows.sort(key=lambda row: (row["community"], row["compound"] or "", int(row["building"] or 99)))
    return [row | {"walking_order": order} for order, row in enumerate(rows, 1)]


def _pending_tubes() -> list[dict[str, Any]]:
    return [
        {
            "tube_code": f"T2204{n:06d}" if n else None,
            "boxes": ["箱01"],
            "people": 1 if not n else 5,
            "sampling_team": f"{n % 3 + 1}组",
            "sampling_site": "柳荫花园东门",
            "sampled_at": START + timedelta(minutes=7 * n),
            "hours_waiting": 35.0 - 3 * n,
            "is_overdue": 35 - 3 * n > 24,
            "record_ids": list(range(120 + n, 124 + n)),
        }
        for n in range(9)
    ]


def _positive() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    until = AS_OF + timedelta(hours=19)
    base = {"laboratories": ["市一医学检验所"], "reported_at": AS_OF - timedelta(hours=1), "held_until": until}
    tubes = [
        base
        | {"tube_code": "T2204000007", "state": "positive", "is_single": False, "people": 10, "record_ids": [180, 181]},
        base
        | {
            "tube_code": "T2204000008",
            "state": "contradicting",
            "is_single": False,
            "people": 5,
            "laboratories": ["市一医学检验所", "康宁检验"],
            "record_ids": [182, 242],
        },
        base | {"tube_code": "T2204000009", "state": "positive", "is_single": True, "people": 1, "record_ids": [183]},
    ]
    people = []
    for tube, count in (("T2204000007", 10), ("T2204000008", 5), ("T2204000009", 1)):
        for n in range(count):
            outcome = "positive" if count == 1 else "released" if n == 3 else "held"
            action = {"positive": "report_case", "released": "release"}.get(
                outcome, "await_single_result" if n == 1 else "hold_and_sample_singly"
            )
            people.append(
                person(200 + n + count)
                | {
                    "tube_code": tube,
                    "outcome": outcome,
                    "action": action,
                    "on_roster": n != 2,
                    "held_until": until if outcome == "held" else None,
                    "record_ids": [120 + n, 180 + n],
                }
            )
    return tubes, people


def _unmatched() -> list[dict[str, Any]]:
    at = AS_OF - timedelta(hours=2)
    return [
        {
            "record_id": 200,
            "because": "unknown_tube",
            "tube_code": "T2204900001",
            "result": "positive",
            "laboratory": "康宁检验",
            "at": at,
            "perhaps": "T2204000001",
            "record_ids": [200],
        },
        {
            "record_id": 201,
            "because": "person_without_sample",
            "name": "冯桂兰",
            "result": "negative",
            "laboratory": "康宁检验",
            "at": at,
            "record_ids": [201],
        },
        {
            "record_id": 202,
            "because": "nobody",
            "result": "negative",
            "laboratory": "市一医学检验所",
            "record_ids": [202],
        },
    ]


def _uncounted() -> list[dict[str, Any]]:
    at = AS_OF - timedelta(hours=2)
    return [
        {
            "record_id": 190 + n,
            "state": state,
            "tube_code": f"T22040000{n:02d}",
            "name": "沈志强" if n == 3 else None,
            "result_given": given,
            "laboratory": "市一医学检验所",
            "at": at,
        }
        for n, (state, given) in enumerate(
            [
                ("empty", None),
                ("void", "作废"),
                ("void_tube", "阴性"),
                ("before_sample", "阴性"),
                ("outside_round", "阴性"),
                ("which_sample", "阴性"),
            ]
        )
    ]


def _duplicates() -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "person_key": f"p{n}",
            "name": person(n)["name"],
            "tube_code": tube,
            "kept": n,
            "places_differ": kind == "roster" and n == 0,
            "record_ids": [n, n + 1, n + 30],
        }
        for n, (kind, tube) in enumerate(
            [("roster", None), ("roster", None), ("sample", "T2204000001"), ("result", "T2204000002"), ("exempt", None)]
        )
    ]


def _conflicts() -> list[tuple[Any, ...]]:
    return [
        ("c1", "identity_names", None, 1, "name", "钱文静"),
        ("c1", "identity_names", None, 121, "name", "钱文净"),
        ("c2", "identity_digit", None, 1, "id_number", identity(1)),
        ("c2", "identity_digit", None, 121, "id_number", identity(1)[:16] + "7" + identity(1)[17:]),
        ("c3", "phone_shared", None, 3, "phone", "19900000003"),
        ("c3", "phone_shared", None, 9, "phone", "19900000003"),
        ("c4", "over_full", "T2204000002", 130, "tube_code", "12/10"),
        ("c5", "two_boxes", "T2204000003", 135, "box_code", "箱01"),
        ("c5", "two_boxes", "T2204000003", 136, "box_code", "箱02"),
        ("c6", "several_rooms", None, 12, "place", "柳荫社区 3 201"),
        ("c6", "several_rooms", None, 40, "place", "柳荫社区 5 402"),
        ("c7", "exemption_no_reason", None, 305, "reason", None),
    ]


def _contradictions() -> list[tuple[Any, ...]]:
    at = AS_OF - timedelta(hours=2)
    return [
        ("T2204000008", 182, "市一医学检验所", "positive", at),
        ("T2204000008", 242, "康宁检验", "negative", AS_OF - timedelta(hours=1)),
        ("T2204000008", 243, "康宁检验", "negative", None),
    ]


def _pairs() -> list[dict[str, Any]]:
    return [
        {
            "pair_key": f"pair-{n:04d}",
            "score": score,
            "differs": differs,
            "record_a": n,
            "record_b": 120 + n,
            "clears_missing": n == 1,
        }
        for n, (score, differs) in enumerate(
            [(0.62, ["name_missing"]), (0.93, ["name_one_off", "id_one_digit", "phone"]), (0.41, ["room"])]
        )
    ]


def _fates() -> list[tuple[str, str, int]]:
    return [
        ("roster", "counted", 118),
        ("roster", "repeat", 2),
        ("samples", "counted", 55),
        ("samples", "void", 3),
        ("samples", "repeat", 2),
        ("results", "counted", 111),
        ("results", "empty", 4),
        ("results", "unknown_tube", 5),
        ("exempt", "accepted", 50),
        ("exempt", "no_reason", 10),
    ]


def _pending() -> list[dict[str, Any]]:
    return [
        person(300 + n)
        | {"tube_code": f"T2204{n // 5:06d}", "sampled_at": START, "on_roster": n % 11 != 0, "record_ids": [120 + n]}
        for n in range(40)
    ]


def _of_tuples(contract: TableContract, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    return _table(contract, [dict(zip(names, row, strict=True)) for row in rows])


def _lists() -> dict[str, pa.Table]:
    tubes, people = _positive()
    unrostered = [
        person(500 + n) | {"outcome": "pending" if n else "held", "tube_code": "T2204000001", "record_ids": [130 + n]}
        for n in range(4)
    ]
    conflict = ("conflict_key", "kind", "tube_code", "record_id", "field", "value")
    report = ("tube_code", "record_id", "laboratory", "result", "at")
    return {
        "row_fates": _of_tuples(lists.ROW_FATES, ("role", "state", "rows"), _fates()),
        "missing": _table(lists.MISSING, _missing()),
        "pending_tubes": _table(lists.PENDING_TUBES, _pending_tubes()),
        "pending": _table(lists.PENDING, _pending()),
        "unmatched_results": _table(lists.UNMATCHED, _unmatched()),
        "uncounted_results": _table(lists.OTHER_RESULTS, _uncounted()),
        "duplicates": _table(lists.DUPLICATES, _duplicates()),
        "conflicts": _of_tuples(lists.CONFLICTS, conflict, _conflicts()),
        "positive_pools": _table(lists.POSITIVE_TUBES, tubes),
        "positive_pool_people": _table(lists.POSITIVE_PEOPLE, people),
        "contradictions": _of_tuples(lists.CONTRADICTIONS, report, _contradictions()),
        "unsure_matches": _table(lists.UNSURE, _pairs()),
        "unrostered": _table(lists.UNROSTERED, unrostered),
    }


def small_answer(**instead: Any) -> Answer:
    """An answer in which no list is empty; ``instead`` replaces parts of it."""
    parts: dict[str, Any] = {
        "settings": RoundSettings(AS_OF, START, START + timedelta(hours=7)),
        "round": _round(_buildings()),
        "sources": tuple(Source(n, role, file, sheet, 60) for n, (role, file, sheet) in enumerate(SOURCES)),
        "readings": _readings(),
        "repeated_files": (("石桥镇名册 副本.xlsx", "石桥镇名册.xlsx"),),
        "records": _table(lists.RECORDS, _records()),
        **_lists(),
    }
    parts.setdefault("decided", (("pair-0009", "different"),))
    return Answer(**parts | instead)


def empty_answer() -> Answer:
    """A round of nobody: every list is empty."""
    empty = {name: table.slice(0, 0) for name, table in _lists().items()}
    return small_answer(round=_round([]), sources=(), readings=(), repeated_files=(), decided=(), **empty)


def long_answer(people: int) -> Answer:
    """An answer with many pending people, one tube for each ten."""
    block = [
        person(n)
        | {
            "tube_code": f"T2204{n // 10:06d}",
            "sampled_at": START + timedelta(seconds=n),
            "on_roster": True,
            "record_ids": [n % 360],
        }
        for n in range(2_000)
    ]
    table = _table(lists.PENDING, block)
    pending = pa.concat_tables([table] * (people // 2_000 + 1)).slice(0, people)
    return small_answer(pending=pending)
