"""Events of the domains, written in the transaction of the change that they tell of."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """Something that has happened, in the past tense, with ids only: never personal data."""

    at = models.DateTimeField(auto_now_add=True)
    name = models.CharField(max_length=80)
    payload = models.JSONField()
    handled_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    failure = models.TextField(blank=True)

    class Meta:
        db_table = "outbox_event"
        indexes = [models.Index(fields=["id"], condition=models.Q(handled_at=None), name="outbox_waiting")]
