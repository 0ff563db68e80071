"""Questions that somebody waits for at a gate: what many ask at one moment is looked up together.

While one round is looked up, the next gathers. A single gate is answered at once; a thousand share each query.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError
from django.utils import timezone

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Asked, Question, asked_of
from lianfang.foundation.devices.services import Credentials, DeviceEndedError, DeviceUnknownError
from lianfang.foundation.devices.services.contact import Sender, recognised, senders_by_id
from lianfang.interfaces.field.problems import RequestProblemError
from lianfang.interfaces.field.threads import MOST_WAITING, Threads

log = logging.getLogger(__name__)
TOGETHER = 64
# A second round begins beside the first only for a full load: two half-empty ones look up twice.
_MOST_ROUNDS = 2
# After a round of so many the next gathers for a moment: those just answered ask again, and of a fuller round each
# costs less.
_MANY, _GATHERS_SECONDS = 8, 0.002
Outcome = Mapping[str, Any] | RequestProblemError


@dataclass(slots=True)
class _Waiting:
    name: str
    credentials: Credentials
    body: Mapping[str, Any]
    future: asyncio.Future[Mapping[str, Any]]


class Questions:
    """Gathers questions and has them answered in rounds."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._waiting: list[_Waiting] = []
        # Counted apart from the tasks: one that has just ended is no longer going round.
        self._running = 0
        self._rounds: set[asyncio.Task[None]] = set()

    async def ask(self, name: str, credentials: Credentials, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer. Raises RequestProblemError."""
        if len(self._waiting) >= MOST_WAITING:
            raise RequestProblemError(503, "busy", retry_after=1)
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(name, credentials, body, future))
        if not self._running or (self._running < _MOST_ROUNDS and len(self._waiting) >= TOGETHER):
            self._running += 1
            round_ = asyncio.create_task(self._go_round())
            self._rounds.add(round_)
            round_.add_done_callback(self._rounds.discard)
        return await future

    async def _go_round(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                _tell(together, await self._outcomes(together))
                if len(together) >= _MANY:
                    await asyncio.sleep(_GATHERS_SECONDS)
        finally:
            self._running -= 1

    async def _outcomes(self, together: Sequence[_Waiting]) -> Sequence[Outcome]:
        try:
            return await self._threads.run(answer_together, together)
        except RequestProblemError as problem:
            return [problem] * len(together)
        except Exception:
            log.exception("%d questions failed", len(together))
            return [RequestProblemError(500, "failed")] * len(together)


def _tell(together: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for one, outcome in zip(together, outcomes, strict=True):
        if one.future.done():
            # Whoever asked has gone.
            continue
        if isinstance(outcome, RequestProblemError):
            one.future.set_exception(outcome)
        else:
            one.future.set_result(outcome)


def answer_together(together: Sequence[_Waiting]) -> list[Outcome]:
    """One outcome per question: who asks is checked for each, as at any other request. Where one question breaks the
    domain's answer, the others are answered without it."""
    try:
        with acting_as(system_actor("field")):
            return _outcomes(together)
    except InterfaceError:
        raise
    except Exception:
        log.exception("%d questions failed together", len(together))
        if len(together) == 1:
            return [RequestProblemError(500, "failed")]
        return [outcome for one in together for outcome in answer_together([one])]


def _outcomes(together: Sequence[_Waiting]) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    by_name: dict[str, list[tuple[int, Question]]] = {}
    senders = senders_by_id({one.credentials.device_id for one in together})
    for place, one in enumerate(together):
        question = _question(one, senders.get(one.credentials.device_id))
        if isinstance(question, RequestProblemError):
            outcomes[place] = question
        else:
            by_name.setdefault(one.name, []).append((place, question))
    for name, asked in by_name.items():
        found = _asked(name).answer(questions=[question for _, question in asked], moment=timezone.now())
        if len(found) != len(asked):
            raise RuntimeError(f"{name}: {len(found)} answers to {len(asked)} questions")
        outcomes |= {place: answer for (place, _), answer in zip(asked, found, strict=True)}
    return [outcomes[place] for place in range(len(together))]


def _question(one: _Waiting, found: Sender | None) -> Question | RequestProblemError:
    try:
        device = recognised(None if found is None else found.device, one.credentials)
    except DeviceUnknownError:
        return RequestProblemError(401, "unknown_device")
    except DeviceEndedError as ended:
        return RequestProblemError(410, ended.code)
    assert found is not None
    if not found.actor.may(_asked(one.name).action):
        return RequestProblemError(403, "not_allowed")
    return Question(found.actor, device, one.body)


def _asked(name: str) -> Asked:
    asked = asked_of(name)
    if asked is None:
        raise RequestProblemError(404, "unknown_question")
    return asked
