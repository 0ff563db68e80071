"""Codes that prove a status without a server: issuing them, and what devices carry to read them. The public door.

What a code is and how it is read: ``engine/field/tokens.py``; what is promised and what not: docs/algorithms/proof.md.
A pseudonym names a person to nobody without the installation's key; it is another than the engine's.
"""

from lianfang.domains.status.codes.carried import changed_since, live_statuses, statuses_for
from lianfang.domains.status.codes.issuing import (
    TOKEN_HOURS,
    Issued,
    issue_printed_code,
    issue_printed_codes,
    issue_token,
    standing_papers,
    withdraw_printed_codes,
)
from lianfang.domains.status.codes.keys import PRINTED_DAYS, all_keys, published_keys, revoke_key, rotate_keys
from lianfang.domains.status.codes.pseudonyms import (
    people_behind,
    person_behind,
    person_of_pseudonym,
    pseudonym_of,
    pseudonyms_of,
)
from lianfang.domains.status.codes.refusals import CodeRefusedError

__all__ = [
    "PRINTED_DAYS",
    "TOKEN_HOURS",
    "CodeRefusedError",
    "Issued",
    "all_keys",
    "changed_since",
    "issue_printed_code",
    "issue_printed_codes",
    "issue_token",
    "live_statuses",
    "people_behind",
    "person_behind",
    "person_of_pseudonym",
    "pseudonym_of",
    "pseudonyms_of",
    "published_keys",
    "revoke_key",
    "rotate_keys",
    "standing_papers",
    "statuses_for",
    "withdraw_printed_codes",
]
