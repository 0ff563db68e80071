"""Reading the registry: the public door. Every query starts with ``visible_to(actor)``."""

from lianfang.domains.registry.selectors.buildings import (
    BuildingGrid,
    Counters,
    building_grid,
    counters_by_child,
    counters_of,
)
from lianfang.domains.registry.selectors.history import household_history, person_history
from lianfang.domains.registry.selectors.lists import (
    PeopleFilter,
    along_names,
    building_roll,
    count_people,
    filtered_people,
    key_kinds_in_use,
    my_households,
    needs_in_use,
)
from lianfang.domains.registry.selectors.reading import (
    NotThereError,
    household_for,
    household_people,
    in_walking_order,
    lineage,
    names_of,
    names_of_places,
    own_places,
    people_for,
    person_for,
    place_for,
    places_inside,
)
from lianfang.domains.registry.selectors.responsible import (
    Responsible,
    answering_for_residents,
    responsible_for,
)
from lianfang.domains.registry.selectors.searching import SearchPage, search, search_people

__all__ = [
    "BuildingGrid",
    "Counters",
    "NotThereError",
    "PeopleFilter",
    "Responsible",
    "SearchPage",
    "along_names",
    "answering_for_residents",
    "building_grid",
    "building_roll",
    "count_people",
    "counters_by_child",
    "counters_of",
    "filtered_people",
    "household_for",
    "household_history",
    "household_people",
    "in_walking_order",
    "key_kinds_in_use",
    "lineage",
    "my_households",
    "names_of",
    "names_of_places",
    "needs_in_use",
    "own_places",
    "people_for",
    "person_for",
    "person_history",
    "place_for",
    "places_inside",
    "responsible_for",
    "search",
    "search_people",
]
