"""Which pack of rules is in force, where and since when. Activation is by place and instant, with two people."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.foundation.access.scoped import Scoped


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


class PreviewState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ActivationPreview(Scoped):
    """What a proposed activation would change for whom, by stored facts: counts, and people by their ids.

    Scoped like the place of the activation; keys below that place are 0. ``counts`` has rows of community_id,
    from, to, before (reason), reason, people; ``examples`` rows of person_id, from, to, before, reason, rule, until.
    ``seen_by_ids``: accounts that approved or looked with the whole of it before them.
    """

    activation = models.OneToOneField(PackActivation, models.CASCADE, related_name="preview")
    state = models.CharField(max_length=8, choices=PreviewState.choices, default=PreviewState.WAITING)
    as_of = models.DateTimeField(null=True, help_text="the instant that both packs were asked about")
    before_packs = ArrayField(models.CharField(max_length=70), default=list)
    people = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    worsened = models.IntegerField(default=0)
    improved = models.IntegerField(default=0)
    counts = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=400, blank=True)
    seen_by_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        db_table = "policy_activation_preview"
