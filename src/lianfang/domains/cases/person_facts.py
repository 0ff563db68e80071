"""Writing facts about persons: stated by somebody, withdrawn, or following from the registry (docs/decisions/0021)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from lianfang.domains.cases import events
from lianfang.domains.cases.asked_facts import facts_asked_here, is_event, stored_as
from lianfang.domains.cases.models import FactSource, PersonFact
from lianfang.domains.registry.selectors import person_for
from lianfang.engine.packs.facts import OCCUPATIONS, PERSON_FACTS
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit_now
from lianfang.foundation.texts import LANGUAGES, texts

LONGEST_REASON = 200
# Special need of the registry → the fact that it tells.
NEEDS: Mapping[str, str] = {"pregnant": "is_pregnant", "bedridden": "is_bedridden"}
FROM_REGISTRY = frozenset({"born", "occupation", *NEEDS.values()})
_BOUNDS: Mapping[str, tuple[float, float]] = {"temperature": (30, 45), "vaccine_doses": (0, 20)}
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


class PersonFactProblemError(ValueError):
    """``code`` is a text key under ``person_facts.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Stated:
    """A declared fact with its value as a form gives it: ``yes``, ``no``, a word, a number, "" for what happened."""

    fact: str
    value: str = ""
    from_at: datetime | None = None
    to_at: datetime | None = None


def state_fact(*, actor: Actor, person_id: int, stated: Stated) -> PersonFact:
    """Record a statement; of several statements of one fact the last counts.

    Raises PersonFactProblemError for a fact that no rules here ask for, a value that is none of the fact's, or an
    instant that cannot be; whatever ``person_for`` raises for a person out of reach.
    """
    actor.authorise(Action.REGISTRY_EDIT)
    person = person_for(actor, person_id)
    if stated.fact not in facts_asked_here():
        raise PersonFactProblemError("fact_unknown", "fact")
    number, word = _value(stated)
    _check_times(stated)
    with transaction.atomic():
        made = PersonFact.objects.create(
            **{name: getattr(person, name) for name in _HOME}, person_id=person.pk, fact=stored_as(stated.fact),
            number=number, word=word, from_at=stated.from_at, to_at=stated.to_at, recorded_at=timezone.now(),
            recorded_by_id=actor.account_id, recorded_by=actor.name,
        )  # fmt: skip
        record(actor=actor, action="cases.state_fact", target_kind="person_fact", target_id=made.pk,
               details={"person_id": person.pk, "fact": made.fact})  # fmt: skip
        _tell(actor, [person.pk])
    return made


def withdraw_fact(*, actor: Actor, person_fact_id: int, because: str) -> PersonFact:
    """Say that a statement was wrong: it counts for nothing from now on. What the registry says is put right there."""
    actor.authorise(Action.REGISTRY_EDIT)
    if not because.strip():
        raise PersonFactProblemError("reason_needed", "because")
    if len(because.strip()) > LONGEST_REASON:
        raise PersonFactProblemError("reason_too_long", "because")
    with transaction.atomic():
        found = PersonFact.objects.visible_to(actor).select_for_update().filter(pk=person_fact_id).first()
        if found is None:
            raise PersonFactProblemError("not_there")
        if found.withdrawn_at is not None:
            raise PersonFactProblemError("withdrawn_already")
        if found.source == FactSource.REGISTRY:
            raise PersonFactProblemError("is_of_the_registry")
        found.withdrawn_at, found.withdrawn_by = timezone.now(), actor.name
        found.withdrawn_because = because.strip()
        found.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
        record(actor=actor, action="cases.withdraw_fact", target_kind="person_fact", target_id=found.pk,
               details={"person_id": found.person_id, "fact": found.fact})  # fmt: skip
        _tell(actor, [found.person_id])
    return found


def _value(stated: Stated) -> tuple[float | None, str]:
    spec, given = PERSON_FACTS[stated.fact], stated.value.strip()
    if is_event(stated.fact):
        return None, ""
    if spec.type == "boolean":
        if given not in ("yes", "no"):
            raise PersonFactProblemError("yes_or_no", "value")
        return (1.0 if given == "yes" else 0.0), ""
    if spec.type == "word":
        if given not in spec.words:
            raise PersonFactProblemError("word_unknown", "value")
        return None, given
    return _number(stated.fact, given), ""


def _number(fact: str, given: str) -> float:
    low, high = _BOUNDS.get(fact, (0, 100_000))
    try:
        found = float(given)
    except ValueError:
        raise PersonFactProblemError("number_needed", "value") from None
    if not low <= found <= high:
        raise PersonFactProblemError("number_outside", "value")
    return found


