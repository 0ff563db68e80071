"""Devices of the field, what they sent, and what was answered."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.foundation.access.roles import DEVICE_ROLES, Level
from lianfang.foundation.access.scoped import Scoped


class AtWork(Scoped):
    """Belongs to the place where a device serves: its community, or a township for a device that serves all of it.

    ``building_id`` is the first of the buildings of a device that serves buildings.
    """

    county_id = models.BigIntegerField(null=True)  # type: ignore[assignment]
    township_id = models.BigIntegerField(null=True)  # type: ignore[assignment]
    community_id = models.BigIntegerField(null=True)  # type: ignore[assignment]

    class Meta:
        abstract = True


class Device(AtWork):
    """A telephone or tablet that works as one role at one place until ``ends_at``.

    Invited first (``token_hash``, open until ``token_ends_at``), then enrolled (``secret_hash``). The secret is 256
    random bits of which only the hash is kept. ``storage_key_sealed`` is the server's part of the key under which the
    device keeps what it carries; it is given at each contact and never again once the device is revoked or has ended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    holder = models.CharField(max_length=64)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in sorted(DEVICE_ROLES)])
    level = models.CharField(max_length=12, choices=[(level.value, level.value) for level in Level])
    scope_ids = ArrayField(models.BigIntegerField(), default=list)
    place_id = models.BigIntegerField()
    place_label = models.CharField(max_length=200)

    invited_at = models.DateTimeField()
    invited_by = models.CharField(max_length=80)
    token_hash = models.BinaryField(max_length=32, unique=True)
    token_ends_at = models.DateTimeField()

    enrolled_at = models.DateTimeField(null=True)
    secret_hash = models.BinaryField(max_length=32, null=True)
    storage_key_sealed = models.BinaryField()
    lookup_key_sealed = models.BinaryField()
    key_epoch = models.PositiveIntegerField(default=1)
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_because = models.CharField(max_length=200, blank=True)
    revoked_by = models.CharField(max_length=80, blank=True)

    last_contact_at = models.DateTimeField(null=True)
    # What to add to the device's clock to have the server's, as the device measured it last.
    clock_offset_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "devices_device"
        indexes = [models.Index(fields=["community_id", "-invited_at"])]


class Progress(AtWork):
    """How far a device's items were applied. Its row is locked while they are: one at a time, without making the device
    wait that sends the next ones."""

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="progress")
    # Everything that the device recorded up to this ``seq`` was applied; what is missing below may still come.
    applied_to = models.BigIntegerField(default=0)
    answers = models.BigIntegerField(default=0)

    class Meta:
        db_table = "devices_progress"


class Arrival(AtWork):
    """One request that brought items: when, and by which clock."""

    device_id = models.UUIDField()
    batch = models.CharField(max_length=64)
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    offset_ms = models.BigIntegerField(null=True)
    rtt_ms = models.BigIntegerField(null=True)
    used_offset_ms = models.BigIntegerField()
    items = models.PositiveIntegerField()

    class Meta:
        db_table = "devices_arrival"
        indexes = [models.Index(fields=["device_id", "-id"])]


class ItemState(models.TextChoices):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class InboxItem(AtWork):
    """One thing that a device recorded, under the id that the device gave it; kept for good, whatever came of it.

    ``body_sealed`` is what was sent, under the data key: erased by shredding it. The columns of the answer are filled
    when it is applied; ``number`` then counts answers, so that a device asks for later ones. A refused item stands in
    the review list until ``settled_at``.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    # The id as it was sent, where that was none or belonged to an item with other content.
    sent_id = models.CharField(max_length=80, default="")
    # Not enforced by the database: checked once per request instead of once per item.
    device = models.ForeignKey(Device, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    arrival = models.ForeignKey(Arrival, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    raw_at = models.DateTimeField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    clock_is_doubtful = models.BooleanField()
    digest = models.BinaryField(max_length=16)
    body_sealed = models.BinaryField()

    state = models.CharField(max_length=8, choices=ItemState.choices)
    number = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=80, default="")
    gaps = models.JSONField(null=True)
    warnings = ArrayField(models.CharField(max_length=80), null=True)
    refs = models.JSONField(null=True)
    # Failures of the program, not of the item.
    tries = models.PositiveSmallIntegerField(default=0)
    failure = models.TextField(default="")
    try_again_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, default="")
    settled_how = models.CharField(max_length=10, default="")
    settled_note = models.CharField(max_length=500, default="")

    class Meta:
        db_table = "devices_item"
        indexes = [
            models.Index(
                fields=["device", "seq"], condition=models.Q(state=ItemState.WAITING), name="devices_item_waiting"
            ),
            models.Index(
                fields=["device", "number"], condition=models.Q(number__isnull=False), name="devices_item_answers"
            ),
            models.Index(
                fields=["received_at"],
                condition=models.Q(state=ItemState.REFUSED, settled_at=None),
                name="devices_item_review",
            ),
        ]
