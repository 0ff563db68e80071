"""``lianfang why``, ``check-statuses`` and ``policy replay`` on stored facts and on a folder of Parquet."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from django.utils import timezone

from lianfang.config.cli.arguments import parser
from lianfang.config.cli.console import Console
from lianfang.config.cli.replay_command import replay_folder, replay_product
from lianfang.config.cli.status_command import tell_check, tell_why
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.foundation.audit.models import Entry
from tests.product.status.test_recompute import in_force, result, swab
from tests.product.status.test_why import told
from tests.product.world import World, demo_identity

__all__ = ["in_force", "told"]


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_the_commands_and_their_help_are_there_in_each_language(language: str) -> None:
    known = parser(Console(language))
    assert known.parse_args(["why", "陈建国", "--as-of", "2022-08-30T04:00"]).as_of == datetime(2022, 8, 30, 4)
    assert known.parse_args(["check-statuses", "--mend"]).mend is True
    replay = known.parse_args(["policy", "replay", "covid19/v9", "covid19/v9+20", "--facts", "x", "--json"])
    assert (replay.old, replay.facts, replay.json) == ("covid19/v9", Path("x"), True)


def test_why_finds_by_document_number_and_name_and_is_put_on_record(
    told: World, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console("zh-Hans")
    person = told.people["陈建国"]
    for who in (demo_identity(1), "陈建国", str(person.pk)):
        assert tell_why(who, None, console) == 0
        said = capsys.readouterr().out
        assert "* 700 positive_pool_hold [yellow]" in said and "P1" in said and "县疾控中心" in said
    assert tell_why("谁也不是", None, console) == 2
    assert tell_why("陈建国", datetime(2001, 1, 1), console) in (0, 2)
    assert Entry.objects.filter(action="status.why", target_id=str(person.pk)).count() == 4


def test_the_check_says_equal_or_lists_who_differs(told: World, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("en")
    assert tell_check(console, mend=False) == 0
    assert "Equal" in capsys.readouterr().out
    result(swab(told, ("孙梅",), "S1", capacity=1), "positive")
    assert tell_check(console, mend=True) == 1
    said = capsys.readouterr().out
    assert f"{told.people['孙梅'].pk}:" in said and "→ red positive_result" in said
    assert tell_check(console, mend=False) == 0


def test_two_packs_are_replayed_over_the_product_and_over_a_folder(
    told: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console("en")
    old, new = packs_on_disk()["covid19/v9", 1], packs_on_disk()["practice/v1", 1]
    assert replay_product(old, new, "", None, console, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["people"] == 10
    assert replay_product(old, new, "123456", None, console, as_json=False) == 2
    assert replay_folder(tmp_path, old, new, None, console, as_json=False) == 2
    capsys.readouterr()

    at = timezone.localtime().replace(tzinfo=None, microsecond=0)
    day = pa.timestamp("s")
    tables = {
        "persons": {"person_id": [1, 2]},
        "samples": {"sample_id": [1], "person_id": [1], "tube_id": [7], "sampled_at": pa.array([at], day),
                    "recorded_at": pa.array([at], day)},
        "results": {"result_id": [1], "tube_id": [7], "outcome": ["positive"], "received_at": pa.array([at], day)},
    }  # fmt: skip
    for name, columns in tables.items():
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    later = new.manifest.effective.to or at
    # Before the first pack is in force nobody is red by it; the second one makes the same facts red.
    never = packs_on_disk()["covid19/new10", 1]
    assert not never.is_in_force(at) and later
    assert replay_folder(tmp_path, never, new, at, console, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["people"], found["changed"], found["worsened"]) == (2, 1, 1)
    assert found["counts"] == [
        {"from": "unknown", "to": "red", "before_rule": "", "rule": "positive_result", "people": 1}
    ]


def test_a_replay_over_a_folder_judges_what_was_opened_under_the_pack_before_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at, day = datetime(2022, 11, 11, 8), pa.timestamp("s")
    exposure = {
        "exposure_id": [1], "person_id": [1], "category": ["close_contact"], "opened_under": ["covid19/v9"],
        "anchor_on": pa.array([date(2022, 11, 7)], pa.date32()),
        "recorded_at": pa.array([datetime(2022, 11, 8)], day),
    }  # fmt: skip
    for name, columns in {"persons": {"person_id": [1]}, "exposures": exposure}.items():
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    twenty, v9 = (packs_on_disk()[name, 1] for name in ("covid19/v9+20", "covid19/v9"))
    for others, changed in (((), 0), ((v9,), 1)):
        new_ten = packs_on_disk()["covid19/new10", 1]
        assert replay_folder(tmp_path, new_ten, twenty, at, Console("en"), as_json=True, others=others) == 0
        found = json.loads(capsys.readouterr().out)
        assert [row["rule"] for row in found["counts"] if row["to"] == "red"] == ["category_isolation"] * changed
