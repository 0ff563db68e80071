"""What devices send and ask: ``/field/api/v1/``. Every request but the first says which device it is."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import asked_of
from lianfang.foundation.devices.models import Device, Progress
from lianfang.foundation.devices.selectors import MOST_ANSWERS, answers_after
from lianfang.foundation.devices.services import (
    Batch,
    BatchError,
    Credentials,
    DeviceEndedError,
    DeviceProblemError,
    DeviceUnknownError,
    NoPackageError,
    accept_items,
    answers_to,
    apply_waiting,
    authenticate,
    enrol_device,
    lookup_key_of,
    note_contact,
    package_content,
    package_etags,
    read_batch,
    read_credentials,
    still_takes,
    storage_key_of,
)
from lianfang.interfaces.field.addresses import address_of
from lianfang.interfaces.field.bodies import read_body, read_json, unpacked
from lianfang.interfaces.field.limits import MOST_ASKED, MOST_SENT, Buckets
from lianfang.interfaces.field.problems import NOT_STORED, RequestProblemError
from lianfang.interfaces.field.questions import Questions
from lianfang.interfaces.field.threads import Threads

log = logging.getLogger(__name__)
# So few are applied while the device waits; of more it hears at its next look.
APPLIED_AT_ONCE = 50
REQUESTS_AT_ONCE = 120
_write_json = msgspec.json.Encoder().encode
_PACK_FROM = 1_000
_packed_with = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The endpoints, with what they share while the server runs."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._questions = Questions(threads)
        self._enrolling = Buckets(per_second=0.5, burst=20)
        self._requests = Buckets(per_second=10, burst=REQUESTS_AT_ONCE)
        self._asking = Buckets(per_second=50, burst=200)

    def routes(self) -> list[Route]:
        def route(path: str, method: str, endpoint: Endpoint) -> Route:
            return Route(path, endpoint, methods=[method])

        return [
            route("/now", "GET", now),
            route("/enrol", "POST", self.enrol),
            route("/contact", "POST", self.contact),
            route("/items", "POST", self.items),
            route("/answers", "GET", self.answers),
            route("/packages/{name}", "GET", self.package),
            route("/gate/check", "POST", self.gate_check),
            route("/gate/changes", "GET", self.gate_changes),
        ]

    async def enrol(self, request: Request) -> Response:
        _wait_if(self._enrolling.wait_for(address_of(request)))
        body = _mapping(read_json(await read_body(request, MOST_ASKED), _encoding(request)))
        return await self._answered(_enrol, body)

    async def contact(self, request: Request) -> Response:
        credentials = self._credentials(request)
        body = _mapping(read_json(await read_body(request, MOST_ASKED), _encoding(request)))
        return await self._answered(_contact, credentials, body)

    async def items(self, request: Request) -> Response:
        credentials = self._credentials(request)
        body = await read_body(request, MOST_SENT)
        return await self._answered(_items, credentials, body, _encoding(request))

    async def answers(self, request: Request) -> Response:
        credentials = self._credentials(request)
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdecimal() and len(after) < 16):
            raise RequestProblemError(400, "no_number")
        return await self._answered(_answers, credentials, int(after))

    async def package(self, request: Request) -> Response:
        credentials = self._credentials(request)
        name, known = request.path_params["name"], request.headers.get("if-none-match", "")
        packs = "gzip" in request.headers.get("accept-encoding", "")
        return await self._threads.run(_package, credentials, name, known, packs=packs)

    async def gate_check(self, request: Request) -> Response:
        credentials = self._credentials(request, self._asking)
        body = _mapping(read_json(await read_body(request, MOST_ASKED), _encoding(request)))
        return await self._asked("gate.check", credentials, body)

    async def gate_changes(self, request: Request) -> Response:
        credentials = self._credentials(request)
        return await self._asked("gate.changes", credentials, dict(request.query_params))

    async def _asked(self, name: str, credentials: Credentials, body: Mapping[str, Any]) -> Response:
        if asked_of(name) is None:
            raise RequestProblemError(404, "unknown_question")
        return _json(await self._questions.ask(name, credentials, body))

    async def _answered(self, function: Callable[..., Mapping[str, Any]], *given: Any) -> Response:
        return _json(await self._threads.run(function, *given))

    def _credentials(self, request: Request, buckets: Buckets | None = None) -> Credentials:
        try:
            found = read_credentials(request.headers.get("authorization", ""))
        except DeviceUnknownError:
            raise RequestProblemError(401, "unknown_device") from None
        _wait_if((buckets or self._requests).wait_for(found.device_id.hex))
        return found


async def now(request: Request) -> Response:
    """The server's clock; also what an answer costs when nothing is looked up."""
    return _json({"server_at": timezone.now().isoformat()})


# In a thread, with a database session


