"""Started by root the server runs as somebody else; started by anybody else it runs as them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from lianfang.config.embedded import EmbeddedError, EmbeddedPostgres, accounts
from lianfang.config.embedded.accounts import can_enter
from lianfang.config.embedded.children import Account
from tests.config.embedded.owning import own_in_other_process

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as somebody else")
NOBODY = 65534


USER = {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@pytest.fixture(scope="module")
def everyones_python() -> str:
    """A Python of our version that everybody may run; ours may stand in root's own folder."""
    version = "import sys; print(sys.version_info[:2])"
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run([python, "-c", version], capture_output=True, text=True, check=False, cwd="/", **USER)
        except PermissionError:
            continue
        if done.stdout.strip() == str(sys.version_info[:2]):
            return python
    pytest.skip("no Python of our version that a user other than root may run")


def uid_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@as_root
def test_started_by_root_the_server_is_not_root(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    database.start()
    status = Path(f"/proc/{database.pid}/status").read_text()
    assert uid_of(database.pid) != 0
    assert "Groups:\t\n" in status or "Groups:\t \n" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs" in status
    database.stop()


@as_root
def test_a_folder_under_a_closed_folder_is_used_without_opening_it(tmp_path: Path) -> None:
    closed = tmp_path / "root" / "checkout"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    above = [*reversed(closed.parents), closed]
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in above]
    with EmbeddedPostgres(closed / "lianfang-data") as found, psycopg.connect(found.app_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not can_enter(Account(NOBODY, NOBODY), closed)
    assert [(path, path.stat().st_mode, path.stat().st_uid) for path in above] == before


@as_root
def test_programs_out_of_reach_are_copied_for_one_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lianfang.config.embedded.programs.can_enter", lambda account, path: False)
    database = EmbeddedPostgres(folder)
    found = database.start()
    program = Path(f"/proc/{database.pid}/exe").resolve()
    assert program.parts[-2:] == ("bin", "postgres")
    assert program.parts[:3] == Path(found.app_url.partition("host=")[2]).parts[:3]
    assert program.stat().st_uid == 0
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    with psycopg.connect(found.owner_url) as connection:
        connection.execute("DO $$ BEGIN PERFORM 1; END $$")
    os.kill(database.pid, 9)
    database.wait(10)
    assert database.start() == found
    database.stop()
    assert not program.exists()


@as_root
def test_data_that_was_copied_back_by_root_is_given_to_the_server_again(folder: Path) -> None:
    for path in (folder / "postgres", *(folder / "postgres").rglob("*")):
        os.chown(path, 0, 0, follow_symlinks=False)
    with EmbeddedPostgres(folder) as found, psycopg.connect(found.app_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert (folder / "postgres").stat().st_uid != 0


@as_root
def test_data_of_a_user_stays_that_users_when_root_starts_it(folder: Path) -> None:
    for path in (folder / "postgres", *(folder / "postgres").rglob("*")):
        os.chown(path, 54321, 54321, follow_symlinks=False)
    database = EmbeddedPostgres(folder)
    database.start()
    assert uid_of(database.pid) == 54321
    database.stop()
    assert (folder / "postgres" / "PG_VERSION").stat().st_uid == 54321


@as_root
def test_started_by_a_user_the_server_runs_as_that_user(open_folder: Path, everyones_python: str) -> None:
    os.chown(open_folder, NOBODY, NOBODY)
    owner = own_in_other_process(open_folder / "data", python=everyones_python, **USER)
    assert uid_of(owner.said["pid"]) == NOBODY
    with psycopg.connect(owner.said["app_url"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    owner.end()


@as_root
def test_a_folder_of_somebody_else_is_refused_with_its_name(
    open_folder: Path, made_once: Path, everyones_python: str
) -> None:
    shutil.copytree(made_once, open_folder / "data")
    owner = own_in_other_process(open_folder / "data", python=everyones_python, **USER)
    assert owner.said == {"code": "folder_not_ours", "gaps": {"folder": str(open_folder / "data")}}
    owner.end()


@as_root
def test_without_any_user_to_run_as_the_reason_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "PREFERRED_USERS", ("nosuchuser",))
    with pytest.raises(EmbeddedError) as refused:
        EmbeddedPostgres(tmp_path / "data").start()
    assert refused.value.code == "account_refused"


def test_a_folder_that_cannot_be_made_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EmbeddedError) as refused:
        EmbeddedPostgres(tmp_path / "file" / "data").start()
    assert refused.value.code == "folder_refused"
