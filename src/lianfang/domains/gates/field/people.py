"""Whom a code or a number belongs to, for many checks at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lianfang.domains.registry.models import Person
from lianfang.domains.status.codes import person_behind
from lianfang.domains.status.models import HealthStatus
from lianfang.foundation.privacy.numbers import blind_index


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom a check means, wherever they live."""

    id: int
    household_id: int | None


def indexes_of(typed: str) -> tuple[bytes, ...]:
    """What a typed number may be found by: a document's or a phone's."""
    number = "".join(sign for sign in typed.upper() if sign.isalnum())
    if len(number) < 6:
        return ()
    return tuple(one for one in (blind_index("id", number), blind_index("phone", number)) if one)


def people_by_number(typed: Iterable[str]) -> dict[str, Known]:
    """Numbers that are one person's. A phone that a family shares names nobody."""
    wanted = {text: indexes_of(text) for text in set(typed) if text}
    every = [index for indexes in wanted.values() for index in indexes]
    if not every:
        return {}
    rows: list[tuple[int, int | None, bytes | memoryview | None, bytes | memoryview | None]] = []
    for column in ("id_index", "phone_index"):
        found = Person.objects.filter(**{f"{column}__in": every}).exclude(state__in=("moved_out", "died"))
        rows += found.values_list("id", "household_id", "id_index", "phone_index")
    known = {}
    for text, (identity, phone) in ((text, indexes) for text, indexes in wanted.items() if indexes):
        fits = {row[0]: row for row in rows if _is(row[2], identity) or _is(row[3], phone)}
        by_identity = {pk: row for pk, row in fits.items() if _is(row[2], identity)}
        chosen = by_identity or fits
        if len(chosen) == 1:
            [row] = chosen.values()
            known[text] = Known(row[0], row[1])
    return known


def people_by_pseudonym(codes: Iterable[str]) -> dict[str, Known]:
    """People by the pseudonym of their code; the caller acts as the system. A code of elsewhere is nobody's."""
    ids = {code: person_behind(code) for code in set(codes)}
    wanted = {pk for pk in ids.values() if pk is not None}
    if not wanted:
        return {}
    homes = dict(Person.objects.filter(pk__in=wanted).values_list("pk", "household_id"))
    return {code: Known(pk, homes[pk]) for code, pk in ids.items() if pk is not None and pk in homes}


def _is(stored: bytes | memoryview | None, index: bytes) -> bool:
    return stored is not None and bytes(stored) == index


def statuses_of(person_ids: Iterable[int]) -> dict[int, HealthStatus]:
    """Decisions in force; the caller acts as the system."""
    wanted = set(person_ids)
    if not wanted:
        return {}
    columns = ("person_id", "status", "since_at", "until_at", "is_emergency", "emergency_until_at", "evidence")
    return {one.person_id: one for one in HealthStatus.objects.filter(person_id__in=wanted).only(*columns)}
