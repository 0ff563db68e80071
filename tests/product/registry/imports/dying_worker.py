"""A worker that stops at one point of a step and waits there to be killed: ``dying_worker IMPORT STEP TURN WHERE``.

It says "there" when it is there. WHERE is ``before_commit`` or ``before_undone`` (everything is written or taken back,
and nothing stands yet), or ``after_commit``.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import django


def wait_to_be_killed(*_: Any, **__: Any) -> None:
    sys.stdout.write("there\n")
    sys.stdout.flush()
    signal.pause()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    from lianfang.domains.registry.imports import files, services, steps

    import_id, step, turn, where = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    if where == "before_commit":
        # The last thing of the transaction.
        services._close_files = wait_to_be_killed  # type: ignore[assignment]
    elif where == "before_undone":
        services.record = wait_to_be_killed  # type: ignore[assignment]
    else:
        # The first thing after it.
        files._unlink = wait_to_be_killed
    steps.do_step(import_id=import_id, step=step, turn=turn)


if __name__ == "__main__":
    main()