def _enrol(body: Mapping[str, Any]) -> Mapping[str, Any]:
    token, name = body.get("token"), body.get("name", "")
    if not isinstance(token, str) or not isinstance(name, str):
        raise RequestProblemError(400, "no_token")
    try:
        done = enrol_device(token=token[:200], name=name)
    except DeviceProblemError as problem:
        raise RequestProblemError(403, problem.code) from None
    device = done.device
    with acting_as(system_actor("field")):
        return {
            "device": {
                "id": str(device.pk), "name": device.name, "holder": device.holder, "key_epoch": device.key_epoch,
            },
            "secret": done.secret,
            "role": device.role,
            "places": {
                "level": device.level, "ids": device.scope_ids, "place": device.place_id, "label": device.place_label,
            },
            "ends_at": device.ends_at.isoformat(),
            "storage_key": storage_key_of(device),
            "lookup_key": lookup_key_of(device),
            "server_at": timezone.now().isoformat(),
        }  # fmt: skip


def _contact(credentials: Credentials, body: Mapping[str, Any]) -> Mapping[str, Any]:
    with acting_as(system_actor("field")):
        device, moment = _device(credentials), timezone.now()
        note_contact(device, moment, None)
        return {
            "ends_at": device.ends_at.isoformat(),
            "storage_key": storage_key_of(device),
            "key_epoch": device.key_epoch,
            "packages": package_etags(device=device, moment=moment),
            "answers_after": Progress.objects.values_list("answers", flat=True).get(device_id=device.pk),
            "server_at": timezone.now().isoformat(),
        }


def _items(credentials: Credentials, body: bytes, encoding: str) -> Mapping[str, Any]:
    sent, received_at = unpacked(body, encoding), timezone.now()
    device, ended = _sender(credentials, received_at)
    try:
        batch = read_batch(sent, device_id=device.pk, received_at=received_at)
    except BatchError as problem:
        raise RequestProblemError(413 if problem.code == "too_many" else 400, problem.code) from None
    answers = accept_items(device=device, batch=batch, ended=ended)
    if 0 < sum(one["state"] == "received" for one in answers) <= APPLIED_AT_ONCE:
        answers = _applied(device, batch, answers)
    if ended:
        raise RequestProblemError(410, ended, answers=answers)
    return {"answers": answers}


def _sender(credentials: Credentials, moment: datetime) -> tuple[Device, str]:
    """The device, and why it may do nothing any more where what it brings is kept all the same."""
    with acting_as(system_actor("field")):
        try:
            return authenticate(credentials), ""
        except DeviceUnknownError:
            raise RequestProblemError(401, "unknown_device") from None
        except DeviceEndedError as error:
            if not still_takes(error.device, moment):
                raise RequestProblemError(410, error.code) from None
            return error.device, error.code


def _applied(device: Device, batch: Batch, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply few at once. They are kept already: whatever fails here is tried again by the worker."""
    try:
        apply_waiting(device.pk, limit=APPLIED_AT_ONCE)
        with acting_as(system_actor("field")):
            return answers_to(device=device, batch=batch)
    except Exception:
        log.exception("what device %s sent is kept and waits", device.pk)
        return answers


def _answers(credentials: Credentials, after: int) -> Mapping[str, Any]:
    with acting_as(system_actor("field")):
        found = answers_after(_device(credentials), after)
    return {"answers": found, "more": len(found) == MOST_ANSWERS}


def _package(credentials: Credentials, name: str, known: str, *, packs: bool) -> Response:
    with acting_as(system_actor("field")):
        try:
            packed = package_content(device=_device(credentials), name=name, moment=timezone.now())
        except NoPackageError:
            raise RequestProblemError(404, "unknown_package", gaps={"name": name}) from None
    headers = {"ETag": packed.etag, "Cache-Control": "private, no-cache"}
    if known == packed.etag:
        return Response(status_code=304, headers=headers)
    content = packed.content
    if packs and len(content) > _PACK_FROM:
        packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        content, headers = packer.compress(content) + packer.flush(), headers | _packed_with
    return Response(content, media_type="application/json", headers=headers)


def _device(credentials: Credentials) -> Device:
    try:
        return authenticate(credentials)
    except DeviceUnknownError:
        raise RequestProblemError(401, "unknown_device") from None
    except DeviceEndedError as ended:
        raise RequestProblemError(410, ended.code) from None


def _json(told: Mapping[str, Any]) -> Response:
    return Response(_write_json(told), media_type="application/json", headers=NOT_STORED)


def _encoding(request: Request) -> str:
    return request.headers.get("content-encoding", "").strip().lower()


def _mapping(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise RequestProblemError(400, "no_json")
    return given


def _wait_if(seconds: float) -> None:
    if seconds:
        raise RequestProblemError(429, "too_often", retry_after=seconds)
