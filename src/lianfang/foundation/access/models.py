"""Accounts, where they serve, and their sessions. None of it is scoped by place: it is read before a scope is known."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.foundation.access.roles import Level, Role


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(login=(username or "").strip().lower())


class Account(AbstractBaseUser):
    """Somebody who signs in. What an account may do comes from its postings only."""

    login = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64)
    phone = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=8, default="zh-hans")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    totp_secret = models.BinaryField(null=True)
    totp_last_step = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "login"
    objects = AccountManager()

    class Meta:
        db_table = "access_account"


class Posting(models.Model):
    """One duty of an account: a role at a place, from … until.

    ``scope_ids`` are the ids that row-level security compares: of the place itself, or of the buildings inside it.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="postings")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    level = models.CharField(max_length=12, choices=[(level.value, level.value) for level in Level])
    scope_ids = ArrayField(models.BigIntegerField(), default=list)
    place_id = models.BigIntegerField(null=True)
    place_label = models.CharField(max_length=200, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    given_by = models.CharField(max_length=80)

    class Meta:
        db_table = "access_posting"
        indexes = [models.Index(fields=["account", "ends_at"])]


class AccountSession(models.Model):
    """A sign-in on one device, so that its owner sees it and can end it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    device = models.CharField(max_length=200)
    address = models.CharField(max_length=45)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=20, blank=True)

    class Meta:
        db_table = "access_session"


class SignInAttempt(models.Model):
    """A try to sign in, kept to slow down guessing by login and by address."""

    login = models.CharField(max_length=64)
    address = models.CharField(max_length=45)
    at = models.DateTimeField()
    succeeded = models.BooleanField()

    class Meta:
        db_table = "access_sign_in_attempt"
        indexes = [models.Index(fields=["login", "at"]), models.Index(fields=["address", "at"])]


class FirstLink(models.Model):
    """The one-time link that makes the first administrator; only its hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_first_link"
