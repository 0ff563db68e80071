"""Exposures and stated facts in words of the reader's language."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from lianfang.domains.cases.asked_facts import is_event, stored_as
from lianfang.domains.cases.models import Exposure, PersonFact
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.pages import pack_name
from lianfang.engine.packs import Pack
from lianfang.engine.packs.facts import PERSON_FACTS
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.wording import clock, local


def pack_of(exposure: Exposure) -> Pack | None:
    """The pack under which it was opened; None where it is no longer on disk."""
    return packs_on_disk().get((exposure.opened_under, exposure.opened_version))


def category_name(exposure: Exposure) -> str:
    pack = pack_of(exposure)
    words = {} if pack is None else pack.texts[current_texts().language].categories  # type: ignore[index]
    return words.get(exposure.category, exposure.category)


def anchor_name(exposure: Exposure) -> str:
    """What day 0 is of this category."""
    pack = pack_of(exposure)
    found = None if pack is None else pack.categories.get(exposure.category)  # type: ignore[call-overload]
    return t("exposures.day_0") if found is None else t(f"pack_words.anchor.{found.anchor}")


def category_words(exposure: Exposure) -> str:
    """Close contact, last exposed 2022-11-06."""
    return t("exposures.line", category=category_name(exposure), anchor=anchor_name(exposure),
             day=exposure.anchor_on.isoformat())  # fmt: skip


def opened_words(exposure: Exposure) -> str:
    """Under which rules and when it was opened, and what became of it."""
    pack = pack_name(exposure.opened_under, exposure.opened_version)
    parts = [t("exposures.opened", at=_clock(exposure.opened_at), pack=pack)]
    if exposure.replaces_id is not None:
        parts.append(t("exposures.day_corrected", at=_clock(exposure.recorded_at)))
    if exposure.closed_at is not None:
        parts.append(t("exposures.closed", at=_clock(exposure.closed_at)))
    if exposure.withdrawn_at is not None:
        parts.append(t("exposures.withdrawn", at=_clock(exposure.withdrawn_at)))
    return t("web.word.semicolon").join(parts)


def declared(stored: str) -> str:
    """The declared fact that is stored under this name, as its words are found."""
    return next((name for name in PERSON_FACTS if stored_as(name) == stored), stored)


def stored_fact_name(stored: str) -> str:
    """What is stored: "vaccinated", not "time since the dose"."""
    return current_texts().of_code(("person_facts.event", "pack_words.fact"), stored)


def fact_words(found: PersonFact) -> str:
    """One statement: work: courier."""
    return t("person_facts.line", fact=stored_fact_name(found.fact), value=fact_value(found))


def fact_value(found: PersonFact) -> str:
    name = declared(found.fact)
    spec = PERSON_FACTS.get(name)
    if spec is None:
        return found.word or str(found.number or "")
    if is_event(name):
        day = t("web.unknown") if found.from_at is None else f"{local(found.from_at):%Y-%m-%d}"
        return day if spec.unit != "hours" or found.from_at is None else _clock(found.from_at)
    if spec.type == "boolean":
        return t("person_facts.yes" if found.number == 1 else "person_facts.no")
    if spec.type == "word":
        return current_texts().of_code(f"pack_words.{name}", found.word)
    number = f"{found.number:g}" if found.number is not None else ""
    return t(f"pack_words.span.{spec.unit}", value=number)


def fact_times(found: PersonFact) -> str:
    """Since and until when, and that it was withdrawn."""
    parts = []
    if found.from_at is not None and not is_event(declared(found.fact)):
        parts.append(t("person_facts.from", at=_clock(found.from_at)))
    if found.to_at is not None:
        parts.append(t("person_facts.to", at=_clock(found.to_at)))
    if found.source == "registry":
        parts.append(t("person_facts.of_registry"))
    if found.withdrawn_at is not None:
        parts.append(t("person_facts.withdrawn", at=_clock(found.withdrawn_at)))
    return t("web.word.semicolon").join(parts)


def _clock(at: datetime) -> str:
    return clock(timezone.localtime(at))
