from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lianfang.config.cli.outputs import CannotWriteError, write_whole


def test_a_report_that_fails_halfway_leaves_the_old_one_untouched(tmp_path: Path) -> None:
    report = tmp_path / "report.xlsx"
    report.write_text("decisions of the clerk")

    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(CannotWriteError) as caught:
        write_whole(report, half, keep_previous=True)
    assert caught.value.detail == "No space left on device"
    assert report.read_text() == "decisions of the clerk"
    assert [path.name for path in tmp_path.iterdir()] == ["report.xlsx"]


def test_the_report_that_was_there_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    report = tmp_path / "report.xlsx"
    report.write_text("old")
    kept = write_whole(report, lambda path: path.write_text("new") and None, keep_previous=True)
    assert kept == tmp_path / "report.previous.xlsx"
    assert (kept.read_text(), report.read_text()) == ("old", "new")


def test_a_written_file_with_personal_data_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    target = tmp_path / "answer.json"
    write_whole(target, lambda path: path.write_text("{}") and None)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWriteError) as caught:
        write_whole(tmp_path / "absent" / "report.xlsx", lambda path: None)
    assert caught.value.path == tmp_path / "absent" / "report.xlsx"
