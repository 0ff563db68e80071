"""Whether the product answers."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping

_ANSWER_SECONDS = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
HEALTH_PATH, FIELD_HEALTH_PATH = "/healthz", "/field/healthz"
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}


def near_host(host: str) -> str:
    """The host to ask where the product listens on ``host``."""
    return _EVERYWHERE.get(host, host)


def answer_of(host: str, port: int, environment: Mapping[str, str], path: str = HEALTH_PATH) -> tuple[int, str]:
    """The status of the health page and the start of its body; status 0 where nobody answers."""
    connection = http.client.HTTPConnection(near_host(host), port, timeout=_ANSWER_SECONDS)
    # The product answers to its own names alone.
    name = environment.get("LIANFANG_HOSTS", "").partition(",")[0] or "127.0.0.1"
    headers = {"Host": name.lstrip(".*") or "127.0.0.1"}
    if environment.get("LIANFANG_TLS") == "1":
        headers["X-Forwarded-Proto"] = "https"
    try:
        connection.request("GET", path, headers=headers)
        found = connection.getresponse()
        return found.status, found.read(300).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


def wait_for_health(
    host: str,
    port: int,
    environment: Mapping[str, str],
    *,
    seconds: float,
    given_up: threading.Event,
    path: str = HEALTH_PATH,
) -> tuple[bool, str]:
    """Ask until the product answers well. False with the last answer after ``seconds`` or when ``given_up``."""
    until, pause, detail = time.monotonic() + seconds, _FIRST_PAUSE, ""
    while time.monotonic() < until and not given_up.wait(pause):
        status, body = answer_of(host, port, environment, path)
        if status == http.client.OK:
            return True, body
        detail = f"{status} {body}" if status else body
        if status:
            # It runs and is not well: asking faster only fills the log.
            pause = min(2 * pause, _LONGEST_PAUSE)
    return False, detail
