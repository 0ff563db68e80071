"""``lianfang why PERSON`` and ``lianfang check-statuses``."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lianfang.config.cli.console import Console
from lianfang.config.cli.product import opened_product
from lianfang.config.embedded import EmbeddedError
from lianfang.config.serving.problems import ServingError

if TYPE_CHECKING:
    from lianfang.domains.registry.models import Person
    from lianfang.domains.status.why import RuleConsidered, Why

DONE, DIFFERS, NOT_FOUND, REFUSED = 0, 1, 2, 3
_MOST_NAMED = 20


def run_why(arguments: argparse.Namespace, console: Console) -> int:
    """0: told; 2: nobody, or several people, fit; 3: no database."""
    try:
        with opened_product(arguments.folder, console.language):
            return tell_why(arguments.person, arguments.as_of, console)
    except (ServingError, EmbeddedError) as error:
        console.error(console.text(f"serving.problem.{error.code}", **error.gaps))
        return REFUSED


def run_check_statuses(arguments: argparse.Namespace, console: Console) -> int:
    """0: equal; 1: differences; 3: no database."""
    try:
        with opened_product(arguments.folder, console.language):
            return tell_check(console, mend=arguments.mend)
    except (ServingError, EmbeddedError) as error:
        console.error(console.text(f"serving.problem.{error.code}", **error.gaps))
        return REFUSED


def tell_why(who: str, as_of: datetime | None, console: Console) -> int:
    """Find the person and tell; Django is set up. ``as_of`` is local time of the installation."""
    from django.utils import timezone

    from lianfang.domains.status.why import why
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as
    from lianfang.foundation.audit.services import record

    at = timezone.now() if as_of is None else timezone.make_aware(as_of)
    with acting_as(system_actor("command line")) as system:
        people = _people(who)
        if len(people) != 1:
            console.error(console.text("status_command.nobody" if not people else "status_command.several", who=who))
            for person in people[:_MOST_NAMED]:
                console.error(f"  {person.pk}  {person.name}  {person.household.address if person.household else ''}")
            return NOT_FOUND
        record(actor=system, action="status.why", target_kind="person", target_id=people[0].pk,
               details={"as_of": at.isoformat()})  # fmt: skip
        found = why(people[0].pk, at)
    if found is None:
        console.error(console.text("status.why_page.not_known"))
        return NOT_FOUND
    _tell(people[0], found, console)
    return DONE


def tell_check(console: Console, *, mend: bool) -> int:
    """Compare the state in force with a full run; Django is set up."""
    from lianfang.domains.status.full_check import check_everything

    found = check_everything(mend=mend)
    if found.is_equal:
        console.answer(console.text("status_command.equal", people=found.people, withheld=found.withheld))
        return DONE
    console.answer(console.text("status_command.differs", people=found.people, count=len(found.differences)))
    for one in found.differences[:_MOST_NAMED]:
        before = "–" if one.in_force is None else f"{one.in_force[0]} {one.in_force[1]} {one.in_force[3] or ''}"
        console.answer(
            f"  {one.person_id}: {before.strip()} → {one.full[0]} {one.full[1]} {one.full[3] or ''}".rstrip()
        )
    if mend:
        console.answer(console.text("status_command.mended", count=found.mended))
    return DIFFERS


def _people(who: str) -> list[Person]:
    """By number of a document, by the product's own number, or by the whole name."""
    from django.db.models import Q

    from lianfang.domains.registry.models import Person
    from lianfang.foundation.privacy.numbers import blind_index

    compact = "".join(who.split()).upper()
    wanted = Q(id_index=blind_index("id", compact)) | Q(name=who.strip())
    if compact.isascii() and compact.isdecimal() and len(compact) < 12:
        wanted |= Q(pk=int(compact))
    return list(Person.objects.filter(wanted).select_related("household").order_by("pk")[: _MOST_NAMED + 1])


def _tell(person: Person, found: Why, console: Console) -> None:
    say = console.text
    console.answer(f"{person.name}  {say(f'web.pill.{found.status}')}  {found.reason}", style="bold")
    lines: list[tuple[str, Any]] = [
        ("status.why_page.at", _clock(found.at)),
        ("status.since", _clock(found.since_at)),
        ("status.until", _clock(found.until_at) or say("status.until_event")),
        ("status.ends", "；".join(found.ends_when)),
        ("status.next_step", found.next_step),
        ("status.appeal", found.appeal),
        ("status.pack", f"{found.pack} {found.pack_version}  {found.authority}" if found.pack else ""),
    ]
    for key, value in lines:
        if value:
            console.answer(f"  {say(key)}: {value}")
    console.answer()
    for rule in found.rules:
        _tell_rule(rule, console)
    for fact, because in found.set_aside:
        console.answer(f"  ({say('status.why_page.aside')}) {fact.title}  {fact.source}  {because}")


def _tell_rule(rule: RuleConsidered, console: Console) -> None:
    outcome = console.text(f"status.outcome.{rule.outcome}") + (f" ({rule.because})" if rule.because else "")
    unverified = f" {console.text('status.unverified')}" if rule.is_unverified else ""
    mark = "*" if rule.outcome == "decides" else "-"
    kept = f" ({console.text('status.kept_rule', pack=rule.kept_from)})" if rule.kept_from else ""
    console.answer(f"{mark} {rule.priority} {rule.rule_id.rpartition(':')[2]}{kept} [{rule.status}] {outcome}")
    console.answer(f"    {rule.reason}")
    reference, _ = rule.said.reference_in(console.language)
    console.answer(f"    {reference} ({rule.grade}{unverified})")
    for fact in rule.facts:
        console.answer(f"    · {'  '.join(part for part in (fact.title, fact.source, fact.text) if part)}")


def _clock(at: datetime | None) -> str:
    from django.utils import timezone

    return "" if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"
