"""Invites of households, the phones that opened them, who helps whom, what was proposed and what was asked for."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HouseholdInvite(Scoped):
    """A slip with a short link for one household (住户邀请). Only a keyed hash of its token is kept.

    ``uses`` counts the phones that opened it. ``needs_check``: personal data shows only after the last digits of a
    number that the register has; ``wrong_checks`` in a row lock it. A slip of a later day supersedes it: then it opens
    no further phone, and those that it opened go on. A revoked one ends them.
    """

    household_id = models.BigIntegerField()
    token_hash = models.BinaryField(unique=True)
    needs_check = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    ends_at = models.DateTimeField()
    most_uses = models.SmallIntegerField()
    uses = models.SmallIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True)
    wrong_checks = models.SmallIntegerField(default=0)
    superseded_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=80, blank=True)
    revoked_because = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "residents_household_invite"
        indexes = [models.Index(fields=["household_id", "-made_at"]), models.Index(fields=["building_id", "-made_at"])]


class ResidentSession(Scoped):
    """One phone that opened an invite. The cookie's secret is kept as a keyed hash only.

    ``checked_at`` is when the digits were right; after a while unused they are asked for again. ``helper`` is set where
    somebody acts for a person of the household.
    """

    invite = models.ForeignKey(HouseholdInvite, models.PROTECT, related_name="sessions")
    household_id = models.BigIntegerField()
    secret_hash = models.BinaryField()
    device = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=20, blank=True)
    helper = models.ForeignKey("Helper", models.PROTECT, null=True, related_name="sessions", db_index=False)

    class Meta:
        db_table = "residents_session"
        indexes = [models.Index(fields=["household_id", "-started_at"])]


class Relation(models.TextChoices):
    CHILD = "child"
    RELATIVE = "relative"
    NEIGHBOUR = "neighbour"
    BUILDING_CHIEF = "building_chief"
    VOLUNTEER = "volunteer"
    OTHER = "other"


class Consent(models.TextChoices):
    """How the person helped agreed."""

    BESIDE_ME = "beside_me"
    BY_PHONE = "by_phone"
    IN_WRITING = "in_writing"
    GUARDIAN = "guardian"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Helper(Scoped):
    """Who acts for whom (代办), and how that person agreed; the household and the community read it."""

    household_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True, help_text="null: the whole household")
    name = models.CharField(max_length=80)
    phone_sealed = models.BinaryField(null=True)
    relation = models.CharField(max_length=16, choices=Relation.choices)
    consent = models.CharField(max_length=12, choices=Consent.choices)
    note = models.CharField(max_length=200, blank=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "residents_helper"
        indexes = [models.Index(fields=["household_id", "-began_at"])]


class PreRegistration(Scoped):
    """What a household sent at one time (预登记): rows that the community confirms or rejects one by one."""

    household_id = models.BigIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    helper = models.ForeignKey(Helper, models.PROTECT, null=True, related_name="+", db_index=False)
    was_checked = models.BooleanField(help_text="whether the phone had shown that it knows the household")

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "residents_pre_registration"
        indexes = [models.Index(fields=["household_id", "-made_at"])]


class What(models.TextChoices):
    NEW = "new"
    CHANGE = "change"
    LEFT = "left"


class ProposalState(models.TextChoices):
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ProposedPerson(Scoped):
    """One row of a pre-registration: somebody new, a change of somebody registered, or somebody who left.

    ``fields`` names what a change is about; only these columns count. The register is untouched until it is confirmed.
    """

    pre_registration = models.ForeignKey(PreRegistration, models.PROTECT, related_name="rows")
    household_id = models.BigIntegerField()
    position = models.SmallIntegerField()
    what = models.CharField(max_length=8, choices=What.choices)
    person_id = models.BigIntegerField(null=True, help_text="whom it changes; of a new one once confirmed")
    fields = ArrayField(models.CharField(max_length=20), default=list)
    name = models.CharField(max_length=80, blank=True)
    id_sealed = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    relation_to_head = models.CharField(max_length=20, blank=True)
    special_needs = ArrayField(models.CharField(max_length=20), default=list)
    remark = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=ProposalState.choices, default=ProposalState.WAITING)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    because = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "residents_proposed_person"
        indexes = [
            models.Index(fields=["household_id", "-id"]),
            models.Index(
                fields=["community_id", "id"], condition=models.Q(state="waiting"), name="residents_proposal_waits"
            ),
            models.Index(
                fields=["township_id", "id"], condition=models.Q(state="waiting"), name="residents_proposal_waits_town"
            ),
        ]


class HelpKind(models.TextChoices):
    MEDICINE = "medicine"
    FOOD = "food"
    HOSPITAL = "hospital"
    OTHER = "other"


class Urgency(models.TextChoices):
    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class HelpState(models.TextChoices):
    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HelpRequest(Scoped):
    """What a household asks for (求助). ``due_at`` is when somebody must have taken it in hand at the latest.

    An emergency is told to call; nothing of it waits for this row.
    """

    household_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10, choices=HelpKind.choices)
    urgency = models.CharField(max_length=10, choices=Urgency.choices)
    words = models.CharField(max_length=1000)
    phone_sealed = models.BinaryField(null=True, help_text="where to call back, if another than the registered one")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    helper = models.ForeignKey(Helper, models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=HelpState.choices, default=HelpState.OPEN)
    taken_at = models.DateTimeField(null=True)
    taken_by = models.CharField(max_length=80, blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=80, blank=True)
    outcome = models.CharField(max_length=400, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "residents_help_request"
        indexes = [
            models.Index(fields=["community_id", "state", "due_at"]),
            models.Index(fields=["township_id", "state", "due_at"]),
            models.Index(fields=["household_id", "-made_at"]),
        ]


class WrongToken(models.Model):
    """A link that was tried and does not exist, to slow down guessing by address; removed soon after."""

    address = models.CharField(max_length=45)
    at = models.DateTimeField()

    class Meta:
        db_table = "residents_wrong_token"
        indexes = [models.Index(fields=["address", "at"])]
