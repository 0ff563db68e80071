"""The closed sets of facts that a pack may ask about: of a person (guards) and of an area (criteria).

A fact has a type and a unit, so that a pack cannot compare hours with days. What a fact means in words stands
in the texts under ``pack.fact``. A fact that is not there is unknown: never true, never false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

FactType = Literal["boolean", "number", "word"]


@dataclass(frozen=True, slots=True)
class FactSpec:
    """Type, unit and allowed words of a fact.

    ``elapsed_since``: the number is the time, in ``unit``, since ``from_at`` of the person's latest stored fact of
    that name (age since ``born``); null where there is none. Otherwise the stored fact has the same name; a
    boolean is stored as number 1 or 0. ``takes_window``: a criterion may add ``within_days``.
    """

    type: FactType
    unit: str | None = None
    words: tuple[str, ...] = ()
    elapsed_since: str | None = None
    takes_window: bool = False


OCCUPATIONS = (
    "port_worker",
    "port_manager",
    "isolation_site_staff",
    "designated_hospital_staff",
    "fever_clinic_staff",
    "medical_staff",
    "prison_staff",
    "welfare_home_staff",
    "school_staff",
    "childcare_staff",
    "courier",
    "food_delivery",
    "hotel_staff",
    "decoration_worker",
    "loader",
    "transport_worker",
    "supermarket_staff",
    "market_staff",
    "food_handler",
    "pupil",
    "other",
)

PERSON_FACTS: Mapping[str, FactSpec] = MappingProxyType(
    {
        "age_years": FactSpec("number", "years", elapsed_since="born"),
        "occupation": FactSpec("word", words=OCCUPATIONS),
        "is_symptomatic": FactSpec("boolean"),
        "has_fever": FactSpec("boolean"),
        "has_rash": FactSpec("boolean"),
        "temperature": FactSpec("number", "degrees"),
        "fever_free_hours": FactSpec("number", "hours", elapsed_since="fever_ended"),
        "symptom_free_hours": FactSpec("number", "hours", elapsed_since="symptoms_ended"),
        "onset_days": FactSpec("number", "days", elapsed_since="onset"),
        "vaccinated_within_hours": FactSpec("number", "hours", elapsed_since="vaccinated"),
        "vaccine_doses": FactSpec("number", "count"),
        "recovered_within_days": FactSpec("number", "days", elapsed_since="recovered"),
        "discharged_within_days": FactSpec("number", "days", elapsed_since="discharged"),
        "antigen_positive": FactSpec("boolean"),
        "is_pregnant": FactSpec("boolean"),
        "is_bedridden": FactSpec("boolean"),
        "is_inpatient_or_carer": FactSpec("boolean"),
        "is_prisoner": FactSpec("boolean"),
        "lives_in_welfare_home": FactSpec("boolean"),
        "home_suits_isolation": FactSpec("boolean"),
        "wants_central_isolation": FactSpec("boolean"),
        "works_in_closed_loop": FactSpec("boolean"),
        "is_checked_daily_by_school": FactSpec("boolean"),
    }
)

AREA_FACTS: Mapping[str, FactSpec] = MappingProxyType(
    {
        "lives_here_infected": FactSpec("number", "count", takes_window=True),
        "stayed_here_infected": FactSpec("number", "count", takes_window=True),
        "new_infections": FactSpec("number", "count", takes_window=True),
        "neighbour_places_infected": FactSpec("number", "count", takes_window=True),
        "days_without_infection": FactSpec("number", "days"),
        "days_in_level": FactSpec("number", "days"),
        "days_since_last_contact": FactSpec("number", "days"),
        "round_all_negative_on_day": FactSpec("number", "days"),
        "days_since_clean_round": FactSpec("number", "days"),
        "clean_rounds": FactSpec("number", "count"),
        "currently_ill_share": FactSpec("number", "percent"),
        "hospitalised_or_dead": FactSpec("number", "count", takes_window=True),
        "breteau_index": FactSpec("number", "index"),
        "mosquito_ovitrap_index": FactSpec("number", "index"),
        "adult_mosquito_index": FactSpec("number", "index"),
        "is_a_cluster": FactSpec("boolean"),
        "spread_is_likely": FactSpec("boolean"),
        "tracing_is_hard": FactSpec("boolean"),
        "contacts_are_cleared": FactSpec("boolean"),
        "all_higher_levels_lifted": FactSpec("boolean"),
        "disinfection_is_accepted": FactSpec("boolean"),
        "is_in_the_county_of_a_higher_level": FactSpec("boolean"),
    }
)
