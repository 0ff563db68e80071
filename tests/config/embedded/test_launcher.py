from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from lianfang.config.embedded import DiskFullError, EmbeddedError, EmbeddedPostgres, FolderInUseError, running_database
from lianfang.config.embedded import disk as disk_room
from lianfang.config.embedded.leftovers import processes_in
from lianfang.config.embedded.problems import CODES
from lianfang.foundation.texts import LANGUAGES, texts


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def test_the_first_start_makes_an_owner_that_owns_and_an_app_login_that_owns_nothing(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as found:
        rights = rows(
            found.owner_url,
            "SELECT rolname, rolsuper, rolcreaterole, rolinherit, rolcanlogin, rolbypassrls FROM pg_roles "
            "WHERE rolname LIKE 'lianfang%' ORDER BY 1",
        )
        owner = rows(found.app_url, "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'lianfang'")
        assert rights == [
            ("lianfang_app", False, False, False, True, False),
            ("lianfang_owner", False, True, True, True, False),
        ]
        assert owner == [("lianfang_owner",)]
        with psycopg.connect(found.owner_url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        with psycopg.connect(found.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (n int)")
        with psycopg.connect(found.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM kept")


def test_the_server_is_reached_by_password_over_the_socket_alone(folder: Path) -> None:
    with EmbeddedPostgres(folder) as found:
        assert rows(found.owner_url, "SHOW listen_addresses") == [("",)]
        assert rows(found.app_url, "SHOW fsync") == [("on",)]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(found.app_url.replace("lianfang_app:", "lianfang_app:x"))
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host=str(socket_folder(found.app_url)), user="postgres", dbname="postgres", passfile="/none"
            )
        assert stat.S_IMODE(socket_folder(found.app_url).stat().st_mode) == 0o700
        assert len(os.fsencode(socket_folder(found.app_url) / ".s.PGSQL.5432")) <= 107


def test_passwords_are_readable_by_their_owner_only(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        secret = folder / "embedded" / "passwords.json"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "postgres").stat().st_mode) == 0o700


def test_text_sorts_by_code_point_on_every_machine(folder: Path) -> None:
    with EmbeddedPostgres(folder) as found:
        assert rows(found.app_url, "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'lianfang'") == [
            (b"b" if isinstance(rows(found.app_url, "SELECT 'b'::\"char\"")[0][0], bytes) else "b", "C.UTF-8")
        ]
        in_order = "SELECT string_agg(t, '' ORDER BY t) FROM unnest(ARRAY['王', 'b', 'B', 'é', '丁']) t"
        assert rows(found.app_url, in_order) == [("Bbé丁王",)]


def test_data_and_passwords_are_there_after_stop_and_start(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    first = database.start()
    with psycopg.connect(first.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    database.stop()
    second = database.start()
    assert rows(second.owner_url, "SELECT n FROM kept") == [(7,)]
    assert urlsplit(first.owner_url).password == urlsplit(second.owner_url).password
    database.stop()


def test_stop_leaves_no_process_no_socket_and_no_lock(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    found = database.start()
    open_session = psycopg.connect(found.app_url)
    assert processes_in(folder / "postgres") != []
    database.stop()
    assert processes_in(folder / "postgres") == []
    assert not socket_folder(found.app_url).parent.exists()
    assert not database.is_alive
    assert database.pid == 0
    open_session.close()
    with EmbeddedPostgres(folder):
        pass


def test_starting_what_runs_gives_the_same_addresses_and_stopping_twice_does_nothing(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    assert database.start() == database.start()
    database.stop()
    database.stop()


def test_the_server_outlives_the_thread_that_asked_for_it(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    asking = threading.Thread(target=database.start)
    asking.start()
    asking.join()
    # The kernel signals a child when the thread that made it ends; give a wrong signal time to arrive.
    assert not database.wait(0.3)
    database.stop()


@pytest.mark.parametrize("name", ["长" * 40 + "/" + "文件夹" * 25, "with space", "联防数据", "it's 100%?&#", "-dash"])
def test_any_folder_name_will_do(tmp_path: Path, made_once: Path, name: str) -> None:
    import shutil

    folder = tmp_path / name
    shutil.copytree(made_once, folder)
    with EmbeddedPostgres(folder) as found:
        assert rows(found.app_url, "SELECT 1") == [(1,)]


def test_a_relative_folder_stays_where_it_was_when_the_process_moves(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    database = EmbeddedPostgres(folder.name)
    monkeypatch.chdir("/")
    with database as found:
        assert rows(found.app_url, "SELECT 1") == [(1,)]


def test_a_second_start_on_the_folder_is_refused_and_names_the_first(folder: Path) -> None:
    with EmbeddedPostgres(folder) as found:
        with pytest.raises(FolderInUseError) as refused:
            EmbeddedPostgres(folder).start()
        assert refused.value.gaps == {"folder": str(folder), "pid": os.getpid()}
        assert rows(found.app_url, "SELECT 1") == [(1,)]


def test_other_commands_find_the_running_database(folder: Path) -> None:
    assert running_database(folder) is None
    with EmbeddedPostgres(folder) as found:
        seen = running_database(folder)
        assert seen == found
    assert running_database(folder) is None
    assert running_database(folder / "nothing") is None


def test_a_start_that_was_cut_off_in_the_middle_begins_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "data" / "postgres.unfinished" / "base"
    unfinished.mkdir(parents=True)
    with EmbeddedPostgres(tmp_path / "data") as found:
        assert rows(found.app_url, "SELECT 1") == [(1,)]
    assert not unfinished.parent.exists()


@pytest.mark.parametrize("left", ["", "{", "lost"])
def test_lost_passwords_are_replaced_and_the_data_stays(folder: Path, left: str) -> None:
    with EmbeddedPostgres(folder) as before, psycopg.connect(before.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    secret = folder / "embedded" / "passwords.json"
    if left == "lost":
        secret.unlink()
    else:
        secret.write_text(left)
    with EmbeddedPostgres(folder) as after:
        assert rows(after.owner_url, "SELECT n FROM kept") == [(7,)]
        assert rows(after.app_url, "SELECT 1") == [(1,)]
        assert urlsplit(after.app_url).password != urlsplit(before.app_url).password


def test_passwords_of_another_database_are_replaced(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        pass
    secret = folder / "embedded" / "passwords.json"
    secret.write_text(secret.read_text().replace('"postgres": "', '"postgres": "x'))
    with EmbeddedPostgres(folder) as found:
        assert rows(found.app_url, "SELECT 1") == [(1,)]


@pytest.mark.parametrize(("found", "code"), [("16", "data_too_old"), ("19", "data_too_new")])
def test_data_of_another_major_version_is_refused_untouched(folder: Path, found: str, code: str) -> None:
    (folder / "postgres" / "PG_VERSION").write_text(f"{found}\n")
    with pytest.raises(EmbeddedError) as refused:
        EmbeddedPostgres(folder).start()
    assert refused.value.code == code
    assert refused.value.gaps == {"found": found, "major": 18}


def test_settings_of_the_site_are_read_from_a_file_that_is_never_written(folder: Path) -> None:
    (folder / "postgres" / "local.conf").write_text("work_mem = '9MB'\n")
    (folder / "postgres" / "local.conf").chmod(0o644)
    with EmbeddedPostgres(folder) as found:
        assert rows(found.app_url, "SHOW work_mem") == [("9MB",)]


def test_a_server_that_does_not_start_says_why(folder: Path) -> None:
    (folder / "postgres" / "local.conf").write_text("no_such_setting = 1\n")
    (folder / "postgres" / "local.conf").chmod(0o644)
    with pytest.raises(EmbeddedError) as refused:
        EmbeddedPostgres(folder).start()
    assert refused.value.code == "died_at_start"
    assert "no_such_setting" in str(refused.value.gaps["detail"])
    (folder / "postgres" / "local.conf").unlink()
    with EmbeddedPostgres(folder):
        pass


def test_personal_data_in_a_refused_row_stays_out_of_the_log(folder: Path) -> None:
    with EmbeddedPostgres(folder) as found, psycopg.connect(found.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE person (identity text PRIMARY KEY)")
        connection.execute("INSERT INTO person VALUES ('990101199001011237')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s)", ["990101199001011237"])
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("SELEC '990101199001011237'")
    log = (folder / "embedded" / "postgres.log").read_text()
    assert "person_pkey" in log
    assert "990101" not in log


def test_too_little_room_is_said_before_anything_is_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_room, "free_mib", lambda path: 12)
    with pytest.raises(DiskFullError) as refused:
        EmbeddedPostgres(folder).start()
    assert refused.value.gaps == {"folder": str(folder), "free": 12, "needed": 64}


@pytest.mark.parametrize(
    ("said", "is_full"),
    [
        (b'ERROR:  could not extend file "base/5/16384": No space left on device\nHINT:  Check free disk space.', True),
        (b'PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device', True),
        (b'FATAL:  could not write lock file "postmaster.pid": Disk quota exceeded', True),
        (b'FATAL:  could not open file "base/5/16384": Permission denied', False),
    ],
)
def test_a_full_disk_is_known_by_the_words_of_the_server(said: bytes, is_full: bool) -> None:
    assert disk_room.says_disk_full(said) is is_full


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str) -> None:
    known = texts(language)
    assert [code for code in CODES if f"serving.problem.{code}" not in known] == []


def test_a_reason_without_words_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="strange"):
        EmbeddedError("strange")
