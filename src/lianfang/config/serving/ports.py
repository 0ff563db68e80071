"""Whether an address can be listened on, and who does already."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

from lianfang.config.serving.problems import ServingError

_LISTENING = "0A"
_PORTS_TRIED = 50


def require_port(host: str, port: int) -> None:
    """Raises ServingError where nobody can listen on this address now, with a port that is free."""
    error = _bind_error(host, port)
    if error is None:
        return
    if error == errno.EADDRINUSE:
        spare, holder = _next_free(host, port), _holder_of(port)
        if holder is None:
            raise ServingError("port_in_use", port=port, spare=spare)
        raise ServingError("port_in_use_by", port=port, spare=spare, pid=holder[0], program=holder[1])
    if error in (errno.EACCES, errno.EPERM):
        raise ServingError("port_forbidden", port=port)
    raise ServingError("address_not_here", host=host, detail=os.strerror(error) if error > 0 else "")


def _bind_error(host: str, port: int) -> int | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        return -1
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        # Not SO_REUSEPORT: with it the web server would quietly share the port with another.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            return error.errno
    return None


def _next_free(host: str, port: int) -> int:
    for spare in range(port + 1, min(port + _PORTS_TRIED, 65536)):
        if _bind_error(host, spare) is None:
            return spare
    return 0


def _holder_of(port: int) -> tuple[int, str] | None:
    """Process id and name of who listens on the port, where we may see it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            # Processes end while we look, and those of others keep their files to themselves.
            with contextlib.suppress(OSError):
                for handle in (process / "fd").iterdir():
                    if str(handle.readlink()) in inodes:
                        return int(process.name), (process / "comm").read_text("utf-8").strip()
    return None
