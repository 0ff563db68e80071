"""What a page shows beside the decision: tests that fall due by the same run, and orders under two sets of rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from lianfang.domains.cases.exposure_pages import standing_at
from lianfang.domains.cases.plans import ChangeShown, changes_since
from lianfang.domains.policy.selectors import Standing
from lianfang.domains.registry.models import Person
from lianfang.domains.status.deciding import decided_by_pack
from lianfang.domains.status.evidence import Fact, FactShown, facts_in_words
from lianfang.domains.status.models import StatusOrder
from lianfang.domains.status.rule_words import name_of_pack, rule_name
from lianfang.engine.packs import Pack
from lianfang.engine.status.transitions import NOW, OrderPlan, Transitions
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.tones import Tone

MOST_ORDERS = 20
TEST_TONES: dict[str, Tone] = {"done": "good", "due": "info", "overdue": "warn", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class TestDue:
    """One test of one person: for which category and stage, or group; the swab where one was taken that day."""

    due_on: date
    state: str
    tone: Tone
    what: str
    fact: FactShown | None


@dataclass(frozen=True, slots=True)
class OrderShown:
    """``then_ends_at`` is its end by the rules under which it was given, where they are others now; ``ends_at`` its end
    by those in force (None: they have no such rule any more)."""

    order: StatusOrder
    rule: str
    ends_at: datetime | None
    then_ends_at: datetime | None
    then_pack: str
    changes: tuple[ChangeShown, ...]


def tests_due_of(person_id: int, at: datetime | None = None) -> list[TestDue]:
    """The tests of a person by the run that decides about them at ``at``, by day. Who may ask is the caller's to
    check."""
    moment = at or timezone.now()
    with acting_as(system_actor("tests due")):
        for one in decided_by_pack([person_id], moment):
            if one.decisions is None or one.pack is None:
                return []
            rows = one.decisions.tests_due.to_pylist()
            done: list[Fact] = [("sample", row["evidence_id"]) for row in rows if row["evidence_table"] == "sample"]
            words = facts_in_words(done)
            packs = (one.pack, *(one.standing.superseded if one.standing else ()))
            return [
                TestDue(
                    due_on=row["due_on"],
                    state=row["state"],
                    tone=TEST_TONES[row["state"]],
                    what=_what(packs, row["rule_or_category"], row["stage"]),
                    fact=words.get((row["evidence_table"], row["evidence_id"])),
                )
                for row in rows
            ]
    return []


def _what(packs: tuple[Pack, ...], rule_or_category: str, stage: str | None) -> str:
    """Category and stage in the words of the pack; a stage may be one of a pack before it."""
    language = current_texts().language
    for pack in packs:
        words = pack.texts[language]  # type: ignore[index]
        if stage is None and rule_or_category in words.groups:
            return words.groups[rule_or_category]
        if rule_or_category in words.categories and stage in words.stages:
            parts = (words.categories[rule_or_category], words.stages[stage])
            return t("web.word.comma").join(parts)
    return rule_or_category


def orders_shown(actor: Actor, person: Person) -> list[OrderShown]:
    """The latest orders about a person, each with both ends where the rules changed after it was given."""
    found = StatusOrder.objects.visible_to(actor).filter(person_id=person.pk).order_by("-proposed_at")[:MOST_ORDERS]
    standing = standing_at(person, timezone.now())
    return [_shown(one, standing) for one in found]


def _shown(order: StatusOrder, standing: Standing | None) -> OrderShown:
    rule = rule_name(order.rule, order.opened_under, order.opened_version)
    if standing is None or order.opened_under == standing.pack.id or standing.pack_named(order.opened_under) is None:
        return OrderShown(order, rule, order.ends_at, None, "", ())
    chain = (standing.pack, *standing.superseded)
    at = timezone.localtime().replace(tzinfo=None, microsecond=0)
    now = Transitions(chain, at).order_plans().get((order.opened_under, order.rule))
    place = [pack.id for pack in chain].index(order.opened_under)
    then = Transitions(chain[place:], at).order_plans().get((NOW, order.rule))
    return OrderShown(
        order,
        rule,
        _ends_at(order, now),
        _ends_at(order, then),
        name_of_pack(order.opened_under, order.opened_version),
        tuple(changes_since(standing, order.opened_under)),
    )


def _ends_at(order: StatusOrder, plan: OrderPlan | None) -> datetime | None:
    if plan is None:
        return None
    return order.ends_at if plan.span is None else min(order.ends_at, order.starts_at + plan.span)
