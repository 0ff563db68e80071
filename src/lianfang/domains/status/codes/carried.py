"""What devices carry to read codes without a network, and what the server answers of them at once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from lianfang.domains.registry.models import Person
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.status.codes.pseudonyms import people_behind, pseudonyms_of
from lianfang.domains.status.models import Colour, HealthStatus
from lianfang.engine.field.changes import ChangedFilter, make_filter
from lianfang.engine.field.gate import KnownStatus
from lianfang.engine.field.lookup import lookup_of
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.prepared import ask_prepared
from lianfang.foundation.privacy.numbers import unseal

# A filter reaches further back than the longest token and the oldest package together need.
REACHES_BACK = timedelta(hours=26)
# All devices share one filter for so long.
MADE_EVERY = 120
# A run decides at its moment and is written some time later.
_WRITTEN_WITHIN = timedelta(minutes=15)

_STATUSES = """
SELECT w.person_id, h.status, extract(epoch FROM h.until_at)::bigint, n.last_at, p.printed_from
FROM unnest(%s::bigint[]) AS w(person_id)
LEFT JOIN status_health_status h ON h.person_id = w.person_id
LEFT JOIN LATERAL (
    SELECT extract(epoch FROM max(s.sampled_at))::bigint AS last_at
    FROM lab_testing_sample s JOIN lab_testing_tube t ON t.id = s.tube_id
    WHERE s.person_id = w.person_id AND NOT s.is_void AND t.conclusion = 'negative' AND t.state <> 'void'
) n ON true
LEFT JOIN LATERAL (
    SELECT extract(epoch FROM max(c.issued_at))::bigint + 1 AS printed_from
    FROM status_printed_code c WHERE c.person_id = w.person_id AND c.withdrawn_at IS NOT NULL
) p ON true
"""


def known_statuses(person_ids: Iterable[int], moment: datetime, *, is_live: bool) -> dict[int, KnownStatus]:
    """Status, last negative and end of each, in one question; whoever has no decision is unknown. ``last_negative_at``
    is when the swab was taken, in whatever community. The caller acts as the system, for people already authorised."""
    rows = ask_prepared(_STATUSES, [f"{{{','.join(map(str, person_ids))}}}"])
    at = int(moment.timestamp())
    return {
        person_id: KnownStatus(status or str(Colour.UNKNOWN), at, last_negative_at, until_at, is_live, printed_from)
        for person_id, status, until_at, last_negative_at, printed_from in rows
    }


def live_statuses(pseudonyms: Collection[str], moment: datetime) -> dict[str, KnownStatus]:
    """Hexadecimal pseudonym → what is in force now; those that this installation never made are left out.

    For gates that ask the server, many at once: one question to the database. The caller acts as the system.
    """
    people = people_behind(pseudonyms)
    known = known_statuses(set(people.values()), moment, is_live=True) if people else {}
    return {pseudonym: known[person_id] for pseudonym, person_id in people.items() if person_id in known}


def statuses_for(
    *, actor: Actor, lookup_key: str, moment: datetime, community_ids: Collection[int] | None = None
) -> list[dict[str, Any]]:
    """Rows of a gate package: people who live in the actor's places, or in these communities of them; no name, no
    address. ``lookups``: of identity number and telephone, under the device's own key (hexadecimal).

    ``{pseudonym, lookups, status, last_negative_at, until_at, printed_from_at}``, in the order of pseudonyms, which
    says nothing about who lives beside whom. Raises NotAllowedError for whoever checks nobody.
    """
    actor.authorise(Action.GATE_CHECK)
    people = Person.objects.visible_to(actor).filter(state__in=RESIDENT_STATES)
    if community_ids is not None:
        people = people.filter(community_id__in=community_ids)
    numbers = {pk: sealed for pk, *sealed in people.order_by().values_list("pk", "id_sealed", "phone_sealed")}
    with acting_as(system_actor("status codes")):
        known = known_statuses(numbers, moment, is_live=False) if numbers else {}
    names = dict(zip(numbers, pseudonyms_of(list(numbers)), strict=True))
    rows = [
        {
            "pseudonym": names[person_id].hex(),
            "lookups": _lookups(lookup_key, sealed),
            "status": known[person_id].status,
            "last_negative_at": known[person_id].last_negative_at,
            "until_at": known[person_id].until_at,
            "printed_from_at": known[person_id].printed_from_at,
        }
        for person_id, sealed in numbers.items()
    ]
    return sorted(rows, key=lambda row: str(row["pseudonym"]))


def _lookups(lookup_key: str, sealed: Iterable[Any]) -> list[str]:
    numbers = [unseal(one) for one in sealed if one]
    return [lookup_of(lookup_key, number) for number in numbers if number]


def changed_since(*, actor: Actor, moment: datetime, since: datetime | None = None) -> ChangedFilter:
    """The filter of everybody in the installation whose status is not green and was decided since ``since``, by default
    as far back as the oldest token that is still valid was issued. Pseudonyms only: a resident of another community
    stands at this gate too.

    Devices that ask in the same two minutes get the same filter, so that an unchanged package stays unchanged.
    """
    actor.authorise(Action.GATE_CHECK)
    made_at = int(moment.timestamp()) // MADE_EVERY * MADE_EVERY
    since_at = int((since or moment - REACHES_BACK).timestamp()) // MADE_EVERY * MADE_EVERY
    name = f"status.changed.{connection.settings_dict['NAME']}.{since_at}.{made_at}"
    kept: ChangedFilter | None = cache.get(name)
    if kept is None:
        kept = _make_filter(since_at, made_at)
        cache.set(name, kept, MADE_EVERY)
    return kept


def _make_filter(since_at: int, made_at: int) -> ChangedFilter:
    since = datetime.fromtimestamp(since_at, tz=UTC) - _WRITTEN_WITHIN
    with acting_as(system_actor("status codes")):
        worse = HealthStatus.objects.exclude(status=Colour.GREEN).filter(as_of__gte=since)
        people = list(worse.order_by().values_list("person_id", flat=True))
    salt = hmac.digest(settings.INDEX_KEY, f"lianfang changes {since_at} {made_at}".encode(), hashlib.sha256)[:16]
    return make_filter(pseudonyms_of(people), salt=salt, since_at=since_at, made_at=made_at)
