"""Which pack of rules is in force, where and since when. Activation is by place and instant, with two people."""

from __future__ import annotations

from django.db import models


class PackActivation(models.Model):
    """One pack in force for everything inside ``place_id`` from ``starts_at`` on, once a second person approved it.

    Never changed, only followed by another. ``digest`` is that of the pack's files when it was proposed: a pack
    whose files changed since does not run (an active pack is immutable).
    """

    pack = models.CharField(max_length=60)
    version = models.IntegerField()
    digest = models.CharField(max_length=64)
    place_id = models.BigIntegerField(null=True, help_text="null: everywhere")
    starts_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    proposed_at = models.DateTimeField()
    proposed_by_id = models.BigIntegerField(null=True)
    proposed_by = models.CharField(max_length=80)
    approved_at = models.DateTimeField(null=True)
    approved_by_id = models.BigIntegerField(null=True)
    approved_by = models.CharField(max_length=80, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "policy_pack_activation"
        indexes = [models.Index(fields=["place_id", "-starts_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by_id=None) | ~models.Q(approved_by_id=models.F("proposed_by_id")),
                name="policy_activation_two_people",
            )
        ]
