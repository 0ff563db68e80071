"""Every URL of the product with bad input: whatever is sent, an answer in words and never an error of the program."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from http.cookies import SimpleCookie
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lianfang.domains.areas.services import propose_change, record_finding
from lianfang.domains.cases.exposures import ToOpen, open_exposures
from lianfang.domains.cases.person_facts import Stated, state_fact
from lianfang.domains.lab_testing.results.services import Entry, enter_results
from lianfang.domains.registry.imports import services as imports
from lianfang.domains.status.recompute import recompute
from lianfang.domains.status.services import give_emergency_override, order_rules, propose_order, raise_objection
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import MAY, Action, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.services import apply_waiting
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.access.urls import Url, every_url
from tests.product.crawl.names import field_names
from tests.product.devices.world import enrolled, item, send
from tests.product.gates.passing import passing
from tests.product.lab_testing.night import Night, open_night
from tests.product.registry.imports.rosters import read_here, reads_here, roster, row  # noqa: F401
from tests.product.residents.phones import PHONE, open_phone
from tests.product.status.test_recompute import put_in_force
from tests.product.world import World, demo_identity

Browse = Callable[..., Client]
NASTY = (
    "",
    " ",
    "x",
    "-1",
    "0",
    "1.5",
    "99999999999999999999",
    "9" * 400,
    "1;DROP TABLE registry_person",
    "\x01\x02",
    "a\x00b",
    "漏" * 3000,
    "%s{0}{name}{{ name }}",
    "'\"><script>",
    "😀",
    "１２",
    "2022-02-30",
    "0000-00-00T25:61",
    "9999-12-31T23:59",
    "[{",
    "null",
    "../../etc/passwd",
    "\ud7ff\uffff",
)
# What a page may well be sent: mixed in, so that a request comes further than its first check.
PLAIN = (
    "1",
    "2",
    "10",
    "on",
    "true",
    "陈建国",
    "1号楼",
    "101",
    "T0001",
    "2022-08-30",
    "2022-08-30T03:10",
    "apply",
    "undo",
    "take",
    "preview",
    "save",
    "close_contact",
    "correct",
    "occupation",
    "courier",
    "draw:high",
    "spread_is_likely",
)
FILES = (
    ("空.xlsx", b""),
    ("名册.xlsx", b"PK\x03\x04 half a zip"),
    ("结果.csv", "姓名,结果\n\x00,阴性\n".encode("gb18030")),
    ("../../x.csv", "姓名\n陈建国\n".encode()),
    ("图.png", b"\x89PNG\r\n\x1a\n"),
)
MIXED = 12
# More turns send other forms; the first turn is always the same.
TURNS = int(os.environ.get("CRAWL_TURNS", "1"))
MODELS_BY_PART = {
    "activation_id": ("policy.PackActivation",),
    "account_id": ("access.Account",),
    "case_id": ("cases.Case",),
    "device_id": ("devices.Device",),
    "exposure_id": ("cases.Exposure",),
    "finding_id": ("areas.Finding",),
    "gate_id": ("gates.Gate",),
    "household_id": ("registry.Household",),
    "import_id": ("registry.Import",),
    "invite_id": ("residents.HouseholdInvite",),
    "item_id": ("devices.InboxItem",),
    "objection_id": ("status.Objection",),
    "order_id": ("status.StatusOrder",),
    "override_id": ("status.EmergencyOverride",),
    "permit_id": ("gates.Permit",),
    "person_fact_id": ("cases.PersonFact",),
    "person_id": ("registry.Person",),
    "place_id": ("registry.Place",),
    "pk": ("lab_testing.Round", "lab_testing.Tube", "lab_testing.Result", "lab_testing.Hold", "lab_testing.Sample"),
    "proposal_id": ("areas.AreaProposal", "residents.ProposedPerson"),
    "request_id": ("residents.HelpRequest",),
    "row_id": ("registry.Person", "gates.GateEmergency"),
    "run_id": ("status.StatusRun",),
    "visit_id": ("residents.ResidentSession",),
}
WORDS_BY_PART: dict[str, tuple[str | int, ...]] = {
    "device_id": ("00000000-0000-4000-8000-000000000000",),
    "item_id": ("00000000-0000-4000-8000-000000000000",),
    "kid": ("0011223344556677",),
    "disease": ("covid19", "nothing"),
    "name": ("v9",),
    "difference_id": (1, 10**30),
    "version": (1, 0),
    "kind": ("id", "phone", "nothing"),
    "model": ("registry.Person", "auth.User"),
    "token": ("x",),
    "what": (
        "objection",
        "order",
        "approve",
        "withdraw",
        "close",
        "open",
        "reset",
        "give",
        "end",
        "drop",
        "refuse",
        "emergency",
        "difference",
        "nothing",
    ),
}
PREFERRED = ("township", "community", "administrator", "auditor", "resident", "sampler", "guard", "courier")
URLS = every_url()
PACKAGES = {
    url.name: "/".join(url.view.__module__.split(".")[1:3])
    for url in URLS
    if url.view.__module__.startswith("lianfang.")
}


def everything(world: World) -> Night:
    """The world in the middle of everything: a positive pool with holds, a case, an order, an override, an objection
    and an import with conflicts."""
    in_force = put_in_force(world)
    night = open_night(in_force)
    pool = night.open_tube("T0001")
    for name in ("陈建国", "林秀英", "王丽华"):
        night.swab(pool, name)
    night.swab(night.open_tube("S0001", capacity=1), "赵大勇")
    with night.as_("community") as actor:
        enter_results(
            actor=actor, round_=night.round, entries=[Entry("T0001", "positive"), Entry("S0001", "positive")],
            laboratory="县医院",
        )  # fmt: skip
    with acting_as(system_actor("test")):
        handle_waiting()
        recompute(person.pk for person in in_force.people.values())
    with night.as_("community") as actor:
        person = in_force.people["孙梅"]
        propose_order(
            actor=actor, person_id=person.pk, rule=order_rules(person, timezone.now())[0], reason="x", evidence="x",
            starts_at=timezone.now(), ends_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip
        give_emergency_override(actor=actor, person_id=in_force.people["陈建国"].pk, reason="分娩")
        raise_objection(actor=actor, person_id=in_force.people["陈建国"].pk, text="x")
        asked = ToOpen("close_contact", timezone.localdate(), "x")
        compound = in_force.places["c1"].pk
        record_finding(actor=actor, place_id=compound, fact="spread_is_likely", source="x", number=1)
        propose_change(actor=actor, place_id=compound, action="draw", level="high", reason="x")
        open_exposures(actor=actor, person_ids=[in_force.people["冯雪"].pk, person.pk], asked=asked)
        state_fact(actor=actor, person_id=person.pk, stated=Stated("occupation", "courier"))
    open_phone(in_force, "b1-101")
    passing(in_force)
    device, _ = enrolled(in_force)
    send(device, [item(1, kind="nobody.knows")])
    apply_waiting(device.pk)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(imports, "read_files", read_here)
        imports.begin_import(
            actor=in_force.actor("community"),
            uploads=[("名册.csv", roster([row("陈建国", 房号="909", 身份证号=demo_identity(1)), row("钱一")]))],
        )
    return night


STANDING = {"busy": everything}


@pytest.fixture
def busy(world: World, made: dict[str, Any], reads_here: None) -> Night:  # noqa: F811
    """``everything`` stands once for all packages: no request leaves anything behind."""
    found: Night = made["busy"]
    return found


@pytest.mark.parametrize("package", sorted(set(PACKAGES.values())))
def test_no_url_fails_whatever_it_is_sent(busy: Night, browse: Browse, package: str) -> None:
    failed = []
    cookies = {role: browse(role).cookies for role in {role_for(url) for url in URLS}}
    for turn in range(TURNS):
        chance = random.Random(f"{package} {turn}")
        for url in URLS:
            if PACKAGES.get(url.name) == package:
                paths, signed_in = paths_of(url), cookies[role_for(url)]
                for given in sent(package, chance):
                    failed += fails(browse, signed_in, chance.choice(paths), given, chance)
    assert not failed, f"{len(failed)} failures, the first: " + "\n".join(failed[:20])


def test_every_page_has_names_to_send() -> None:
    assert all(field_names(package) for package in PACKAGES.values() if package != "foundation/privacy")


def fails(
    browse: Browse, signed_in: SimpleCookie, path: str, given: Mapping[str, Any], chance: random.Random
) -> Iterator[str]:
    """Ask once, as if nothing but the signing in had been before; yields what to say where the program failed."""
    how = chance.choice(("GET", "POST", "htmx"))
    name, content = chance.choice(FILES)
    with_file = {**given, "files": SimpleUploadedFile(name, content)} if chance.random() < 0.2 else given
    with transaction.atomic():
        client = browse()
        client.cookies.update(signed_in)
        client.cookies["lianfang_resident"] = PHONE
        if how == "GET":
            answer = client.get(path, given)
        else:
            answer = client.post(path, with_file, headers={"HX-Request": "true"} if how == "htmx" else None)
        # A page that is written while it is sent can fail there as well.
        if answer.streaming:
            list(answer.streaming_content)
        transaction.set_rollback(True)
    if answer.status_code >= 500:
        yield f"{how} {path} {shortened(given)}: {answer.status_code} {answer.exc_info and answer.exc_info[1]!r}"


def sent(package: str, chance: random.Random) -> Iterator[dict[str, str]]:
    """Every nasty value in all fields at once, then forms of which some fields are right."""
    names = field_names(package)
    for value in NASTY:
        yield dict.fromkeys(names, value)
    for _ in range(MIXED):
        wrong = chance.random()
        yield {
            name: chance.choice(NASTY if chance.random() < wrong else PLAIN) for name in names if chance.random() < 0.8
        }


def paths_of(url: Url) -> list[str]:
    """The page for things that exist, and for numbers that no database holds."""
    parts = [name for name, _ in url.converters]
    found = {part: [*WORDS_BY_PART.get(part, ()), *ids_of(part)] for part in parts}
    combined = [dict(zip(found, values, strict=True)) for values in product(*found.values())]
    nowhere = {part: WORDS_BY_PART.get(part, (10**30,))[0] for part in parts}
    return [reverse(url.name, kwargs=kwargs) for kwargs in [*combined, nowhere]]


def ids_of(part: str) -> list[int]:
    with acting_as(system_actor("test")):
        found = [
            apps.get_model(name).objects.order_by("pk").values_list("pk", flat=True)[:3]
            for name in MODELS_BY_PART.get(part, ())
        ]
        ids = [pk for some in found for pk in some]
    assert ids or part in WORDS_BY_PART, f"the crawl has nothing for {part}"
    return ids


def role_for(url: Url) -> str | None:
    if url.access == "public":
        return None
    return next(role for role in PREFERRED if not url.access or MAY[Role(role)] & {Action(one) for one in url.access})


def shortened(given: Mapping[str, Any]) -> str:
    values = {value for value in given.values() if isinstance(value, str)}
    return repr(values.pop()[:30]) if len(values) == 1 else str({name: value[:20] for name, value in given.items()})
