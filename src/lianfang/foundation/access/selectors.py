"""Accounts and the audit trail, as their readers may see them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.models import Account, Posting
from lianfang.foundation.access.places import directory
from lianfang.foundation.access.roles import GIVES, Action, Role
from lianfang.foundation.audit.models import Entry


def accounts_for(actor: Actor, text: str = "", role: str = "") -> QuerySet[Account]:
    """Accounts that the actor may manage: all for administrators, else those posted below it, and those without a
    duty."""
    actor.authorise(Action.ACCOUNTS_MANAGE)
    found = Account.objects.prefetch_related("postings").order_by("name", "pk")
    if actor.role not in (Role.ADMINISTRATOR, Role.SYSTEM):
        mine = {
            posting.account_id
            for posting in Posting.objects.filter(role__in=GIVES.get(actor.role, frozenset())).exclude(place_id=None)
            if directory().is_inside(Role(posting.role), posting.place_id or 0, actor.place_id or 0)
        }
        found = found.filter(Q(pk__in=mine) | ~Exists(Posting.objects.filter(account=OuterRef("pk"))))
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(login__icontains=word) | Q(phone__endswith=word))
    return found.filter(postings__role=role, postings__ends_at=None).distinct() if role else found


def account_for(actor: Actor, account_id: int) -> Account:
    """One account that the actor may manage; Http404 for any other."""
    account = accounts_for(actor).filter(pk=account_id).first()
    if account is None:
        raise Http404
    return account


def audit_entries(
    actor: Actor, *, text: str = "", action: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Entry]:
    """The audit trail, newest first; ``text`` is part of an actor's name or a target's id."""
    actor.authorise(Action.AUDIT_VIEW)
    found = Entry.objects.order_by("-at", "-pk")
    if text:
        found = found.filter(Q(actor_name__icontains=text) | Q(target_id=text))
    if action:
        found = found.filter(action__startswith=action)
    if since is not None:
        found = found.filter(at__gte=since)
    return found.filter(at__lt=until) if until is not None else found
