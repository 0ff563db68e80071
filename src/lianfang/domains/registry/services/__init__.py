"""Writing to the registry: the public door. Call inside ``acting_as(actor)``, as every page and job does."""

from lianfang.domains.registry.services.bulk import (
    BulkOutcome,
    Home,
    NewResident,
    Spot,
    ensure_households,
    ensure_places,
    normal_spot,
    register_people_in_bulk,
)
from lianfang.domains.registry.services.facts import PersonFacts
from lianfang.domains.registry.services.households import (
    edit_household,
    record_household_contact,
    register_household,
)
from lianfang.domains.registry.services.people import edit_person, move_person, register_person
from lianfang.domains.registry.services.places import close_place, register_place, rename_place, reopen_place
from lianfang.domains.registry.services.states import (
    mark_away,
    mark_died,
    mark_moved_out,
    mark_returned,
    record_contact,
    set_key_person,
    set_special_needs,
)
from lianfang.domains.registry.sweeps.adding import Added, Door, Found, add_at_door, household_at, people_added

__all__ = [
    "Added",
    "BulkOutcome",
    "Door",
    "Found",
    "Home",
    "NewResident",
    "PersonFacts",
    "Spot",
    "add_at_door",
    "close_place",
    "edit_household",
    "edit_person",
    "ensure_households",
    "ensure_places",
    "household_at",
    "mark_away",
    "mark_died",
    "mark_moved_out",
    "mark_returned",
    "move_person",
    "normal_spot",
    "people_added",
    "record_contact",
    "record_household_contact",
    "register_household",
    "register_people_in_bulk",
    "register_person",
    "register_place",
    "rename_place",
    "reopen_place",
    "set_key_person",
    "set_special_needs",
]
