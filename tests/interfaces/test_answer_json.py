from __future__ import annotations

import json
import stat
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lianfang.interfaces.answer_json import answer_to_json, write_json
from tests.interfaces.answers import empty_answer, identity, long_answer, small_answer

MADE_AT = datetime(2022, 4, 2, 5, 3)


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    return answer_to_json(small_answer(), made_at=MADE_AT, version="9.9")


def schema() -> Any:
    text = (files("lianfang.interfaces") / "answer.schema.json").read_text("utf-8")
    return json.loads(text)


def closed(part: Any) -> Any:
    """The schema with every object closed, so that an entry nobody described fails."""
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    inside = {name: closed(value) for name, value in part.items()}
    if "properties" in part and part.get("type") == "object":
        inside["additionalProperties"] = False
    return inside


@pytest.mark.parametrize("answer", [small_answer(), empty_answer()], ids=["full", "empty"])
@pytest.mark.parametrize("mask", [False, True])
def test_the_answer_fits_its_schema_and_has_nothing_beyond_it(answer: Any, mask: bool) -> None:
    said = answer_to_json(answer, made_at=MADE_AT, version="9.9", mask=mask)
    Draft202012Validator.check_schema(schema())
    errors = [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for error in Draft202012Validator(closed(schema())).iter_errors(said)
    ]
    assert errors == []


def test_every_list_of_the_small_answer_has_something_in_it(said: dict[str, Any]) -> None:
    assert [name for name, value in said.items() if value == []] == []


def test_the_file_says_the_same_as_the_object(tmp_path: Path, said: dict[str, Any]) -> None:
    path = tmp_path / "answer.json"
    write_json(small_answer(), path, made_at=MADE_AT, version="9.9")
    assert json.loads(path.read_text("utf-8")) == said


def test_an_answer_of_nobody_is_whole_json_too(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    write_json(empty_answer(), path, made_at=MADE_AT, version="9.9")
    assert json.loads(path.read_text("utf-8"))["missing"] == []


def test_the_file_is_readable_by_its_owner_only_even_where_it_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text("{}")
    path.chmod(0o644)
    write_json(small_answer(), path, made_at=MADE_AT, version="9.9")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_people_come_with_the_rows_that_show_them(said: dict[str, Any]) -> None:
    person = said["missing"][0]
    assert {"person_key", "name", "id_number", "phone", "building", "room"} <= set(person)
    assert person["sources"][0].keys() == {"file", "sheet", "row", "part"}
    assert "record_ids" not in person


def test_a_conflict_is_one_object_with_all_its_rows(said: dict[str, Any]) -> None:
    digit = next(conflict for conflict in said["conflicts"] if conflict["kind"] == "identity_digit")
    assert [row["value"] for row in digit["rows"]] == [identity(1), identity(1)[:16] + "7" + identity(1)[17:]]
    assert [source["file"] for source in digit["sources"]] == ["石桥镇名册.xlsx", "四月一日采样.xlsx"]


def test_everyone_of_a_positive_tube_stands_inside_it(said: dict[str, Any]) -> None:
    pools = {pool["tube_code"]: pool for pool in said["positive_pools"]}
    assert {code: len(pool["people"]) for code, pool in pools.items()} == {
        "T2204000007": 10,
        "T2204000008": 5,
        "T2204000009": 1,
    }
    assert pools["T2204000009"]["people"][0]["action"] == "report_case"
    assert all(pool["people_count"] == len(pool["people"]) for pool in pools.values())


def test_the_reports_on_a_tube_stand_together(said: dict[str, Any]) -> None:
    (tube,) = said["contradictions"]
    assert [report["result"] for report in tube["reports"]] == ["positive", "negative", "negative"]


def test_overdue_tubes_are_those_of_the_pending_that_are(said: dict[str, Any]) -> None:
    overdue = [tube["tube_code"] for tube in said["pending_tubes"] if tube["is_overdue"]]
    assert [tube["tube_code"] for tube in said["overdue"]] == overdue
    assert len(overdue) == 4


def test_a_masked_answer_holds_no_whole_identity_number_and_no_whole_phone() -> None:
    answer = small_answer()
    text = json.dumps(answer_to_json(answer, made_at=MADE_AT, version="9.9", mask=True), ensure_ascii=False)
    numbers = set(answer.records.column("id_number").to_pylist())
    phones = set(answer.records.column("phone").to_pylist()) | set(answer.missing.column("chief_phone").to_pylist())
    assert [number for number in numbers if number in text] == []
    assert [phone for phone in phones if phone in text] == []


def test_changing_cells_are_left_to_the_workbook_and_doubtful_ones_are_told(said: dict[str, Any]) -> None:
    assert {cell["severity"] for cell in said["cells_not_understood"]} == {"error", "warning"}
    lost = said["cells_not_understood"][0]
    assert (lost["file"], lost["sheet"], lost["column"], lost["row"]) == ("石桥镇名册.xlsx", "柳荫社区", "C", 12)


def test_a_long_list_is_written_one_item_to_a_line(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    write_json(long_answer(9_000), path, made_at=MADE_AT, version="9.9")
    lines = path.read_text("utf-8").splitlines()
    first = lines.index('"pending": [')
    assert sum(line.startswith('{"person_key"') for line in lines[first : first + 9_001]) == 9_000
    assert len(json.loads("\n".join(lines))["pending"]) == 9_000
