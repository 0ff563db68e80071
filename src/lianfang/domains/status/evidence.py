"""The facts behind a decision in words: which tube said what, at which laboratory, when; who ordered what.

Whoever may read a decision may read what it rests on. The facts are read as the system, therefore, and only what stands
here of them is given out: of a pool never who else is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from lianfang.domains.areas.models import AreaLevel
from lianfang.domains.areas.wording import level_name, place_line
from lianfang.domains.cases.models import Case, Exposure, PersonFact
from lianfang.domains.cases.wording import category_words, fact_times, fact_words, opened_words
from lianfang.domains.lab_testing.models import Result, Round, Sample
from lianfang.domains.status.models import EmergencyOverride, StatusOrder
from lianfang.domains.status.rule_words import rule_name
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.parts import Evidence
from lianfang.foundation.web.tones import Tone
from lianfang.foundation.web.wording import clock, local, who

Fact = tuple[str, int]


@dataclass(frozen=True, slots=True)
class FactShown:
    """One fact. ``url`` is where staff put it right; a resident is never given it."""

    table: str
    number: int
    title: str
    text: str = ""
    source: str = ""
    tone: Tone = "info"
    url: str = ""

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.table}-{self.number}"

    def at(self, instant: datetime, *, with_link: bool) -> Evidence:
        """As a step of a timeline: when it became known here."""
        return Evidence(
            at=instant, title=self.title, text=self.text, source=self.source, tone=self.tone,
            url=self.url if with_link else "",
        )  # fmt: skip


def facts_in_words(facts: Iterable[Fact]) -> dict[Fact, FactShown]:
    """Each fact in the reader's language; one that is gone is named by its kind and number."""
    wanted: dict[str, set[int]] = {}
    for table, number in facts:
        wanted.setdefault(table, set()).add(number)
    found: dict[Fact, FactShown] = {}
    with acting_as(system_actor("evidence")):
        for table, numbers in wanted.items():
            shown = _READERS[table](numbers) if table in _READERS else {}
            for number in numbers:
                found[table, number] = shown.get(number) or _gone(table, number)
    return found


def evidence_facts(evidence: Iterable[Any]) -> list[Fact]:
    """The facts that a decision's ``evidence`` names, each once, in order."""
    return list(dict.fromkeys((str(one[0]), int(one[1])) for one in evidence))


def folded(shown: Iterable[FactShown]) -> list[FactShown]:
    """Facts that read the same stand once, with how many they are: a laboratory that reports a pool by person says the
    same of it ten times."""
    found: dict[FactShown, list[FactShown]] = {}
    for one in shown:
        found.setdefault(replace(one, number=0), []).append(one)
    return [
        one[0] if len(one) == 1 else replace(one[0], title=t("status.fact.times", fact=one[0].title, count=len(one)))
        for one in found.values()
    ]


def _gone(table: str, number: int) -> FactShown:
    key = f"status.evidence.{table}"
    words = current_texts()
    return FactShown(table, number, words(key, number=number) if key in words else f"{table} {number}", tone="quiet")


_TONES: Mapping[str, Tone] = {"positive": "bad", "negative": "good", "indeterminate": "warn", "invalid": "unknown"}


def _results(numbers: Collection[int]) -> dict[int, FactShown]:
    found = Result.objects.filter(pk__in=numbers).select_related("tube")
    return {one.pk: _result(one) for one in found}


def _result(one: Result) -> FactShown:
    code = one.tube_code or (one.tube.code if one.tube else "")
    outcome = t(f"lab_results.outcome.{one.outcome or 'none'}")
    times = [
        t(f"status.fact.{name}", at=clock(local(at)))
        for name, at in (("tested", one.tested_at), ("reported", one.reported_at), ("received", one.received_at))
        if at is not None
    ]
    if one.withdrawn_at is not None:
        times.append(t("status.fact.withdrawn", at=clock(local(one.withdrawn_at))))
    elif one.superseded_by_id is not None:
        times.append(t("status.fact.superseded"))
    title = (
        t("status.fact.result", tube=code, outcome=outcome) if code else t("status.fact.result_named", outcome=outcome)
    )
    return FactShown(
        "result", one.pk, title, t("web.word.semicolon").join(times), one.laboratory or t("status.fact.no_laboratory"),
        _TONES.get(one.outcome, "unknown"), reverse("lab_testing:tube", args=[one.tube_id]) if one.tube_id else "",
    )  # fmt: skip


