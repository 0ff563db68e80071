"""What a form or an address gives as a point in time."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime

# Nothing outside is meant, and at the ends of the calendar no other time zone has a name for the instant.
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


def instant_of(text: str) -> datetime | None:
    """``2022-08-30T03:10``, of this place's clock where it names no zone; a day alone is its first moment.
    None for what is no instant, and for ""."""
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        return None
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        return None
    return timezone.make_aware(found) if timezone.is_naive(found) else found