def _check_times(stated: Stated) -> None:
    if is_event(stated.fact):
        if stated.from_at is None:
            raise PersonFactProblemError("when_needed", "from_at")
        if stated.from_at > timezone.now():
            raise PersonFactProblemError("when_in_future", "from_at")
        if stated.to_at is not None:
            raise PersonFactProblemError("event_has_no_end", "to_at")
    elif stated.to_at is not None and stated.to_at <= (stated.from_at or timezone.now()):
        raise PersonFactProblemError("ends_before", "to_at")


def _tell(actor: Actor, person_ids: Collection[int]) -> None:
    caused_by = [] if actor.account_id is None else [actor.account_id]
    emit_now(events.PERSON_FACTS_CHANGED, {"person_ids": list(person_ids), "caused_by_ids": caused_by})


# What the registry says now of the facts that are asked for, against what was last taken over from it: what differs is
# withdrawn and stated anew, so that an earlier instant is decided again as it was then.
_SAID = """
    SELECT p.id AS person_id, f.fact, f.number, f.word, f.from_at
    FROM registry_person p
    CROSS JOIN LATERAL (
        VALUES
            ('born', NULL::float8, '', p.birth_on::timestamp AT TIME ZONE %(zone)s, p.birth_on IS NOT NULL),
            ('is_pregnant', 1, '', NULL, 'pregnant' = ANY(p.special_needs)),
            ('is_bedridden', 1, '', NULL, 'bedridden' = ANY(p.special_needs)),
            ('occupation', NULL, coalesce(%(occupations)s::jsonb ->> lower(btrim(p.occupation)), ''), NULL,
             %(occupations)s::jsonb ? lower(btrim(p.occupation)))
    ) AS f(fact, number, word, from_at, is_said)
    WHERE f.is_said AND f.fact = ANY(%(facts)s) AND (%(ids)s::bigint[] IS NULL OR p.id = ANY(%(ids)s::bigint[]))
"""
_WITHDRAW = f"""
    UPDATE cases_person_fact k SET withdrawn_at = %(now)s, withdrawn_by = %(by)s, withdrawn_because = 'registry'
    WHERE k.source = 'registry' AND k.withdrawn_at IS NULL
        AND (%(ids)s::bigint[] IS NULL OR k.person_id = ANY(%(ids)s::bigint[]))
        AND NOT EXISTS (
            SELECT 1 FROM ({_SAID}) s WHERE s.person_id = k.person_id AND s.fact = k.fact AND s.word = k.word
                AND (s.number, s.from_at) IS NOT DISTINCT FROM (k.number, k.from_at)
        )
    RETURNING k.person_id
"""
_TAKE = f"""
    INSERT INTO cases_person_fact (
        person_id, fact, number, word, from_at, source, recorded_at, recorded_by, withdrawn_by, withdrawn_because,
        {", ".join(_HOME)}
    )
    SELECT s.person_id, s.fact, s.number, s.word, s.from_at, 'registry', %(now)s, %(by)s, '', '',
           {", ".join(f"p.{name}" for name in _HOME)}
    FROM ({_SAID}) s JOIN registry_person p ON p.id = s.person_id
    WHERE NOT EXISTS (
        SELECT 1 FROM cases_person_fact k
        WHERE k.person_id = s.person_id AND k.fact = s.fact AND k.source = 'registry' AND k.withdrawn_at IS NULL
    )
    ON CONFLICT DO NOTHING
    RETURNING person_id
"""


def follow_registry(person_ids: Collection[int] | None, *, by: str) -> list[int]:
    """Take over what the registry says of these people (None: of everybody) where rules ask for it; returns whose
    facts are others now. The caller acts as the system; ``by`` is who changed the registry."""
    asked = sorted({stored_as(fact) for fact in facts_asked_here()} & FROM_REGISTRY)
    given: dict[str, Any] = {
        "zone": str(timezone.get_default_timezone()), "facts": asked, "now": timezone.now(), "by": by,
        "occupations": _occupations(), "ids": None if person_ids is None else list(person_ids),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW, given)
        changed = {row[0] for row in cursor.fetchall()}
        if asked:
            cursor.execute(_TAKE, given)
            changed |= {row[0] for row in cursor.fetchall()}
    return sorted(changed)


@cache
def _occupations() -> str:
    """Occupation as people write it, in any language, → its code. Only what is written just so: a guess is no fact."""
    found = {code: code for code in OCCUPATIONS}
    for language in LANGUAGES:
        words = texts(language)
        found |= {words(f"pack_words.occupation.{code}").lower(): code for code in OCCUPATIONS if code != "other"}
    return json.dumps(found, ensure_ascii=False)
