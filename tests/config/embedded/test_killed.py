"""kill -9 of the owner, of the server, of both; what is left of them; process ids that went to others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from lianfang.config.embedded import EmbeddedError, EmbeddedPostgres
from lianfang.config.embedded.leftovers import processes_in
from lianfang.config.embedded.locks import FileLock
from lianfang.config.embedded.programs import find_programs
from tests.config.embedded.owning import own_in_other_process

IS_ROOT = os.geteuid() == 0


def keep(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def kept(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM kept ORDER BY n").fetchall()]


def no_server_left(folder: Path) -> bool:
    """Waits for the server's end: the lock that all of its processes hold is free."""
    lock = FileLock(folder / "embedded" / "server.lock")
    is_free = lock.take(patience=15)
    lock.release()
    return is_free


def test_kill_9_of_the_owner_takes_the_server_with_it_and_loses_nothing(folder: Path) -> None:
    owner = own_in_other_process(folder)
    keep(owner.said["owner_url"], 1)
    open_session = psycopg.connect(owner.said["app_url"])
    owner.process.kill()
    owner.process.wait()
    assert no_server_left(folder)
    assert processes_in(folder / "postgres") == []
    open_session.close()
    with EmbeddedPostgres(folder) as found:
        assert kept(found.owner_url) == [1]


def test_kill_9_of_the_owner_leaves_no_folder_after_the_next_start(folder: Path) -> None:
    owner = own_in_other_process(folder)
    run = Path(owner.said["app_url"].partition("host=")[2]).parent
    owner.process.kill()
    owner.process.wait()
    assert run.exists()
    with EmbeddedPostgres(folder):
        assert not run.exists()


