"""How many people a run may make worse off before somebody has to look: the only place where these numbers stand.

No published text gives them: they are this product's, unverified (docs/decisions/0019). What they answer to: 1,317
people turned red in one city, none of whom should have been (dossier §8, Zhengzhou). A tube holds twenty at most, so
``always`` lets several positive tubes of one file through without a question.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class WorseningLimit:
    """A run stops in a township where it would worsen more than ``people``, or more than ``share`` of who lives there;
    never at ``always`` people or fewer."""

    people: int = 500
    share: float = 0.05
    always: int = 100

    def for_residents(self, residents: int) -> int:
        """The number of people that may be worsened without anybody looking."""
        return max(self.always, min(self.people, int(residents * self.share)))


def worsening_limit() -> WorseningLimit:
    """The limit in force: the installation's ``STATUS_WORSENING_LIMIT`` (a WorseningLimit), else the default."""
    given: WorseningLimit = getattr(settings, "STATUS_WORSENING_LIMIT", WorseningLimit())
    return given


# A run that restricts this many raises an alarm on the record, whether or not it stops.
BULK = 100
# Kinds whose decision about a person is never withheld and does not count towards the limit: the person's own positive,
# and an order that two people have signed already.
NEVER_WITHHELD = frozenset({"positive_result", "manual_order"})
