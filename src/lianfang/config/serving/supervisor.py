"""``lianfang serve``: everything the product needs, started in order, kept alive, stopped in order."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

from lianfang.config.cli.console import Console
from lianfang.config.embedded import EmbeddedError, EmbeddedPostgres
from lianfang.config.embedded.children import Program
from lianfang.config.embedded.locks import FileLock
from lianfang.config.serving.database import Database, start_database
from lianfang.config.serving.health import FIELD_HEALTH_PATH, near_host, wait_for_health
from lianfang.config.serving.management import owner_environment, prepare, serving_environment, thrifty
from lianfang.config.serving.options import Options
from lianfang.config.serving.ports import require_port
from lianfang.config.serving.problems import ServingError
from lianfang.config.serving.services import BackOff, Service
from lianfang.config.serving.systemd import tell_systemd

STOPPED, CANNOT_START = 0, 3
_STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_HEALTHY_SECONDS = 90.0
# Longer than requests, and then the jobs of the worker it forked, are waited for.
_WEB_PATIENCE = 25.0
_DEATHS_BEFORE_HEALTH = 3

BeforeServing = Callable[[Mapping[str, str]], None]
OnReady = Callable[[str], None]


class _StopRequestedError(Exception):
    """A signal asked us to stop while we were still starting."""


@dataclass(frozen=True, slots=True)
class _Event:
    """``kind``: stop, ended, database_ended, healthy or unhealthy."""

    kind: str
    service: Service | None = None
    detail: str = ""


def serve(
    options: Options,
    console: Console,
    *,
    environment: Mapping[str, str] | None = None,
    before_serving: BeforeServing | None = None,
    on_ready: OnReady | None = None,
) -> int:
    """Run the product until SIGTERM, SIGINT or SIGHUP; returns the exit code. Call it from the main thread.

    ``before_serving`` is called when the tables are up to date and before anybody can sign in, with the
    environment in which ``manage`` commands reach the database as app and as owner: the demo loads its data
    there. ``on_ready`` is called with the address when the product answers; without it the address is printed.
    """
    given = dict(os.environ if environment is None else environment)
    supervisor = _Supervisor(options, console, given)
    try:
        with supervisor.signals(), _folder_lock(options) as lock:
            for port in filter(None, (options.port, options.field_port)):
                require_port(options.host, port)
            supervisor.run(lock, before_serving, on_ready)
    except _StopRequestedError:
        console.tell(console.text("serving.stopped"))
    except (ServingError, EmbeddedError) as error:
        console.error(console.text(f"serving.problem.{error.code}", **error.gaps))
        return CANNOT_START
    return STOPPED


@contextlib.contextmanager
def _folder_lock(options: Options) -> Iterator[FileLock]:
    """One product per folder. Raises ServingError("already_running")."""
    try:
        # As root the database's user has to pass through.
        options.folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        lock = FileLock(options.folder / "serve.lock")
        is_taken = lock.take()
    except OSError as error:
        raise EmbeddedError("folder_refused", folder=str(options.folder), detail=error.strerror or "") from error
    if not is_taken:
        pid, _, address = lock.signature().strip().partition(" ")
        raise ServingError("already_running", folder=str(options.folder), pid=pid, address=address)
    lock.sign(f"{os.getpid()} {address_of(options)}")
    try:
        yield lock
    finally:
        lock.release()


def address_of(options: Options) -> str:
    """Where this machine's browser finds the product."""
    return _address(options.host, options.port)


def field_address_of(options: Options) -> str:
    """Where this machine's browser finds the field app."""
    return _address(options.host, options.field_port) + "field/"


