"""Runs of deciding, and decisions that a run did not write because a person has to look first."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.foundation.access.scoped import Scoped


class RunState(models.TextChoices):
    """``done``: written. ``waiting``: what it would worsen waits for a person. The others say what people did."""

    DONE = "done"
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNDONE = "undone"


class StatusRun(Scoped):
    """What one run did in one township; a run over several townships has a row, under the same ``number``, for each.

    ``community_id`` is 0 where it touched several communities. ``worsened`` counts everybody who is, or would be, worse
    off; ``withheld`` those of them whose decision was not written. ``limit`` is the number above which it stopped,
    null where it came nowhere near. ``caused_by_ids``: accounts whose doing led to it; they do not approve it.
    """

    number = models.BigIntegerField()
    why = models.CharField(max_length=40, help_text="a code of status.why")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.DONE)
    as_of = models.DateTimeField()
    begun_at = models.DateTimeField()
    packs = ArrayField(models.CharField(max_length=70), default=list)
    decided = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    improved = models.IntegerField(default=0)
    worsened = models.IntegerField(default=0)
    withheld = models.IntegerField(default=0)
    without_pack = models.IntegerField(default=0)
    limit = models.IntegerField(null=True)
    caused_by_ids = ArrayField(models.BigIntegerField(), default=list)
    undoes = models.BigIntegerField(null=True, help_text="number of the run whose worsening this one took back")
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.BigIntegerField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)
    because = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "status_run"
        constraints = [models.UniqueConstraint(fields=["number", "township_id"], name="status_run_once")]
        indexes = [
            models.Index(fields=["township_id", "-number"]),
            models.Index(fields=["community_id", "-number"]),
            models.Index(fields=["state"], condition=models.Q(state="waiting"), name="status_run_waiting"),
        ]


class Watched(models.Model):
    """Up to which instant something that happens by itself has been looked for."""

    name = models.CharField(max_length=40, unique=True)
    until_at = models.DateTimeField()

    class Meta:
        db_table = "status_watched"


class WithheldState(models.TextChoices):
    """``waiting`` and ``rejected`` hold: the same facts do not worsen this person. The other two are over."""

    WAITING = "waiting"
    REJECTED = "rejected"
    APPROVED = "approved"
    OVERTAKEN = "overtaken"


class WithheldDecision(Scoped):
    """A worse decision about one person that is not in force: the run stopped, or was undone.

    ``evidence`` names the facts it rests on: while nothing else is known, deciding again does not bring it back.
    """

    run = models.ForeignKey(StatusRun, models.CASCADE, related_name="withheld_decisions")
    person_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=WithheldState.choices, default=WithheldState.WAITING)
    from_status = models.CharField(max_length=8, help_text="in force while this is withheld; unknown: no decision")
    to_status = models.CharField(max_length=8)
    rule = models.CharField(max_length=130)
    reason = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    until_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=list)
    pack = models.CharField(max_length=60)
    pack_version = models.IntegerField()
    withheld_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "status_withheld_decision"
        constraints = [
            models.UniqueConstraint(
                fields=["person_id"], name="status_withheld_once", condition=models.Q(state__in=("waiting", "rejected"))
            )
        ]
        indexes = [models.Index(fields=["run", "community_id"])]
