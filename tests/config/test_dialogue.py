"""At a terminal Lianfang asks what it is not sure of, keeps the answer, and uses it; in a script it reports."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROSTER = "姓名,电话,楼栋,房号\n赵一凡,16400000001,10,101\n钱二宝,16400000002,10,102\n"
SAMPLES = (
    "姓名,电话,编号,采样时间\n赵一凡,16400000001,A7K2,2022-08-29 22:00\n钱二宝,16400000002,A7K3,2022-08-29 22:01\n"
)
RESULTS = "试管编号,检测结果\nA7K2,阴性\nA7K3,阴性\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("roster", ROSTER), ("samples", SAMPLES), ("results", RESULTS)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def command(folder: Path) -> list[str]:
    files = [f"--{name}={folder / name}.csv" for name in ("roster", "samples", "results")]
    return [
        sys.executable, "-m", "lianfang", "reconcile", "--lang", "zh-Hans", *files, "--as-of", "2022-08-30T03:00",
        "-o", str(folder / "report.xlsx"), "--json", str(folder / "answer.json"),
        "--mapping", str(folder / "mapping.csv"),
    ]  # fmt: skip


def negative(folder: Path) -> int:
    return int(json.loads((folder / "answer.json").read_text("utf-8"))["totals"]["negative"])


def at_a_terminal(folder: Path, typed: str) -> tuple[int, str]:
    """Run the command with a terminal that types ``typed``; returns its exit code and what it showed."""
    ours, theirs = pty.openpty()
    # CI=true says that nobody sits there; here somebody does.
    around = {name: value for name, value in os.environ.items() if name != "CI"}
    os.write(ours, typed.encode())
    process = subprocess.Popen(command(folder), stdin=theirs, stdout=theirs, stderr=theirs, env=around)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            # The terminal is closed once the command has ended.
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(timeout=60), shown.decode("utf-8", "replace")


def test_an_answer_at_the_terminal_is_used_and_kept_for_the_next_time(folder: Path) -> None:
    script = subprocess.run(
        [*command(folder)[:-2]], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    assert script.returncode == 1, script.stderr
    assert "编号" in script.stderr
    shown = at_a_terminal(folder, "\n")[1]
    choices = [line.split() for line in shown.splitlines() if line.strip()[:1].isdigit()]
    number = next(words[0] for words in choices if words[1:] == ["采样管编号"])
    code, _ = at_a_terminal(folder, f"99\n{number}\n")
    assert code == 0
    assert negative(folder) == 2
    assert "编号,tube_code" in (folder / "mapping.csv").read_text("utf-8-sig")
    again = subprocess.run(command(folder), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert again.returncode == 0, again.stderr
    assert negative(folder) == 2
