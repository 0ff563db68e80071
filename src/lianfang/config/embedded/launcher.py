"""Starts and stops the embedded database."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import psycopg

from lianfang.config.embedded import cluster, places
from lianfang.config.embedded.accounts import own_all, server_account
from lianfang.config.embedded.children import Account, Child, Program
from lianfang.config.embedded.configuration import write_configuration
from lianfang.config.embedded.disk import START_MIB, free_mib, require_room, says_disk_full
from lianfang.config.embedded.leftovers import take_over
from lianfang.config.embedded.locks import FileLock
from lianfang.config.embedded.logins import (
    Addresses,
    addresses,
    load_passwords,
    new_passwords,
    save_passwords,
)
from lianfang.config.embedded.places import Places, RunFolder
from lianfang.config.embedded.problems import DiskFullError, EmbeddedError, FolderInUseError
from lianfang.config.embedded.programs import Programs, programs_for
from lianfang.config.embedded.server_log import ServerLog

# Replaying what a killed server had not yet written to its tables may take minutes.
_START_SECONDS = 600.0
_STOP_SECONDS = 60.0
# How long a shutdown is waited for before looking whether it can end at all, and how long an immediate one.
_LOOK_SECONDS, _END_SECONDS = 3.0, 10.0
_LOOK_SECONDS = 0.02


class EmbeddedPostgres:
    """One embedded database in ``folder`` (its data in ``folder/postgres``), owned by this process.

    It dies with this process, however that dies. One process owns a folder at a time. After the server
    itself died, ``start`` starts it again under the same addresses. Not for use by several threads at once.
    """

    def __init__(self, folder: Path | str, *, on_end: Callable[[], None] | None = None) -> None:
        """``on_end`` is called, in a thread of its own, whenever the server's process ends."""
        self._on_end = on_end
        self._places = Places(Path(folder).absolute())
        self._lock = FileLock(self._places.owner_lock)
        self._log = ServerLog(self._places.log)
        self._run: RunFolder | None = None
        self._child: Child | None = None
        self._addresses: Addresses | None = None
        self._owner = 0

    def start(self) -> Addresses:
        """Start the server, the first time making its data and logins; returns when it answers.

        Where it runs already, its addresses. Raises EmbeddedError (DiskFullError, FolderInUseError); then
        nothing runs and nothing is lost. A first start that fails gives the folder up; a later one keeps it
        and its addresses, so that it can be tried again.
        """
        if self.is_alive and self._addresses is not None:
            return self._addresses
        if sys.platform != "linux":
            raise EmbeddedError("needs_linux")
        self._own_folder()
        try:
            return self._start_server()
        except OSError as error:
            self._give_up()
            raise self._explain(error) from error
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        if self._addresses is None:
            self.stop()
        elif self._child is not None:
            self._stop_server(self._child)

    def _stop_server(self, child: Child) -> None:
        """Fast shutdown: sessions end, everything is written. Where the disk is full the last checkpoint cannot be, and
        the server would wait for ever: it ends at once, and the next start finds what was committed in the log."""
        until = time.monotonic() + _STOP_SECONDS
        child.send(signal.SIGINT)
        while child.is_alive and not child.exited.wait(_LOOK_SECONDS):
            if self.is_disk_full or time.monotonic() > until:
                child.stop(asked=signal.SIGQUIT, patience=_END_SECONDS)
                return

    def stop(self) -> None:
        """Stop the server, ending open sessions, and give the folder up. Does nothing where nothing runs."""
        if self._owner != os.getpid():
            # A copy of this object in a forked process owns nothing.
            return
        if self._child is not None:
            self._stop_server(self._child)
            # Its last words belong into the log.
            self._child.drain(timeout=2)
            self._child = None
        if self._run is not None:
            self._run.remove()
            self._run = None
            self._places.run_record.unlink(missing_ok=True)
        self._addresses = None
        self._lock.release()
        self._owner = 0
        atexit.unregister(self.stop)

    @property
    def is_alive(self) -> bool:
        """The server's process runs."""
        return self._child is not None and self._child.is_alive

    @property
    def pid(self) -> int:
        """The server's process id; 0 where it does not run."""
        return self._child.pid if self._child is not None and self._child.is_alive else 0

    @property
    def is_disk_full(self) -> bool:
        """The server's last words say that the disk is full."""
        return says_disk_full(self._log.end())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the server's end; False where it still runs after ``timeout`` seconds."""
        return self._child is None or self._child.exited.wait(timeout)

    def __enter__(self) -> Addresses:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _own_folder(self) -> None:
        if self._lock.is_held:
            return
        self._places.make(is_root=os.geteuid() == 0)
        if not self._lock.take():
            signature = self._lock.signature().strip()
            raise FolderInUseError(folder=str(self._places.folder), pid=int(signature) if signature.isdigit() else 0)
        self._lock.sign(str(os.getpid()))
        self._owner = os.getpid()
        atexit.register(self.stop)

    def _start_server(self) -> Addresses:
        server_lock = take_over(self._places)
        try:
            account = self._account()
            programs = self._prepare_run(account)
            passwords = load_passwords(self._places.passwords)
            is_new = not (self._places.cluster / "PG_VERSION").exists()
            require_room(self._places.folder, is_new=is_new)
            if is_new:
                cluster.make_cluster(self._places, programs, account)
            cluster.check_version(self._places.cluster)
            if is_new or passwords is None:
                passwords = self._reset(programs, account)
            self._child = self._run_server(programs, account, server_lock)
        finally:
            # From here on the server's processes alone hold the lock.
            server_lock.close()
        return self._log_in(passwords)

    def _account(self) -> Account | None:
        data = self._places.cluster
        owner = data.stat().st_uid if data.exists() else None
        account = server_account(owner)
        if account is not None and owner == 0:
            own_all(data, account)
        if account is None and owner not in (None, os.geteuid()):
            raise EmbeddedError("folder_not_ours", folder=str(data))
        return account

    def _prepare_run(self, account: Account | None) -> Programs:
        if self._run is None:
            stale = places.recorded_run(self._places)
            if stale is not None:
                stale.remove()
            self._run = places.make_run_folder(account)
            places.record_run(self._places, self._run)
        copied = self._run.path / "programs"
        return Programs(next(copied.glob("*/*/bin"))) if copied.exists() else programs_for(account, self._run.path)

    def _reset(self, programs: Programs, account: Account | None) -> dict[str, str]:
        self._places.passwords.unlink(missing_ok=True)
        passwords = new_passwords()
        cluster.set_root_password(self._places, programs, account, passwords["postgres"])
        return passwords

    def _run_server(self, programs: Programs, account: Account | None, lock: FileLock) -> Child:
        assert self._run is not None
        self._log.forget()
        with cluster.reach(self._places.cluster, account) as reached:
            settings = write_configuration(self._run.path, cluster=reached.path, socket_folder=self._run.socket)
            program = Program(
                [programs.path("postgres"), "-D", reached.path, "-c", f"config_file={settings}"],
                cluster.ENVIRONMENT,
                account,
                # Fast shutdown, as in ``stop``.
                death_signal=signal.SIGINT,
                pass_fds=(lock.handle, *reached.handles),
                folder="/",
            )
            child = Child(program, on_line=self._log.take, on_exit=self._ended)
            child.start()
        try:
            self._await_ready(child)
        except BaseException:
            self._stop_server(child)
            raise
        return child

    def _ended(self, child: Child) -> None:
        if self._on_end is not None:
            self._on_end()

    def _log_in(self, passwords: dict[str, str]) -> Addresses:
        assert self._run is not None
        assert self._child is not None
        found = addresses(passwords, self._run.socket)
        is_first = not self._places.passwords.exists()
        try:
            cluster.ensure_logins(found.root_url, passwords, set_passwords=is_first)
        except psycopg.OperationalError as error:
            if is_first or "password authentication failed" not in str(error):
                raise self._explain(error) from error
            # These are the passwords of another database: the data was copied here without its own.
            self._child.stop(asked=signal.SIGINT, patience=_STOP_SECONDS)
            self._places.passwords.unlink()
            return self._start_server()
        except psycopg.Error as error:
            raise self._explain(error) from error
        if is_first:
            save_passwords(self._places.passwords, passwords)
        self._addresses = found
        return found

    def _await_ready(self, child: Child) -> None:
        """Until the server writes into its pid file that it is ready, as pg_ctl does."""
        pid_file = self._places.cluster / "postmaster.pid"
        until = time.monotonic() + _START_SECONDS
        while child.is_alive and not child.exited.wait(_LOOK_SECONDS):
            try:
                lines = pid_file.read_text("utf-8", "replace").splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) >= 8 and lines[0].strip() == str(child.pid) and lines[7].strip() == "ready":
                return
            if time.monotonic() > until:
                raise EmbeddedError("start_took_too_long", seconds=int(_START_SECONDS))
        child.drain(timeout=5)
        raise self._explain(None)

    def _explain(self, error: Exception | None) -> EmbeddedError:
        said = self._log.end()
        folder = str(self._places.folder)
        is_full = says_disk_full(said) or (isinstance(error, OSError) and says_disk_full(str(error).encode()))
        if is_full:
            return DiskFullError(folder=folder, free_mib=free_mib(self._places.folder), needed_mib=START_MIB)
        detail = cluster.last_words(said) or str(error or "")
        return EmbeddedError("died_at_start", folder=folder, detail=detail, log=str(self._places.log))


def running_database(folder: Path | str) -> Addresses | None:
    """The addresses of the database that another process runs in ``folder``; None where none runs."""
    spot = Places(Path(folder).absolute())
    if not spot.owner_lock.exists():
        return None
    probe = FileLock(spot.owner_lock)
    if probe.take():
        probe.release()
        return None
    run, passwords = places.recorded_run(spot), load_passwords(spot.passwords)
    return addresses(passwords, run.socket) if run is not None and passwords is not None else None
