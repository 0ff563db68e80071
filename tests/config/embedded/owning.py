"""A process that owns an embedded database, to be killed. Says one line of JSON, then waits for its input's end."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lianfang.config.embedded import EmbeddedError, EmbeddedPostgres


@dataclass
class Owner:
    """The process and what it said."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    def end(self) -> None:
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
        self.process.wait(30)


def own_in_other_process(folder: Path, *, python: str = sys.executable, **options: Any) -> Owner:
    """Start the owner and wait for what it says."""
    process = subprocess.Popen(
        [python, __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": ":".join(filter(None, sys.path))},
        **options,
    )
    assert process.stdout is not None
    return Owner(process, json.loads(process.stdout.readline()))


def say(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def main() -> None:
    database = EmbeddedPostgres(sys.argv[1])
    try:
        found = database.start()
    except EmbeddedError as error:
        say({"code": error.code, "gaps": error.gaps})
        return
    say({"pid": database.pid, "owner_url": found.owner_url, "app_url": found.app_url})
    sys.stdin.read()
    database.stop()


if __name__ == "__main__":
    main()
