"""Places, households and people. Everything about a person is scoped by place; the place tree itself is public."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.domains.registry.sweeps.models import (
    AddedAtDoor,
    DifferenceKind,
    DoorOutcome,
    DoorVisit,
    Sweep,
    SweepDifference,
    SweepState,
    SweepTeam,
)
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class PlaceKind(models.TextChoices):
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    COMMUNITY = "community"
    GRID = "grid"
    COMPOUND = "compound"
    BUILDING = "building"
    UNIT = "unit"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Place(models.Model):
    """A node of the tree province › … › building › unit. Rooms are households' (``Household.room``).

    ``code`` is the official 12-digit division code where there is one. ``path`` holds the ids from the root to this
    place, so that "everything inside" is one test. ``county_id`` … ``building_id`` are ids of the ancestors of those
    kinds, the place itself included, null above them.
    """

    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    kind = models.CharField(max_length=10, choices=PlaceKind.choices)
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=12, null=True)
    path = ArrayField(models.BigIntegerField(), default=list)
    sort_key = models.CharField(max_length=160, help_text="walking order among the children of one place")
    county_id = models.BigIntegerField(null=True)
    township_id = models.BigIntegerField(null=True)
    community_id = models.BigIntegerField(null=True)
    building_id = models.BigIntegerField(null=True)
    closed_on = models.DateField(null=True)

    class Meta:
        db_table = "registry_place"
        constraints = [
            models.UniqueConstraint(fields=["parent", "kind", "name"], name="registry_place_once", nulls_distinct=True),
            models.UniqueConstraint(fields=["code"], name="registry_place_code"),
        ]
        indexes = [
            models.Index(fields=["parent", "sort_key"]),
            models.Index(fields=["community_id", "kind"]),
            models.Index(fields=["township_id", "kind"]),
        ]


class LivingState(models.TextChoices):
    LIVING = "living"
    AWAY = "away"
    MOVED_OUT = "moved_out"
    DIED = "died"


# One trigger call per statement: imports write hundreds of thousands of rows.
@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), level=pgtrigger.Statement)
class Household(Scoped):
    """The people who live in one room (房) together.

    ``sort_key`` is the walking order inside the township: community, compound, building, unit, floor, room. ``address``
    is written in Chinese from the compound down; the community is a column of its own on lists.
    """

    place = models.ForeignKey(
        Place, models.PROTECT, help_text="unit or building, or the community where there is no building"
    )
    compound_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True)
    room = models.CharField(max_length=40, blank=True)
    floor = models.SmallIntegerField(null=True)
    address = models.CharField(max_length=200, help_text="as it is written on a list, from the compound down")
    sort_key = models.CharField(max_length=250, db_collation="C")
    tenancy = models.CharField(max_length=20, blank=True)
    remark = models.CharField(max_length=400, blank=True)
    last_contact_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "id"}

    class Meta:
        db_table = "registry_household"
        constraints = [models.UniqueConstraint(fields=["place", "room"], name="registry_household_once")]
        indexes = [
            models.Index(fields=["community_id", "sort_key"]),
            models.Index(fields=["township_id", "sort_key"]),
            models.Index(fields=["building_id", "sort_key"]),
            models.Index(fields=["township_id", "room"]),
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), level=pgtrigger.Statement)
class Person(Scoped):
    """A natural person at the place where they live now, or last lived.

    Identity numbers and phones are sealed (``privacy.numbers``); the indexes find an exact number. ``pseudonym`` is
    what the engine sees. ``name_pinyin`` has the syllables apart, ``name_initials`` their first letters, for search.
    ``sort_key`` is the household's. Only ``living`` and ``away`` are residents; the others stay for what they left.
    """

    household = models.ForeignKey(Household, models.PROTECT, null=True)
    # Compared by code point: a range under "C" is an index condition that row-level security lets through; LIKE is not.
    name = models.CharField(max_length=80, db_collation="C")
    name_pinyin = models.CharField(max_length=200, blank=True, db_collation="C")
    name_initials = models.CharField(max_length=40, blank=True, db_collation="C")
    sort_key = models.CharField(max_length=250, blank=True, db_collation="C")
    sex = models.CharField(max_length=6, blank=True)
    birth_on = models.DateField(null=True)
    id_type = models.CharField(max_length=20, blank=True)
    id_sealed = models.BinaryField(null=True)
    id_index = models.BinaryField(null=True)
    id_is_valid = models.BooleanField(null=True)
    phone_sealed = models.BinaryField(null=True)
    phone_index = models.BinaryField(null=True)
    phone_tail_index = models.BinaryField(null=True)
    pseudonym = models.CharField(max_length=32)
    relation_to_head = models.CharField(max_length=20, blank=True)
    class_kind = models.CharField(max_length=12, blank=True, help_text="permanent or floating")
    key_person_kind = models.CharField(
        max_length=40, blank=True, help_text="why a rule or a list singles the person out"
    )
    occupation = models.CharField(max_length=60, blank=True)
    employer = models.CharField(max_length=120, blank=True)
    special_needs = ArrayField(models.CharField(max_length=20), default=list, help_text="codes of words.SPECIAL_NEEDS")
    state = models.CharField(max_length=10, choices=LivingState.choices, default=LivingState.LIVING)
    state_reason = models.CharField(max_length=200, blank=True)
    state_until_on = models.DateField(null=True)
    last_contact_at = models.DateTimeField(null=True)
    last_contact_note = models.CharField(max_length=200, blank=True)
    remark = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    import_id = models.BigIntegerField(null=True)
    version = models.IntegerField(default=1)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "registry_person"
        constraints = [
            # Per community: a violation on a hidden row would tell that the number exists elsewhere.
            models.UniqueConstraint(
                fields=["community_id", "id_index"], name="registry_person_identity",
                condition=models.Q(id_index__isnull=False) & ~models.Q(state="moved_out"),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["community_id", "sort_key", "id"]),
            models.Index(fields=["township_id", "sort_key", "id"]),
            models.Index(fields=["building_id", "sort_key", "id"]),
            models.Index(fields=["county_id", "sort_key", "id"]),
            # A page of a name takes few steps through a county, and keeps its order at every level of scope.
            models.Index(fields=["county_id", "name", "id"]),
            models.Index(fields=["county_id", "name_pinyin", "id"]),
            models.Index(fields=["county_id", "name_initials", "id"]),
            models.Index(
                fields=["township_id", "sort_key", "id"],
                condition=~models.Q(special_needs=[]),
                name="registry_person_needs",
            ),
            models.Index(
                fields=["county_id", "sort_key", "id"],
                condition=~models.Q(special_needs=[]),
                name="registry_person_county_needs",
            ),
            models.Index(
                fields=["township_id", "sort_key", "id"],
                condition=~models.Q(key_person_kind=""),
                name="registry_person_key",
            ),
            models.Index(
                fields=["county_id", "sort_key", "id"],
                condition=~models.Q(key_person_kind=""),
                name="registry_person_county_key",
            ),
            models.Index(fields=["id_index"]),
            models.Index(fields=["phone_index"]),
            models.Index(fields=["phone_tail_index"]),
        ]


class ImportState(models.TextChoices):
    UPLOADED = "uploaded"
    READING = "reading"
    REVIEW = "review"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    DISCARDED = "discarded"


class Import(Scoped):
    """One import of rosters: files → understood → conflicts decided → preview → applied → perhaps undone.

    Scoped by the place of whoever made it; keys below that place are 0. ``summary`` holds counts for the pages, never
    personal data. Files and drafts lie in ``ImportFile`` and ``ImportRow`` and are removed when the import is closed.
    ``turn`` counts how often work was begun: a job whose turn has passed does nothing.
    """

    state = models.CharField(max_length=12, choices=ImportState.choices)
    made_by_id = models.BigIntegerField(null=True)
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    # What the job acts as: exactly the places of whoever asked for it.
    acts_as = models.JSONField(default=dict)
    stage = models.CharField(max_length=40, blank=True)
    progress = models.SmallIntegerField(default=0)
    summary = models.JSONField(default=dict)
    failure = models.JSONField(null=True, help_text="text key and gaps of what went wrong, and what was kept")
    applied_at = models.DateTimeField(null=True)
    applied_by = models.CharField(max_length=80, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    turn = models.IntegerField(default=0)
    version = models.IntegerField(default=1)

    class Meta:
        db_table = "registry_import"
        indexes = [models.Index(fields=["community_id", "-made_at"]), models.Index(fields=["township_id", "-made_at"])]


class ImportFile(Scoped):
    """A file as it came, with what was understood of it. ``digest`` (SHA-256) finds the same file given twice.

    The file lies encrypted under ``stored_as``, "" once the import is closed; its key is here, so that removing the row
    removes the file for good.
    """

    batch = models.ForeignKey(Import, models.CASCADE, related_name="files")
    number = models.IntegerField(default=0)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200)
    key_sealed = models.BinaryField(null=True)
    understood = models.JSONField(
        default=dict, help_text="sheets, columns with confidence, problem cells; as `lianfang intake --json`"
    )

    class Meta:
        db_table = "registry_import_file"
        indexes = [models.Index(fields=["digest"])]


class ImportRow(Scoped):
    """One person read from the files, as it would be registered; numbers sealed.

    ``action``: add, update, same, repeat (says what row ``leader`` says), skip (a clerk left it out), refused (of a
    place that is not the actor's, or names nobody). ``person_id`` is the person it was linked with, at
    ``person_version``.
    """

    batch = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    number = models.IntegerField()
    leader = models.IntegerField()
    file = models.IntegerField()
    sheet = models.CharField(max_length=100)
    row = models.IntegerField()
    values = models.JSONField(help_text="normalised values but identity and phone")
    id_sealed = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    place = models.CharField(max_length=160, blank=True, help_text="building as counted in the preview")
    person_id = models.BigIntegerField(null=True)
    person_version = models.IntegerField(null=True)
    action = models.CharField(max_length=8)
    changes = models.JSONField(default=dict, help_text="field → [before, after]; numbers masked")
    problems = models.JSONField(default=list)

    class Meta:
        db_table = "registry_import_row"
        indexes = [models.Index(fields=["batch", "action", "number"])]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="registry_import_row_once")]


class ImportConflict(Scoped):
    """Rows that contradict each other or what is registered, to be decided in bulk.

    ``kind`` as engine linkage names it, or ``pair`` (one person?), ``moved``, ``class_differs``; ``key`` is made
    from the content, so that a decision holds when the files are read again. ``choice`` is "" while it is open.
    """

    batch = models.ForeignKey(Import, models.CASCADE, related_name="conflicts")
    number = models.IntegerField()
    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=30)
    rows = ArrayField(models.IntegerField())
    person_ids = ArrayField(models.BigIntegerField(), default=list)
    differs = models.JSONField(default=list, help_text="who says what: row or person, field, value (numbers masked)")
    suggestion = models.CharField(max_length=20, blank=True)
    choice = models.CharField(max_length=20, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "registry_import_conflict"
        indexes = [models.Index(fields=["batch", "kind", "number"])]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="registry_import_conflict_once")]


class ImportUndo(Scoped):
    """What an import changed: enough to put it back, as long as nobody changed the person since (``version``).

    ``kind``: person, household or place. ``before`` are the columns as they were, null for what was added.
    """

    batch = models.ForeignKey(Import, models.CASCADE, related_name="undo_rows")
    kind = models.CharField(max_length=10)
    target_id = models.BigIntegerField()
    version = models.IntegerField()
    before = models.JSONField(null=True)
    id_sealed = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    kept_because = models.CharField(max_length=20, blank=True, help_text="why it could not be put back")

    class Meta:
        db_table = "registry_import_undo"
        indexes = [models.Index(fields=["batch", "kind"])]


class ColumnMeaning(Scoped):
    """What a clerk said a column means, kept for the next files of this place. ``fields`` "-" means: none."""

    label = models.CharField(max_length=200)
    between = models.CharField(max_length=200, blank=True)
    fields = models.CharField(max_length=100)
    example = models.CharField(max_length=20, blank=True)
    decided_by = models.CharField(max_length=80)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "registry_column_meaning"
        constraints = [
            models.UniqueConstraint(
                fields=["county_id", "township_id", "community_id", "label", "between"], name="registry_meaning_once"
            )
        ]


__all__ = [
    "AddedAtDoor",
    "ColumnMeaning",
    "DifferenceKind",
    "DoorOutcome",
    "DoorVisit",
    "Household",
    "Import",
    "ImportConflict",
    "ImportFile",
    "ImportRow",
    "ImportState",
    "ImportUndo",
    "LivingState",
    "Person",
    "Place",
    "PlaceKind",
    "Sweep",
    "SweepDifference",
    "SweepState",
    "SweepTeam",
]
