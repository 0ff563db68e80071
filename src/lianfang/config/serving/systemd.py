"""Tells systemd how far we are (``Type=notify``); does nothing elsewhere."""

from __future__ import annotations

import contextlib
import os
import socket


def tell_systemd(state: str) -> None:
    """Send for example ``READY=1``."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    # Serving does not depend on whether anybody listens.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(state.encode(), name)
