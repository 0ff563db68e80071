"""A disk that is really full: a small file system of its own, seen by one process only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENE = """
import json, os, sys
from contextlib import suppress
from pathlib import Path
import psycopg
from lianfang.config.embedded import DiskFullError, EmbeddedPostgres, launcher
folder, scene = Path(sys.argv[1]), sys.argv[2]
said = {}

def start_refused():
    try:
        EmbeddedPostgres(folder / "data").start()
    except DiskFullError as error:
        return error.gaps

if scene == "too small":
    said["refused"] = start_refused()
    said["left"] = sorted(path.name for path in (folder / "data").iterdir())
elif scene == "full while being made":
    launcher.require_room = lambda folder, is_new: None
    said["refused"] = start_refused()
elif scene == "full while running":
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(20 * 1024 * 1024))
    database = EmbeddedPostgres(folder / "data")
    found = database.start()
    committed = 0
    try:
        with psycopg.connect(found.owner_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int, filling text STORAGE EXTERNAL)")
            free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
            (folder / "more ballast").write_bytes(bytes(free - 12 * 1024 * 1024))
            while True:
                connection.execute(
                    "INSERT INTO kept SELECT %s, repeat('x', 5000) FROM generate_series(1, 20)", [committed]
                )
                committed += 1
    except psycopg.Error as error:
        said["error"] = str(error)
    said["is_disk_full"] = database.is_disk_full or "No space left" in said["error"]
    # Nor is there any for the last checkpoint.
    with suppress(OSError), (folder / "the rest").open("wb", buffering=0) as rest:
        while rest.write(bytes(512)):
            pass
    database.stop()
    said["is_stopped"] = not database.is_alive
    launcher.START_MIB = 10
    said["refused"] = start_refused()
    ballast.unlink()
    (folder / "the rest").unlink()
    (folder / "more ballast").unlink()
    launcher.require_room = lambda folder, is_new: None
    with EmbeddedPostgres(folder / "data") as found, psycopg.connect(found.owner_url) as connection:
        said["kept"] = connection.execute("SELECT count(DISTINCT n) FROM kept").fetchone()[0]
    said["committed"] = committed
print(json.dumps(said))
"""


def play(folder: Path, scene: str, size: str) -> dict[str, object]:
    mount = f'mount -t tmpfs -o mode=755,size={size} tmpfs "$1" && exec "$2" -c "$3" "$1" "$4"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", str(folder), sys.executable, SCENE, scene],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def can_mount() -> bool:
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="needs root and the right to mount")


def test_a_disk_without_room_for_a_database_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    said = play(tmp_path, "too small", "100m")
    refused = said["refused"]
    assert isinstance(refused, dict)
    assert refused["needed"] == 200
    assert 90 <= refused["free"] <= 100
    assert said["left"] == ["embedded"]


def test_a_disk_that_fills_up_while_the_database_is_made_is_said(tmp_path: Path) -> None:
    said = play(tmp_path, "full while being made", "30m")
    assert said["refused"] is not None


def test_a_disk_that_fills_up_while_the_database_runs_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    said = play(tmp_path, "full while running", "260m")
    assert "No space left on device" in str(said["error"]) or said["is_disk_full"]
    assert isinstance(said["committed"], int)
    assert said["committed"] > 10
    assert said["is_stopped"]
    assert said["refused"] is not None
    assert said["kept"] in (said["committed"], said["committed"] + 1)