def test_kill_9_of_the_server_is_noticed_and_the_next_start_has_the_same_addresses_and_data(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    found = database.start()
    keep(found.owner_url, 1)
    os.kill(database.pid, signal.SIGKILL)
    assert database.wait(10)
    assert not database.is_alive
    assert database.start() == found
    assert kept(found.owner_url) == [1]
    database.stop()


def test_kill_9_of_owner_and_server_at_once_loses_nothing(folder: Path) -> None:
    owner = own_in_other_process(folder)
    keep(owner.said["owner_url"], 1)
    os.kill(owner.said["pid"], signal.SIGSTOP)
    owner.process.kill()
    os.kill(owner.said["pid"], signal.SIGKILL)
    owner.process.wait()
    with EmbeddedPostgres(folder) as found:
        assert kept(found.owner_url) == [1]


def test_kill_9_in_the_middle_of_a_transaction_keeps_what_was_committed_and_nothing_else(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    found = database.start()
    keep(found.owner_url, 1)
    writer = psycopg.connect(found.owner_url)
    writer.execute("INSERT INTO kept SELECT generate_series(2, 20000)")
    os.kill(database.pid, signal.SIGKILL)
    assert database.wait(10)
    database.start()
    writer.close()
    assert kept(found.owner_url) == [1]
    database.stop()


class Writer(threading.Thread):
    """Writes numbers one by one until told to end, and knows which ones the database has acknowledged."""

    def __init__(self, url: str, first: int) -> None:
        super().__init__()
        self.url, self.next, self.acknowledged = url, first, set[int]()
        self.ended = threading.Event()
        self.reached = threading.Condition()

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True) as connection:
                    while not self.ended.is_set():
                        connection.execute("INSERT INTO kept VALUES (%s)", [self.next])
                        with self.reached:
                            self.acknowledged.add(self.next)
                            self.next += 1
                            self.reached.notify_all()
            except psycopg.OperationalError:
                # As the product does: what was not acknowledged is sent again, under its own number.
                self.ended.wait(0.01)

    def write_more(self, count: int) -> None:
        """Wait until ``count`` more are acknowledged."""
        with self.reached:
            goal = len(self.acknowledged) + count
            assert self.reached.wait_for(lambda: len(self.acknowledged) >= goal, 30)


def test_killed_and_restarted_under_load_the_database_has_everything_it_acknowledged(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    found = database.start()
    keep(found.owner_url, 0)
    writers = [Writer(found.owner_url, first) for first in (1_000_000, 2_000_000, 3_000_000, 4_000_000)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        for writer in writers:
            writer.write_more(20)
        os.kill(database.pid, signal.SIGKILL)
        assert database.wait(10)
        database.start()
    for writer in writers:
        writer.write_more(20)
        writer.ended.set()
        writer.join()
    acknowledged = set().union(*(writer.acknowledged for writer in writers))
    assert len(acknowledged) >= 320
    assert acknowledged - set(kept(found.owner_url)) == set()
    database.stop()


def test_a_pid_file_whose_id_went_to_another_live_program_does_not_stop_the_start(folder: Path) -> None:
    account = {"user": (folder / "postgres").stat().st_uid} if IS_ROOT else {}
    other = subprocess.Popen(["sleep", "60"], **account)
    pid_file = folder / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{other.pid}\n{folder}/postgres\n1661828400\n5432\n/tmp\n\n  5432001         3\nready   \n")
    try:
        with EmbeddedPostgres(folder) as found, psycopg.connect(found.app_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        other.kill()
        other.wait()


def test_a_zombie_is_not_alive(folder: Path) -> None:
    # The owner is stopped and so does not reap its dead server: the server stays a zombie.
    owner = own_in_other_process(folder)
    server = owner.said["pid"]
    os.kill(owner.process.pid, signal.SIGSTOP)
    # Waits until every thread of it has stopped.
    os.waitid(os.P_PID, owner.process.pid, os.WSTOPPED | os.WNOWAIT)
    os.kill(server, signal.SIGKILL)
    assert no_server_left(folder)
    assert "State:\tZ" in Path(f"/proc/{server}/status").read_text()
    assert processes_in(folder / "postgres") == []
    owner.process.kill()
    owner.process.wait()
    with EmbeddedPostgres(folder):
        pass


def test_a_session_that_survived_its_server_is_ended_before_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lianfang.config.embedded.leftovers._ENDS_BY_ITSELF_SECONDS", 0.2)
    owner = own_in_other_process(folder)
    session = psycopg.connect(owner.said["owner_url"])
    backend = session.info.backend_pid
    # Stopped, it cannot notice that its server is gone.
    os.kill(backend, signal.SIGSTOP)
    owner.process.kill()
    os.kill(owner.said["pid"], signal.SIGKILL)
    owner.process.wait()
    assert backend in processes_in(folder / "postgres")
    with EmbeddedPostgres(folder):
        assert backend not in processes_in(folder / "postgres")
    session.close()


def test_a_server_started_by_hand_is_left_alone_and_named(folder: Path, open_folder: Path) -> None:
    open_folder.chmod(0o777)
    account = {"user": (folder / "postgres").stat().st_uid, "group": 65534, "extra_groups": []} if IS_ROOT else {}
    handle = os.open(folder / "postgres", os.O_PATH)
    by_hand = subprocess.Popen(
        [find_programs().path("postgres"), "-D", f"/proc/self/fd/{handle}", "-h", "", "-k", str(open_folder)],
        pass_fds=[handle],
        stderr=subprocess.PIPE,
        **account,
    )
    os.close(handle)
    assert by_hand.stderr is not None
    for line in by_hand.stderr:
        if b"ready to accept connections" in line:
            break
    try:
        with pytest.raises(EmbeddedError) as refused:
            EmbeddedPostgres(folder).start()
        assert refused.value.code == "foreign_server"
        assert str(by_hand.pid) in str(refused.value.gaps["pids"])
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait()
        by_hand.stderr.close()


def test_a_second_process_is_refused_with_the_id_of_the_first(folder: Path) -> None:
    owner = own_in_other_process(folder)
    second = own_in_other_process(folder)
    assert second.said["code"] == "folder_in_use"
    assert second.said["gaps"]["pid"] == owner.process.pid
    second.end()
    owner.end()


def test_the_end_of_the_owner_stops_the_server_in_order(folder: Path) -> None:
    owner = own_in_other_process(folder)
    keep(owner.said["owner_url"], 1)
    owner.end()
    assert no_server_left(folder)
    assert "database system was not properly shut down" not in (folder / "embedded" / "postgres.log").read_text()


def test_an_owner_that_ends_without_stopping_stops_the_server_all_the_same(folder: Path) -> None:
    code = "import sys; from lianfang.config.embedded import EmbeddedPostgres; EmbeddedPostgres(sys.argv[1]).start()"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    assert no_server_left(folder)


def test_a_server_that_cannot_end_because_the_disk_is_full_is_ended_and_nothing_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last checkpoint fails, and it would wait for another that never comes: here the process that writes it is
    held, and what the log says is said."""
    database = EmbeddedPostgres(folder)
    found = database.start()
    with psycopg.connect(found.root_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        (row,) = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'").fetchall()
    os.kill(row[0], signal.SIGSTOP)
    monkeypatch.setattr(EmbeddedPostgres, "is_disk_full", property(lambda self: True))
    database.stop()
    assert not database.is_alive
    with EmbeddedPostgres(folder) as found, psycopg.connect(found.root_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
