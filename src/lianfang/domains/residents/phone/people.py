"""The household says who lives there. Rows are proposals; wrong ones are named by row and field; nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.forms import problem_words as registry_words
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import household_people
from lianfang.domains.registry.wording import code_words
from lianfang.domains.registry.words import RELATIONS, SPECIAL_NEEDS
from lianfang.domains.residents.phone.visiting import page_of, problem_words, visiting
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.selectors import own_proposals
from lianfang.domains.residents.services import (
    GivenRow,
    RowProblem,
    RowsWrongError,
    Visit,
    send_pre_registration,
    withdraw_proposal,
)
from lianfang.domains.residents.services.proposals import MOST_ROWS
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone, unseal
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t

BLANK_ROWS = 2
FIELDS = ("name", "id_number", "phone", "relation_to_head", "remark")


@dataclass
class Row:
    """One row of the page: what was typed, whom it is about, and what is wrong with it."""

    given: GivenRow
    person: Person | None = None
    known_phone: str = ""
    known_id: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the fields of somebody registered are unfolded."""
        return bool(self.errors) or self.given.has_left or bool(self.given.phone or self.given.id_number)


def speaks_of_somebody(request: Any) -> bool:
    return request.method == "POST" and any(
        name.startswith("row-") and name.endswith("-person") and text for name, text in request.POST.items()
    )


@visiting(checked=speaks_of_somebody)
@require_http_methods(["GET", "HEAD", "POST"])
def family(request: Any, visit: Visit) -> HttpResponseBase:
    """The form. ``do=add`` gives more rows, ``do=send`` sends."""
    people = household_people(visit.actor, visit.household, residents_only=True) if visit.is_checked else []
    if request.method != "POST":
        return _page(request, visit, _rows(people, _as_registered(people), 1 if people else BLANK_ROWS))
    given = _given(request)
    if request.POST.get("do") == "add":
        return _page(request, visit, _rows(people, given, BLANK_ROWS))
    try:
        sent = send_pre_registration(
            actor=visit.actor, household_id=visit.household.pk, rows=given, was_checked=visit.is_checked,
            helper=visit.helper,
        )  # fmt: skip
    except RowsWrongError as wrong:
        return _page(request, visit, _rows(people, given, 0), wrong.problems)
    except ResidentProblemError as problem:
        return _page(request, visit, _rows(people, given, 0), said=problem_words(problem))
    if sent is None:
        return _page(request, visit, _rows(people, given, 0), said=t("residents.problem.nothing_new"))
    tell(request, t("residents.family.sent", rows=sent.rows.count()))
    return redirect("residents:family", visit_id=visit.id)


@visiting(checked=True)
@require_POST
def withdraw(request: Any, visit: Visit, proposal_id: int) -> HttpResponseBase:
    try:
        withdraw_proposal(actor=visit.actor, proposal_id=proposal_id)
    except ResidentProblemError as problem:
        if problem.code == "proposal_elsewhere":
            raise Http404 from problem
        tell(request, problem_words(problem), tone="warning")
    else:
        tell(request, t("residents.family.withdrawn"))
    return redirect("residents:family", visit_id=visit.id)


def _as_registered(people: list[Person]) -> list[GivenRow]:
    return [
        GivenRow(
            number, one.pk, one.name, relation_to_head=one.relation_to_head, special_needs=tuple(one.special_needs)
        )
        for number, one in enumerate(people, 1)
    ]


def _given(request: Any) -> list[GivenRow]:
    """The rows as typed, in their order; whatever a number of rows claims, no more than the form can have."""
    found = []
    for number in range(1, MOST_ROWS + 16):

        def text(name: str, at: int = number) -> str:
            return str(request.POST.get(f"row-{at}-{name}", ""))[:300]

        if f"row-{number}-name" not in request.POST:
            continue
        person = text("person")
        is_person = person.isascii() and person.isdecimal() and len(person) < 19
        found.append(GivenRow(
            number, int(person) if is_person else None, **{name: text(name) for name in FIELDS},
            special_needs=tuple(request.POST.getlist(f"row-{number}-needs")), has_left=bool(text("left")),
        ))  # fmt: skip
    return found


def _rows(people: list[Person], given: list[GivenRow], blank: int) -> list[Row]:
    by_id = {one.pk: one for one in people}
    last = max((one.number for one in given), default=0)
    room = max(MOST_ROWS - len(given), 0)
    blanks = [GivenRow(number) for number in range(last + 1, last + 1 + min(blank, room))]
    rows = []
    for one in (*given, *blanks):
        person = by_id.get(one.person_id or 0)
        rows.append(Row(
            one, person,
            mask_phone(unseal(person.phone_sealed)) if person else "",
            mask_identity(unseal(person.id_sealed)) if person else "",
        ))  # fmt: skip
    return rows


def _page(
    request: Any, visit: Visit, rows: list[Row], problems: tuple[RowProblem, ...] = (), said: str = ""
) -> HttpResponseBase:
    by_number = {row.given.number: row for row in rows}
    listed = []
    for problem in problems:
        words = _words(problem)
        by_number[problem.number].errors[problem.field] = words
        listed.append((problem.number, problem.field, t(f"residents.field.{problem.field}"), words))
    context = {
        "page": page_of(request, visit, "family"),
        "rows": rows,
        "problems": listed,
        "said": said,
        "relations": [(code, code_words("relation", code)) for code in RELATIONS],
        "needs": [(code, code_words("need", code)) for code in SPECIAL_NEEDS],
        "may_add": len(rows) < MOST_ROWS,
        "sent": own_proposals(visit.actor) if visit.is_checked else [],
        "waiting": sum(1 for one in own_proposals(visit.actor) if one.state == "waiting"),
    }
    return render(request, "residents/phone/family.html", context, status=422 if listed or said else 200)


def _words(problem: RowProblem) -> str:
    said = problem.said
    return registry_words(said) if isinstance(said, RegistryError) else problem_words(said)
