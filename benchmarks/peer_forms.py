"""The files that the peer knows by heart: what each form looks like."""

from __future__ import annotations

from dataclasses import dataclass, field

# pattern, encoding, rows above the first record, columns from left to right
Form = tuple[str, str, int, str]
ROSTERS: list[Form] = [
    ("rosters/楼长名册*.xlsx", "", 3,
     "no community compound building unit room name sex id phone relation special remark"),
    ("rosters/社区名册*.xlsx", "", 2,
     "no township community grid compound building unit room name sex id_type id phone kind"),
    ("rosters/村民户籍*.xls", "", 2,
     "no township community relation name sex id phone address remark"),
    ("rosters/系统导出*.csv", "gb18030", 2,
     "township community compound building unit room name id phone relation remark"),
]  # fmt: skip
SAMPLES: list[Form] = [
    ("samples/采样登记-封控*.xlsx", "", 2,
     "community compound building unit room tube kind name id phone sampled state"),
    ("samples/采样登记-各采样点*.xlsx", "", 2,
     "tube box name id phone address sampled site kind state"),
    ("samples/扫码采样*.csv", "utf-8-sig", 2,
     "tube box kind name id phone community compound building unit room sampled team state"),
    ("samples/各村采样*.et", "", 2,
     "tube box position name id phone community building room sampled kind state"),
    ("samples/采样登记-补录*.xlsx", "", 3,
     "name sex id phone address tube box kind sampled team state note"),
]  # fmt: skip
RESULTS: list[Form] = [
    ("results/检测结果-县人民医院*.xlsx", "", 2,
     "tube received tested result reported laboratory remark"),
    ("results/检测结果-和安*.xls", "", 2,
     "name id phone tube sampled tested result"),
    ("results/结果回传-清源*.csv", "gb18030", 2,
     "tube result tested uploaded"),
    ("results/县疾控中心*.et", "", 2,
     "tube box result tested remark"),
    ("results/移动方舱*.xlsx", "", 3,
     "tube orf n result tested laboratory"),
]  # fmt: skip
EXEMPT: list[Form] = [
    ("exempt/外出*.xlsx", "", 2,
     "community name id phone address reason remark"),
    ("exempt/免检*.xlsx", "", 2,
     "name id phone community compound building unit room reason"),
]  # fmt: skip


@dataclass(frozen=True)
class Forms:
    """The files of one night. ``results_name_people``: a report without a tube's code is about whom it names; else
    it is about the tube of the line above."""

    rosters: list[Form]
    samples: list[Form]
    results: list[Form]
    exempt: list[Form] = field(default_factory=list)
    results_name_people: bool = False


FORMS = {
    "demo": Forms(ROSTERS, SAMPLES, RESULTS, EXEMPT),
    "three": Forms(
        [("rosters/*.xlsx", "", 1, "community compound building unit room name id phone")],
        [("samples/*.xlsx", "", 1, "tube name id phone compound building room sampled")],
        [("results/*.xlsx", "", 1, "tube name id phone tested result")],
        results_name_people=True,
    ),
}
