"""The audit trail: what was done, with the actor's name as it was then."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One action. Nobody but the owner of the tables can change or remove it (``access.row_security``).

    It names what was touched by kind and id, never by content: it may outlive the personal data.
    """

    at = models.DateTimeField(auto_now_add=True)
    account_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=80)
    role = models.CharField(max_length=20)
    place_label = models.CharField(max_length=200, blank=True)
    county_id = models.BigIntegerField(null=True)
    township_id = models.BigIntegerField(null=True)
    community_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=40, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_entry"
        indexes = [
            models.Index(fields=["-at"]),
            models.Index(fields=["target_kind", "target_id"]),
            models.Index(fields=["account_id", "-at"]),
        ]
