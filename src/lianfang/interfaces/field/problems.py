"""What is answered where a request cannot be served: a code with its gaps, which the app has words for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

NOT_STORED = {"Cache-Control": "no-store"}


class RequestProblemError(Exception):
    """``code`` is a text key under ``devices.refused``; ``beside`` goes into the answer as it is."""

    def __init__(
        self, status: int, code: str, *, gaps: Mapping[str, Any] | None = None, retry_after: float = 0.0, **beside: Any
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.gaps = dict(gaps or {})
        self.retry_after = retry_after
        self.beside = beside

    def answer(self) -> Response:
        headers = dict(NOT_STORED)
        if self.retry_after:
            headers["Retry-After"] = str(max(1, round(self.retry_after + 0.5)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Device"
        return JSONResponse({"code": self.code, "gaps": self.gaps, **self.beside}, self.status, headers)
