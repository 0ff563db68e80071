"""Data keys: the outbreak's personal numbers are encrypted with one, and erased by destroying it."""

from __future__ import annotations

from django.db import models


class DataKey(models.Model):
    """A random key, wrapped by the installation's key. Destroying it makes everything under it unreadable for good."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    wrapped = models.BinaryField(null=True)
    made_at = models.DateTimeField(auto_now_add=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_data_key"
