"""From understood files to the lists a clerk works through."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from lianfang.engine.linkage import Decisions
from lianfang.engine.reconciliation import reconcile
from lianfang.engine.rounds import RoundSettings
from tests.engine.reconciliation.files import AS_OF, answer, file, li, wang

NIGHT = datetime(2022, 8, 29, 22, 0)
SWAB = {"tube_code": "T1", "sampled_at": NIGHT, "sampled_at_has_time": True}


def test_the_same_person_is_recognised_in_roster_and_sampling_record_by_identity_number() -> None:
    said = answer(
        [wang(), li()], [{key: wang()[key] for key in ("name", "id_number", "id_is_valid", "id_type")} | SWAB]
    )
    assert [row["name"] for row in said.missing.to_pylist()] == ["李秀英"]
    (pending,) = said.pending.to_pylist()
    assert (pending["name"], pending["tube_code"], pending["on_roster"]) == ("王小明", "T1", True)


def test_every_list_entry_leads_back_to_file_sheet_and_row() -> None:
    said = answer([wang(), li()], [{"name": "王小明", "phone": "19900000001", **SWAB}])
    records = {row["record_id"]: row for row in said.records.to_pylist()}
    (missing,) = said.missing.to_pylist()
    assert [(records[i]["file"], records[i]["sheet"], records[i]["row"]) for i in missing["record_ids"]] == [
        ("roster.xlsx", "Sheet1", 3)
    ]


def test_an_unsure_match_leaves_the_person_missing_until_a_decision_file_says_who_it_is() -> None:
    swabbed = {"name": "王小明", "building": "10", "unit": "1", "room": "303", **SWAB}
    before = answer([wang(), li()], [swabbed])
    pairs = [row for row in before.unsure_matches.to_pylist() if row["clears_missing"]]
    assert len(pairs) == 1
    assert [row["possible_pair"] for row in before.missing.to_pylist() if row["name"] == "王小明"] == [
        pairs[0]["pair_key"]
    ]
    same = answer([wang(), li()], [swabbed], decisions=Decisions.from_rows([(pairs[0]["pair_key"], "同一人")]))
    assert [row["name"] for row in same.missing.to_pylist()] == ["李秀英"]
    assert same.unrostered.num_rows == 0
    different = answer([wang(), li()], [swabbed], decisions=Decisions.from_rows([(pairs[0]["pair_key"], "不是同一人")]))
    assert different.unsure_matches.num_rows == 0
    assert different.missing.num_rows == 2


def test_a_file_given_twice_is_used_once_and_told() -> None:
    roster, samples = (
        file([wang()], "名册.xlsx"),
        file([{"name": "王小明", "phone": "19900000001", **SWAB}], "采样.xlsx"),
    )
    copy = type(samples)("采样 (1).xlsx", samples.format, samples.sha256, samples.size, samples.sheets)
    said = reconcile([("roster", roster), ("samples", samples), ("samples", copy)], settings=RoundSettings(as_of=AS_OF))
    assert said.repeated_files == (("采样 (1).xlsx", "采样.xlsx"),)
    assert said.duplicates.num_rows == 0


def test_a_result_for_an_unknown_tube_names_the_waiting_tube_it_may_mean() -> None:
    said = answer(
        [wang()],
        [{"name": "王小明", "phone": "19900000001", **SWAB, "tube_code": "2208290017"}],
        [{"tube_code": "2208290071", "result": "negative", "laboratory": "甲"}],
    )
    (unmatched,) = said.unmatched_results.to_pylist()
    assert (unmatched["because"], unmatched["perhaps"]) == ("unknown_tube", "2208290017")


def test_everyone_in_a_positive_tube_is_listed_with_what_must_happen_and_until_when() -> None:
    said = answer(
        [wang(), li()],
        [
            {"name": "王小明", "phone": "19900000001", **SWAB, "tube_capacity": 10},
            {"name": "李秀英", "phone": "19900000002", **SWAB, "tube_capacity": 10},
            {"name": "过路人", "phone": "19900000009", **SWAB, "tube_capacity": 10},
        ],
        [{"tube_code": "T1", "result": "positive", "tested_at": datetime(2022, 8, 30, 1), "laboratory": "甲"}],
    )
    assert [row["tube_code"] for row in said.positive_pools.to_pylist()] == ["T1"]
    held = said.positive_pool_people.to_pylist()
    assert {(row["name"], row["action"], row["on_roster"]) for row in held} == {
        ("王小明", "hold_and_sample_singly", True),
        ("李秀英", "hold_and_sample_singly", True),
        ("过路人", "hold_and_sample_singly", False),
    }
    assert {row["held_until"] for row in held} == {datetime(2022, 8, 31, 1)}


def test_an_exemption_list_may_give_its_reason_as_untested_reason() -> None:
    said = answer(
        [wang()],
        [{"name": "无关", "phone": "19900000008", **SWAB}],
        exempt=[{"name": "王小明", "phone": "19900000001", "reason": "住院"}],
    )
    assert said.round.totals.to_pylist()[0]["away"] == 1


def test_a_result_file_that_names_no_laboratory_is_told_by_its_file_name() -> None:
    said = answer(
        [wang()], [{"name": "王小明", "phone": "19900000001", **SWAB}], [{"tube_code": "T1", "result": "negative"}]
    )
    assert said.round.tubes.to_pylist()[0]["laboratories"] == ["results.xlsx"]


def test_the_fates_of_the_rows_sum_to_the_rows_read() -> None:
    said = answer(
        [wang(), wang(), li()],
        [{"name": "王小明", "phone": "19900000001", **SWAB}],
        [{"tube_code": "T9", "result": None}],
    )
    fates = {(row["role"], row["state"]): row["rows"] for row in said.row_fates.to_pylist()}
    assert fates == {
        ("roster", "counted"): 2,
        ("roster", "repeat"): 1,
        ("samples", "counted"): 1,
        ("results", "empty"): 1,
    }


def test_a_positive_swab_without_a_tube_code_is_listed_as_tube_and_as_person_under_one_name() -> None:
    said = answer(
        [wang()],
        [{"name": "王小明", "phone": "19900000001", "sampled_at": NIGHT, "sampled_at_has_time": True}],
        [{"name": "王小明", "phone": "19900000001", "result": "positive"}],
    )
    assert said.positive_pools["tube_code"].to_pylist() == said.positive_pool_people["tube_code"].to_pylist()
    assert said.positive_pool_people["action"].to_pylist() == ["report_case"]


def test_nobody_is_cleared_by_a_column_that_only_may_hold_results() -> None:
    roster, samples = (
        file([wang()], "名册.xlsx"),
        file([{"name": "王小明", "phone": "19900000001", **SWAB}], "采样.xlsx"),
    )
    results = file([{"tube_code": "T1", "result": "negative"}], "结果.xlsx")
    (read,) = results.sheets
    unsure = replace(
        read,
        columns=tuple(
            replace(column, confidence=0.55) if "result" in column.fields else column for column in read.columns
        ),
    )
    doubtful = replace(results, sheets=(unsure,))
    for reading, outcome in ((results, "negative"), (doubtful, "pending")):
        said = reconcile(
            [("roster", roster), ("samples", samples), ("results", reading)], settings=RoundSettings(as_of=AS_OF)
        )
        assert said.round.people["outcome"].to_pylist() == [outcome]
