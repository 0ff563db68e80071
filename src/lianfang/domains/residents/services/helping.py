"""Helping on behalf of somebody: who, for whom, and how that person agreed."""

from __future__ import annotations

from django.utils import timezone

from lianfang.domains.registry.selectors import household_people
from lianfang.domains.residents.models import Consent, Helper, Relation, ResidentSession
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services.facts import read_phone
from lianfang.domains.residents.services.visits import Visit
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import seal

_HOME = ("county_id", "township_id", "community_id", "building_id")


def begin_helping(
    *, visit: Visit, name: str, relation: str, consent: str, person_id: int | None = None, phone: str = "",
    note: str = "",
) -> Helper:  # fmt: skip
    """Say that this phone acts for somebody of the household; what is done from now on carries the helper's number.

    Call as the visit's actor. Raises ResidentProblemError where the household has no such person, or a name, relation
    or consent is missing.
    """
    if not name.strip():
        raise ResidentProblemError("helper_name_needed", "name")
    if relation not in Relation.values:
        raise ResidentProblemError("relation_needed", "relation")
    if consent not in Consent.values:
        raise ResidentProblemError("consent_needed", "consent")
    people = household_people(visit.actor, visit.household, residents_only=True)
    if person_id is not None and person_id not in {one.pk for one in people}:
        raise ResidentProblemError("person_elsewhere", "person")
    made = Helper.objects.create(
        **{column: getattr(visit.household, column) for column in _HOME}, household_id=visit.household.pk,
        person_id=person_id, name=name.strip()[:80], phone_sealed=seal(read_phone(phone)), relation=relation,
        consent=consent, note=note.strip()[:200], began_at=timezone.now(),
    )  # fmt: skip
    _act_as(visit, made)
    record(actor=visit.actor, action="residents.begin_helping", target_kind="helper", target_id=made.pk)
    return made


def stop_helping(*, visit: Visit) -> None:
    """The phone acts for its own household again, or for nobody."""
    if visit.helper is None:
        return
    Helper.objects.visible_to(visit.actor).filter(pk=visit.helper.pk).update(ended_at=timezone.now())
    _act_as(visit, None)
    record(actor=visit.actor, action="residents.stop_helping", target_kind="helper", target_id=visit.helper.pk)


def _act_as(visit: Visit, helper: Helper | None) -> None:
    # Sessions hold the secret of a phone: no household's actor sees them.
    with acting_as(system_actor("residents")):
        ResidentSession.objects.filter(pk=visit.session.pk).update(helper=helper)
