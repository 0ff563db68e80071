"""Keys that sign codes, and the codes that were printed on paper."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class ProofKey(models.Model):
    """An Ed25519 key that signs residents' codes from ``signs_from`` to ``signs_until``; read until ``reads_until``.

    The public half and its id are published; the private half is sealed under the data key. A key is published before
    it signs, so that a device which was last in contact a day ago knows it. A revoked one proves nothing any more.
    """

    kid = models.CharField(max_length=16, unique=True, help_text="first eight bytes of the public key's SHA-256, hex")
    public = models.BinaryField()
    private_sealed = models.BinaryField()
    made_at = models.DateTimeField()
    signs_from = models.DateTimeField()
    signs_until = models.DateTimeField()
    reads_until = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=80, blank=True)
    revoked_because = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "status_proof_key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(signs_until__gt=models.F("signs_from"))
                & models.Q(reads_until__gte=models.F("signs_until")),
                name="status_proof_key_ends",
            )
        ]
        indexes = [models.Index(fields=["-signs_until"])]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class PrintedCode(Scoped):
    """A code on paper for somebody without a phone: who printed it, and until when it is read.

    Withdrawn (lost, stolen), it and those printed before it count no more at the next contact of the devices.
    """

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    kid = models.CharField(max_length=16)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=80)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)
    withdrawn_because = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "status_printed_code"
        indexes = [models.Index(fields=["person_id", "-issued_at"])]
