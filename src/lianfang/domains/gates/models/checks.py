"""What happened at gates: facts of devices, and what a person looks at afterwards."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from lianfang.domains.gates.models.gates import Gate
from lianfang.domains.gates.models.permits import Permit
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class Direction(models.TextChoices):
    IN = "in"
    OUT = "out"


class Answer(models.TextChoices):
    PASS = "pass"
    STOP = "stop"
    SECOND_LOOK = "second_look"
    EMERGENCY = "emergency"


class Proof(models.TextChoices):
    """How the person was known: their own code, a printed one, a number looked up, typed words, or not at all."""

    TOKEN = "token"
    PRINTED = "printed"
    LOOKUP = "lookup"
    TYPED = "typed"
    NONE = "none"


class _FromDevice(Scoped):
    """What every fact of a device keeps. ``item`` is the number that the device gave it: sent twice, it counts once."""

    item = models.UUIDField(unique=True)
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    person_id = models.BigIntegerField(null=True)
    household_id = models.BigIntegerField(null=True)
    pseudonym = models.CharField(max_length=32, blank=True, help_text="of a code that is nobody's here")
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    clock_is_doubtful = models.BooleanField(default=False)
    device_id = models.UUIDField(null=True)
    device_name = models.CharField(max_length=80, blank=True)
    holder = models.CharField(max_length=80, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        abstract = True


class GateCheck(_FromDevice):
    """One check of a person, with or without a vehicle. Append-only: a mistake is put right by a later check that names
    the item it ``corrects``, ``answer`` "" where it only takes that one back.

    ``answer`` and ``reason`` are what the device said, ``packages_at`` how old what it carried was. A plate is sealed
    like a phone; ``plate_index`` finds an exact one.
    """

    proof = models.CharField(max_length=8, choices=Proof.choices)
    answer = models.CharField(max_length=12, choices=Answer.choices, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    permit = models.ForeignKey(Permit, models.PROTECT, null=True, related_name="checks")
    temperature = models.DecimalField(max_digits=3, decimal_places=1, null=True)
    plate_sealed = models.BinaryField(null=True)
    plate_index = models.BinaryField(null=True)
    destination = models.CharField(max_length=120, blank=True)
    companions = models.SmallIntegerField(default=0)
    travel = models.CharField(max_length=10, blank=True, help_text="clear, seen or unknown, where it was asked")
    vaccine_doses = models.SmallIntegerField(null=True)
    packages_at = models.DateTimeField(null=True)
    corrects = models.UUIDField(null=True)

    class Meta:
        db_table = "gates_gate_check"
        indexes = [
            models.Index(fields=["gate", "-happened_at", "id"]),
            models.Index(fields=["community_id", "-happened_at", "id"]),
            models.Index(fields=["township_id", "-happened_at", "id"]),
            models.Index(fields=["county_id", "-happened_at", "id"]),
            models.Index(
                fields=["person_id", "-happened_at"], condition=Q(person_id__isnull=False), name="gates_person"
            ),
            models.Index(fields=["plate_index"], condition=Q(plate_index__isnull=False), name="gates_plate"),
            models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="gates_corrects"),
            models.Index(fields=["permit"], condition=Q(permit__isnull=False), name="gates_permit_used"),
        ]


class Difference(Scoped):
    """A device decided with what it carried; the server knew otherwise when the check arrived. Followed up, nobody's
    fault. ``kind``: ``passed_red`` or ``stopped_green``; ``status`` is what was known here, since when."""

    check_row = models.OneToOneField(GateCheck, models.CASCADE, related_name="difference")
    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=14)
    status = models.CharField(max_length=8)
    status_since_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "gates_difference"
        indexes = [
            models.Index(fields=["community_id", "found_at"], condition=Q(settled_at=None), name="gates_open_here"),
            models.Index(fields=["township_id", "found_at"], condition=Q(settled_at=None), name="gates_open_town"),
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class GateEmergency(_FromDevice):
    """Somebody had to pass. It was opened, whatever the rules say; somebody looks at it afterwards.

    ``override_id`` is the emergency override of a person who was known. ``words`` may be empty and follow later.
    """

    words = models.CharField(max_length=200, blank=True)
    override_id = models.BigIntegerField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=80, blank=True)
    review_note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "gates_emergency"
        indexes = [
            models.Index(fields=["community_id", "-happened_at"]),
            models.Index(fields=["township_id", "-happened_at"]),
        ]
