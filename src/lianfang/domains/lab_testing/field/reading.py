"""Bodies of items → what the services take. What cannot be read is refused with the name of what is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from lianfang.domains.lab_testing import codes, roster
from lianfang.domains.lab_testing.finding import round_concerns
from lianfang.domains.lab_testing.models import Kit, Round, Sample, Tube
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.services import Opening, open_tube
from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.services import people_added
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.devices.kinds import Applied, Item, ItemRefusedError
from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import t

REFUSED = "lab_testing.refused"
FIELD = "lab_testing.field"
Applier = Callable[..., Applied]


def refuse(code: str, /, **gaps: str | int) -> NoReturn:
    raise ItemRefusedError(f"{REFUSED}.{code}", **gaps)


def as_refused(error: RefusedError) -> ItemRefusedError:
    """The refusal of a service, as the review list and the device keep it."""
    comma = t("lab_testing.word.comma")
    told = {name: gap if isinstance(gap, Gap) else comma.join(gap) for name, gap in error.gaps.items()}
    return ItemRefusedError(f"{REFUSED}.{error.code}", **told)


def refusing(apply: Applier) -> Applier:
    """The refusals of this domain's and the registry's services become refusals of the item."""

    def applied(*, actor: Actor, item: Item) -> Applied:
        try:
            return apply(actor=actor, item=item)
        except RefusedError as error:
            raise as_refused(error) from error
        except RegistryError as error:
            raise ItemRefusedError(f"registry.problem.{error.code}", **dict(error.gaps)) from error
        except NotAllowedError as error:
            raise ItemRefusedError("lab_testing.refused.place_unknown") from error

    return applied


def text_of(body: Mapping[str, Any], field: str, *, needed: bool = False, most: int = 200) -> str:
    given = body.get(field)
    text = str(given).strip()[:most] if isinstance(given, str | int) else ""
    if needed and not text:
        refuse("item_incomplete", field=field)
    return text


def number_of(body: Mapping[str, Any], field: str, *, needed: bool = False) -> int | None:
    given = body.get(field)
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**63:
        return given
    if needed:
        refuse("item_incomplete", field=field)
    return None


def number_needed(body: Mapping[str, Any], field: str) -> int:
    return number_of(body, field, needed=True) or 0


def uuid_of(given: Any) -> UUID | None:
    try:
        return UUID(str(given))
    except ValueError:
        return None


def person_of(body: Mapping[str, Any]) -> int:
    """The person by id, or by the item that added them. Refused where that one was not accepted."""
    person_id = number_of(body, "person")
    return person_id or people_of([body]).get(str(body.get("client"))) or refuse("person_not_made")


def people_of(bodies: Collection[Mapping[str, Any]]) -> dict[str, int]:
    """``client`` of each body → the person whom the item with that id added; those that added one."""
    asked = {wanted: str(body["client"]) for body in bodies if "client" in body and (wanted := uuid_of(body["client"]))}
    return {asked[pk]: person_id for pk, person_id in people_added(asked.keys()).items()} if asked else {}


def known_tube(actor: Actor, code: str) -> Tube | None:
    place = roster.own_place(actor)
    tubes = Tube.objects.visible_to(actor).filter(code=code)
    if place is not None and place.township_id is not None:
        tubes = tubes.filter(township_id=place.township_id)
    found: Tube | None = tubes.select_related("round").first()
    return found


def known_tubes(actor: Actor, items: Sequence[Item]) -> dict[tuple[int | None, str], Tube]:
    """The tubes that swabs name with their round, as far as they are open there; by round and label."""
    place = roster.own_place(actor)
    named = {codes.tidy(text_of(item.body, "tube", most=60)) for item in items}
    tubes = Tube.objects.visible_to(actor).filter(code__in=named)
    if place is not None and place.township_id is not None:
        tubes = tubes.filter(township_id=place.township_id)
    found: dict[str, list[Tube]] = {}
    for tube in tubes.select_related("round"):
        found.setdefault(tube.code, []).append(tube)
    return {(tubes[0].round_id, code): tubes[0] for code, tubes in found.items() if len(tubes) == 1}


def kit_with(actor: Actor, code: str) -> Kit | None:
    place = roster.own_place(actor)
    if place is None or place.township_id is None:
        return None
    packed = Kit.objects.filter(codes__contains=[code], round__township_id=place.township_id)
    found: Kit | None = packed.select_related("round").first()
    return found if found is not None and round_concerns(actor, found.round) else None


def code_of(body: Mapping[str, Any], field: str = "tube") -> str:
    return codes.check_tube_code(text_of(body, field, needed=True, most=60))


def tube_of(
    actor: Actor,
    item: Item,
    code: str,
    warnings: list[str],
    *,
    round_id: int | None = None,
    place_id: int | None = None,
) -> Tube:
    """The tube with this label. Where nobody has told of opening it yet it is opened now, as its kit says: another
    device opened it and has no network. Without a kit the round must have been named."""
    tube = known_tube(actor, code)
    if tube is not None:
        if round_id is not None and tube.round_id != round_id:
            raise RefusedError("tube_of_other_round", code=code, name=tube.round.name if tube.round else "–")
        return tube
    kit = kit_with(actor, code)
    if round_id is None and kit is None:
        refuse("tube_label_unknown", code=code)
    opening = Opening(opened_at=item.happened_at, place_id=place_id)
    tube = open_tube(actor=actor, round_id=round_id or (kit.round_id if kit else 0), code=code, given=opening)
    warnings.append(f"{FIELD}.{'label_unknown' if kit is None else 'tube_not_announced'}")
    return tube


def round_of(body: Mapping[str, Any], actor: Actor) -> Round:
    round_ = Round.objects.filter(pk=number_needed(body, "round")).first()
    if round_ is None or not round_concerns(actor, round_):
        refuse("round_unknown")
    return round_


def samples_of(given: Sequence[Any]) -> list[Sample]:
    """Swabs by the id of the item that told of them, or by their own; after a transfer, the row that stands now."""
    clients = {pk for one in given if isinstance(one, str) and (pk := uuid_of(one))}
    numbers = {one for one in given if isinstance(one, int)}
    found = list(Sample.objects.filter(client_id__in=clients)) + list(Sample.objects.filter(pk__in=numbers))
    if len(found) != len(clients) + len(numbers) or len(found) != len({*map(str, given)}):
        refuse("sample_not_here")
    return [_standing(one) for one in found]


def _standing(sample: Sample) -> Sample:
    while sample.is_void:
        later = Sample.objects.filter(moved_from_id=sample.pk).first()
        if later is None:
            return sample
        sample = later
    return sample