def _samples(numbers: Collection[int]) -> dict[int, FactShown]:
    found = Sample.objects.filter(pk__in=numbers).select_related("tube")
    return {
        one.pk: FactShown(
            "sample", one.pk, t("status.fact.sample", tube=one.tube.code),
            t("status.fact.taken", at=_clock(one.sampled_at)), one.sampler, "info",
            reverse("lab_testing:tube", args=[one.tube_id]),
        )
        for one in found
    }  # fmt: skip


def _cases(numbers: Collection[int]) -> dict[int, FactShown]:
    return {
        one.pk: FactShown(
            "case", one.pk, t("status.fact.case", kind=t(f"cases.kind.{one.kind}"), at=_clock(one.found_at)),
            "" if one.released_at is None else t("status.fact.released", at=_clock(one.released_at)),
            who(one.made_by), "bad", reverse("cases:case", args=[one.pk]),
        )
        for one in Case.objects.filter(pk__in=numbers)
    }  # fmt: skip


def _obligations(numbers: Collection[int]) -> dict[int, FactShown]:
    return {
        one.pk: FactShown(
            "obligation", one.pk, t("status.fact.obligation", round=one.name),
            t("status.fact.round_ended", at=_clock(one.ends_at)), "", "warn",
            reverse("lab_testing:round", args=[one.pk]),
        )
        for one in Round.objects.filter(pk__in=numbers)
    }  # fmt: skip


def _orders(numbers: Collection[int]) -> dict[int, FactShown]:
    return {
        one.pk: FactShown(
            "order", one.pk,
            t("status.fact.order", rule=rule_name(one.rule, one.opened_under, one.opened_version), reason=one.reason),
            t("status.fact.order_times", start=_clock(one.starts_at), end=_clock(one.ends_at)),
            t("status.fact.order_by", proposed=one.proposed_by, approved=one.approved_by), "warn",
            f"{reverse('status:person', args=[one.person_id])}#orders",
        )
        for one in StatusOrder.objects.filter(pk__in=numbers)
    }  # fmt: skip


def _overrides(numbers: Collection[int]) -> dict[int, FactShown]:
    return {
        one.pk: FactShown(
            "override", one.pk, t("status.fact.override", reason=one.reason or t("status.fact.no_reason")),
            t("status.fact.order_times", start=_clock(one.starts_at), end=_clock(one.ends_at)), one.given_by,
        )
        for one in EmergencyOverride.objects.filter(pk__in=numbers)
    }  # fmt: skip


def _exposures(numbers: Collection[int]) -> dict[int, FactShown]:
    """Never whose contact somebody is: that stands with the exposure, for those who may see cases."""
    return {
        one.pk: FactShown(
            "exposure", one.pk, category_words(one), opened_words(one), who(one.recorded_by), "warn",
            f"{reverse('cases:exposures', args=[one.person_id])}#exposure-{one.pk}",
        )
        for one in Exposure.objects.filter(pk__in=numbers)
    }  # fmt: skip


def _person_facts(numbers: Collection[int]) -> dict[int, FactShown]:
    return {
        one.pk: FactShown(
            "person_fact", one.pk, fact_words(one), fact_times(one), who(one.recorded_by), "info",
            f"{reverse('cases:facts', args=[one.person_id])}#fact-{one.pk}",
        )
        for one in PersonFact.objects.filter(pk__in=numbers)
    }  # fmt: skip


def _area_levels(numbers: Collection[int]) -> dict[int, FactShown]:
    """Announced to everybody: which place has had which level, since when, until when."""
    return {
        one.pk: FactShown(
            "area_level", one.pk, t("status.fact.area_level", place=place_line(one.place), level=level_name(one)),
            t("status.fact.area_since", start=_clock(one.starts_at)) if one.ended_at is None
            else t("status.fact.order_times", start=_clock(one.starts_at), end=_clock(one.ended_at)),
            t("status.fact.order_by", proposed=one.opened_by.proposed_by, approved=one.opened_by.approved_by), "warn",
            reverse("areas:area", args=[one.place_id]),
        )
        for one in AreaLevel.objects.filter(pk__in=numbers).select_related("place", "opened_by")
    }  # fmt: skip


def _clock(at: datetime | None) -> str:
    return t("web.unknown") if at is None else clock(timezone.localtime(at))


_READERS: Mapping[str, Callable[[Collection[int]], dict[int, FactShown]]] = {
    "result": _results,
    "sample": _samples,
    "case": _cases,
    "obligation": _obligations,
    "order": _orders,
    "override": _overrides,
    "exposure": _exposures,
    "person_fact": _person_facts,
    "area_level": _area_levels,
}
