"""Which pack of rules is in force, where and since when. Activation is by place and instant, with two people."""

from __future__ import annotations

from django.db import models


class PackActivation(models.Model):
    """One pack in force for everything inside ``place_id`` from ``starts_at`` on; never changed, only followed by another."""

    pack = models.CharField(max_length=60, help_text="disease/version")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the pack's files: an active pack is immutable")
    place_id = models.BigIntegerField(null=True, help_text="null: everywhere")
    starts_at = models.DateTimeField()
    made_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=80)
    approved_by = models.CharField(max_length=80)

    class Meta:
        db_table = "policy_pack_activation"
        indexes = [models.Index(fields=["place_id", "-starts_at"])]
