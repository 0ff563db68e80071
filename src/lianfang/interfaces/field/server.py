"""The ASGI application of the field app. Django is set up before this is imported: the same models, the same rules."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from django.conf import settings
from django.db import connection
from django.http.request import split_domain_port, validate_host
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lianfang.interfaces.field.api import Api
from lianfang.interfaces.field.files import PATH, app_file
from lianfang.interfaces.field.problems import NOT_STORED, RequestProblemError
from lianfang.interfaces.field.threads import Threads

log = logging.getLogger(__name__)
HEALTH_PATH = f"{PATH}healthz"


class OurNames:
    """Answers to the installation's own names only, as the pages of the desk do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
            domain, _ = split_domain_port(given)
            if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
                await RequestProblemError(400, "unknown_host").answer()(scope, receive, send)
                return
        await self.app(scope, receive, send)


def make_application() -> Starlette:
    """The application, with threads and limits of its own."""
    threads = Threads()
    api = Api(threads)

    async def health(request: Request) -> Response:
        try:
            await threads.run(_ask_database)
        except Exception:
            log.exception("the database does not answer")
            return JSONResponse({"database": "no answer"}, 503, NOT_STORED)
        return JSONResponse({"database": "well"}, headers=NOT_STORED)

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        resting = asyncio.create_task(threads.rest())
        yield
        resting.cancel()
        with suppress(asyncio.CancelledError):
            await resting
        await threads.close()

    routes: list[BaseRoute] = [
        Route("/", _to_the_app),
        Route("/field", _to_the_app),
        Route(HEALTH_PATH, health),
        Mount("/field/api/v1", routes=api.routes()),
        Route("/field/", app_file),
        Route("/field/{name:path}", app_file),
    ]
    application = Starlette(routes=routes, lifespan=running, exception_handlers={
        RequestProblemError: _problem, 404: _not_found, 405: _not_found, Exception: _failed,
    })  # fmt: skip
    application.add_middleware(OurNames)
    return application


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()


async def _to_the_app(request: Request) -> Response:
    return RedirectResponse(PATH, 308)


async def _problem(request: Request, problem: Any) -> Response:
    answer: Response = problem.answer()
    return answer


async def _not_found(request: Request, error: Any) -> Response:
    return RequestProblemError(error.status_code, "unknown_address").answer()


async def _failed(request: Request, error: Exception) -> Response:
    # Starlette logs it and raises it again once this is sent.
    return RequestProblemError(500, "failed").answer()
