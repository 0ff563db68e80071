"""Runs as a script of its own (``python -I -S trampoline.py ORDER``) and becomes the program that ORDER names.

Between fork and exec it drops root and asks the kernel for a signal when the parent dies. It is a script,
not a ``preexec_fn``: Python code between fork and exec may deadlock where the parent has threads.
It may import nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys

SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
CANNOT_RUN = 126


def main() -> None:
    order = json.loads(sys.argv[1])
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
        os.umask(0o077)
    if order["death_signal"]:
        # After setuid, because a change of user clears it; a change of program does not.
        if ctypes.CDLL(None, use_errno=True).prctl(SET_DEATH_SIGNAL, order["death_signal"]) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        if os.getppid() != order["parent"]:
            # The parent died before the request was made: the signal will never come.
            os._exit(0)
    if order["folder"] is not None:
        os.chdir(order["folder"])
    os.execve(order["argv"][0], order["argv"], order["environment"])


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.stderr.write(f"{error.strerror}: {error.filename or ''}\n")
        os._exit(CANNOT_RUN)
