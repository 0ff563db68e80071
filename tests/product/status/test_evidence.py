from __future__ import annotations

from lianfang.domains.status.evidence import FactShown, folded


def test_what_reads_the_same_stands_once_with_how_many_it_is() -> None:
    report = [FactShown("result", number, "T1：阳性", "检测 03:00", "甲") for number in (4, 5, 6)]
    other = FactShown("result", 7, "T1：阳性", "检测 03:00", "乙")
    shown = folded([*report[:2], other, report[2]])
    assert [(one.number, one.source) for one in shown] == [(4, "甲"), (7, "乙")]
    assert shown[0].title.startswith("T1：阳性") and "3" in shown[0].title
    assert shown[1] == other


def test_facts_that_differ_are_all_told() -> None:
    facts = [FactShown("result", number, f"T{number}") for number in range(5)]
    assert folded(facts) == facts
