"""Where everything of one embedded database lies."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lianfang.config.embedded.accounts import can_enter, own_all
from lianfang.config.embedded.children import Account
from lianfang.config.embedded.problems import EmbeddedError

_SOCKET_PATH_LIMIT = 107
_SOCKET_NAME = ".s.PGSQL.5432"
_PREFIX = "lianfang-pg-"
_RANDOM_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Places:
    """``folder`` is the product's; in it ``postgres`` is the cluster, ``embedded`` what the launcher needs."""

    folder: Path

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres"

    @property
    def unfinished(self) -> Path:
        """Where a new cluster grows until it is whole."""
        return self.folder / "postgres.unfinished"

    @property
    def launcher(self) -> Path:
        return self.folder / "embedded"

    @property
    def owner_lock(self) -> Path:
        return self.launcher / "owner.lock"

    @property
    def server_lock(self) -> Path:
        return self.launcher / "server.lock"

    @property
    def passwords(self) -> Path:
        return self.launcher / "passwords.json"

    @property
    def run_record(self) -> Path:
        return self.launcher / "run.json"

    @property
    def log(self) -> Path:
        return self.launcher / "postgres.log"

    def make(self, *, is_root: bool) -> None:
        """Make the folders. As root the server's user may pass through ``folder``, and reads nothing in it.

        Raises EmbeddedError("folder_refused").
        """
        try:
            self.folder.mkdir(mode=0o711 if is_root else 0o700, parents=True, exist_ok=True)
            self.launcher.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise EmbeddedError("folder_refused", folder=str(self.folder), detail=error.strerror or "") from error
        if not os.access(self.folder, os.W_OK) or not os.access(self.launcher, os.W_OK):
            raise EmbeddedError("folder_not_ours", folder=str(self.folder))


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder with a short path for one run: the socket, and programs where the wheel's are out of reach."""

    path: Path

    @property
    def socket(self) -> Path:
        return self.path / "s"

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def make_run_folder(account: Account | None) -> RunFolder:
    """A new private folder that the account can reach and whose socket path is short enough.

    Raises EmbeddedError("no_place_for_socket").
    """
    for base in _bases():
        longest = base / (_PREFIX + "x" * _RANDOM_CHARACTERS) / "s" / _SOCKET_NAME
        if len(os.fsencode(longest)) > _SOCKET_PATH_LIMIT or not _is_usable(base, account):
            continue
        run = RunFolder(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base)))
        if account is not None:
            run.path.chmod(0o711)
        run.socket.mkdir(mode=0o700)
        if account is not None:
            own_all(run.socket, account)
        return run
    raise EmbeddedError("no_place_for_socket", limit=_SOCKET_PATH_LIMIT)


def _bases() -> Iterator[Path]:
    # systemd's RuntimeDirectory= comes first: a private /tmp would hide the socket from `lianfang backup`.
    for folder in filter(None, os.environ.get("RUNTIME_DIRECTORY", "").split(":")):
        yield Path(folder)
    for folder in (tempfile.gettempdir(), "/tmp", "/run", "/var/tmp"):
        yield Path(folder)


def _is_usable(base: Path, account: Account | None) -> bool:
    if not base.is_dir() or not os.access(base, os.W_OK | os.X_OK) or not can_enter(account, base):
        return False
    # Programs may have to be copied there for the account.
    return account is None or not os.statvfs(base).f_flag & os.ST_NOEXEC


def record_run(places: Places, run: RunFolder) -> None:
    """Note where this run's socket is, for other commands and for cleaning up after kill -9."""
    # Made anew: after a run as root the file may belong to root, the folder is ours all the same.
    places.run_record.unlink(missing_ok=True)
    places.run_record.write_text(json.dumps({"folder": str(run.path)}), "utf-8")


def recorded_run(places: Places) -> RunFolder | None:
    """The run folder that was noted last, if it is still there."""
    try:
        path = Path(json.loads(places.run_record.read_text("utf-8"))["folder"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    is_one = path.name.startswith(_PREFIX) and path.is_dir() and not path.is_symlink()
    return RunFolder(path) if is_one and path.stat().st_uid == os.geteuid() else None