def _address(host: str, port: int) -> str:
    host = near_host(host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@dataclass(slots=True)
class _Supervisor:
    options: Options
    console: Console
    given: dict[str, str]
    _events: queue.SimpleQueue[_Event] = field(default_factory=queue.SimpleQueue)
    _services: list[Service] = field(default_factory=list)
    _due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _database: Database | None = None
    _database_back_off: BackOff = field(default_factory=BackOff)
    _is_running: bool = False
    _is_stopping: bool = False
    _is_healthy: bool = False
    _given_up: threading.Event = field(default_factory=threading.Event)

    def run(self, lock: FileLock, before_serving: BeforeServing | None, on_ready: OnReady | None) -> None:
        try:
            link = self._prepare(before_serving)
            self._start_services()
            self._loop(link, on_ready)
        finally:
            self._stop()

    # Starting

    def _prepare(self, before_serving: BeforeServing | None) -> str:
        say = self.console.text
        folder = self.options.folder
        self.console.tell(say("serving.starting", folder=str(folder)))
        self._database_back_off.note_start()
        self._database = start_database(folder, self.given, on_end=self._database_ended)
        as_owner = owner_environment(self.given, self._database, folder)
        self.console.tell(say("serving.migrating"))
        link = prepare(as_owner, migrate=True, link=before_serving is None)
        if before_serving is not None:
            before_serving(as_owner)
            link = prepare(as_owner, migrate=False, link=True)
        return link

    def _start_services(self) -> None:
        assert self._database is not None
        options = self.options
        environment = serving_environment(self.given, self._database, options.folder)
        environment["LIANFANG_FIELD_PORT"] = str(options.field_port)
        environment["LIANFANG_LANG"] = self.console.language
        words = [options.host, str(options.port), str(options.web_workers), str(options.field_port)]
        web = [sys.executable, "-P", "-m", "lianfang.config.serving.web", *words]
        self._services = [Service("web", Program(web, thrifty(environment)), _WEB_PATIENCE, self._service_ended)]
        self._is_running = True
        for service in self._services:
            service.start()
        threading.Thread(target=self._ask_health, args=(environment,), daemon=True).start()

    def _ask_health(self, environment: Mapping[str, str]) -> None:
        is_well, detail = wait_for_health(
            self.options.host, self.options.port, environment, seconds=_HEALTHY_SECONDS, given_up=self._given_up
        )
        if is_well and self.options.field_port:
            is_well, detail = wait_for_health(
                self.options.host, self.options.field_port, environment, seconds=_HEALTHY_SECONDS,
                given_up=self._given_up, path=FIELD_HEALTH_PATH,
            )  # fmt: skip
        self._events.put(_Event("healthy" if is_well else "unhealthy", detail=detail))

    # Running

    def _loop(self, link: str, on_ready: OnReady | None) -> None:
        while True:
            event = self._next_event()
            if event is None:
                continue
            if event.kind == "stop":
                return
            if event.kind == "healthy":
                self._is_healthy = True
                self._greet(link, on_ready)
            elif event.kind == "unhealthy":
                raise ServingError("no_answer", address=address_of(self.options), detail=event.detail)
            elif event.kind == "database_ended":
                embedded = self._database.embedded if self._database is not None else None
                # Its end may be older than a start that has succeeded since.
                if embedded is not None and not embedded.is_alive:
                    self._plan_database(embedded)
            elif event.service is not None:
                self._plan(event.service)

    def _next_event(self) -> _Event | None:
        now = time.monotonic()
        for entry in [entry for entry in self._due if entry[0] <= now]:
            self._due.remove(entry)
            entry[1]()
        pause = min((due for due, _ in self._due), default=now + 3600) - now
        try:
            return self._events.get(timeout=max(0.0, pause))
        except queue.Empty:
            return None

    def _plan(self, service: Service) -> None:
        pause = service.back_off.pause()
        if not self._is_healthy and service.name == "web" and service.back_off.failures >= _DEATHS_BEFORE_HEALTH:
            raise ServingError("web_does_not_start")
        self.console.warn(
            self.console.text(
                "serving.ended",
                name=self.console.text(f"serving.service.{service.name}"),
                code=str(service.child.exit_code if service.child else ""),
                pause=f"{pause:g}",
            )
        )
        self._due.append((time.monotonic() + pause, service.start))

    def _plan_database(self, embedded: EmbeddedPostgres) -> None:
        pause = self._database_back_off.pause()
        reason = "serving.database_full" if embedded.is_disk_full else "serving.database_ended"
        self.console.warn(self.console.text(reason, folder=str(self.options.folder), pause=f"{pause:g}"))
        self._due.append((time.monotonic() + pause, partial(self._start_database_again, embedded)))

    def _start_database_again(self, embedded: EmbeddedPostgres) -> None:
        self._database_back_off.note_start()
        try:
            embedded.start()
        except EmbeddedError as error:
            pause = self._database_back_off.pause()
            self.console.error(self.console.text(f"serving.problem.{error.code}", **error.gaps))
            self.console.warn(self.console.text("serving.again", pause=f"{pause:g}"))
            self._due.append((time.monotonic() + pause, partial(self._start_database_again, embedded)))
        else:
            self.console.tell(self.console.text("serving.database_again"))

    def _greet(self, link: str, on_ready: OnReady | None) -> None:
        say, address = self.console.text, address_of(self.options)
        tell_systemd("READY=1")
        if on_ready is not None:
            on_ready(address)
        else:
            self.console.answer(say("serving.ready", address=address), style="bold")
            if self.options.field_port:
                self.console.answer(say("serving.field_ready", address=field_address_of(self.options)))
        if link:
            self.console.answer(say("serving.first_link", link=address.rstrip("/") + link), style="bold")
        if self.options.host != near_host(self.options.host) and self.given.get("LIANFANG_TLS") != "1":
            self.console.warn(say("serving.not_encrypted"))
        self.console.tell(say("serving.how_to_stop"))

    # Ending

    def _service_ended(self, service: Service) -> None:
        self._events.put(_Event("ended", service))

    def _database_ended(self) -> None:
        self._events.put(_Event("database_ended"))

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """While this lasts, the stopping signals stop us in order."""
        before = {number: signal.signal(number, self._on_signal) for number in _STOPPING_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._is_stopping:
            # Asked twice: whoever asks does not want to wait for requests and jobs.
            for service in self._services:
                service.kill()
        elif self._is_running:
            self._events.put(_Event("stop"))
        else:
            self._is_stopping = True
            raise _StopRequestedError

    def _stop(self) -> None:
        self._is_stopping = True
        self._given_up.set()
        tell_systemd("STOPPING=1")
        if self._is_running:
            self.console.tell(self.console.text("serving.stopping"))
        for service in self._services:
            service.stop()
        if self._database is not None and self._database.embedded is not None:
            self._database.embedded.stop()
        if self._is_running:
            self.console.tell(self.console.text("serving.stopped"))
