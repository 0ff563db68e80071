"""Who does what: the roles of a command post, and the actions each may take.

One table, read by every service and every page (architecture.md, rules 2 and 18). A role says what may be
done; where it may be done is the scope of the posting, which the database holds (``row_security``).
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    RESIDENT = "resident"
    BUILDING_CHIEF = "building_chief"
    SAMPLER = "sampler"
    COURIER = "courier"
    GUARD = "guard"
    COMMUNITY = "community"
    TOWNSHIP = "township"
    DISTRICT = "district"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Level(StrEnum):
    """The column that row-level security compares with the scope."""

    HOUSEHOLD = "household"
    BUILDING = "building"
    COMMUNITY = "community"
    TOWNSHIP = "township"
    COUNTY = "county"
    NOWHERE = "nowhere"
    SYSTEM = "system"


class Action(StrEnum):
    REGISTRY_VIEW = "registry.view"
    REGISTRY_SEARCH = "registry.search"
    REGISTRY_EDIT = "registry.edit"
    REGISTRY_IMPORT = "registry.import"
    PLACES_EDIT = "places.edit"
    TESTING_VIEW = "testing.view"
    TESTING_PLAN = "testing.plan"
    TESTING_SAMPLE = "testing.sample"
    TESTING_HANDOVER = "testing.handover"
    TESTING_RESULTS = "testing.results"
    CASES_VIEW = "cases.view"
    CASES_DECIDE = "cases.decide"
    AREAS_VIEW = "areas.view"
    AREAS_DECIDE = "areas.decide"
    STATUS_VIEW = "status.view"
    STATUS_ORDER = "status.order"
    EMERGENCY = "status.emergency"
    COMMAND_VIEW = "command.view"
    SUMMARY_EXPORT = "summary.export"
    UNMASK = "privacy.unmask"
    AUDIT_VIEW = "audit.view"
    ACCOUNTS_MANAGE = "accounts.manage"
    OWN_HOUSEHOLD = "resident.own"
    DEVICES_MANAGE = "devices.manage"
    DEVICES_REVIEW = "devices.review"
    DOOR_SWEEP = "registry.sweep"
    GATE_CHECK = "gates.check"
    GATES_MANAGE = "gates.manage"
    CODE_KEYS = "status.keys"


A = Action
_LOOK = {A.REGISTRY_VIEW, A.REGISTRY_SEARCH, A.TESTING_VIEW, A.CASES_VIEW, A.AREAS_VIEW, A.STATUS_VIEW, A.COMMAND_VIEW}
_WORK = _LOOK | {
    A.REGISTRY_EDIT,
    A.REGISTRY_IMPORT,
    A.PLACES_EDIT,
    A.TESTING_PLAN,
    A.TESTING_SAMPLE,
    A.TESTING_HANDOVER,
    A.TESTING_RESULTS,
    A.CASES_DECIDE,
    A.AREAS_DECIDE,
    A.STATUS_ORDER,
    A.EMERGENCY,
    A.SUMMARY_EXPORT,
    A.UNMASK,
    A.ACCOUNTS_MANAGE,
    A.DEVICES_MANAGE,
    A.DEVICES_REVIEW,
    A.DOOR_SWEEP,
    A.GATE_CHECK,
    A.GATES_MANAGE,
}

MAY: dict[Role, frozenset[Action]] = {
    Role.RESIDENT: frozenset({A.OWN_HOUSEHOLD}),
    Role.BUILDING_CHIEF: frozenset(
        {
            A.REGISTRY_VIEW,
            A.REGISTRY_SEARCH,
            A.REGISTRY_EDIT,
            A.TESTING_VIEW,
            A.STATUS_VIEW,
            A.EMERGENCY,
            A.UNMASK,
            A.DOOR_SWEEP,
            A.GATE_CHECK,
        }
    ),
    Role.SAMPLER: frozenset({A.REGISTRY_SEARCH, A.TESTING_VIEW, A.TESTING_SAMPLE, A.TESTING_HANDOVER, A.DOOR_SWEEP}),
    Role.COURIER: frozenset({A.TESTING_HANDOVER}),
    Role.GUARD: frozenset({A.EMERGENCY, A.GATE_CHECK}),
    Role.COMMUNITY: frozenset(_WORK),
    Role.TOWNSHIP: frozenset(_WORK),
    Role.DISTRICT: frozenset(_WORK),
    Role.SUPERVISOR: frozenset(_LOOK | {A.SUMMARY_EXPORT}),
    Role.AUDITOR: frozenset({A.AUDIT_VIEW}),
    # Keeps accounts and places, not people: who can give rights should not also read the roster.
    Role.ADMINISTRATOR: frozenset({A.ACCOUNTS_MANAGE, A.PLACES_EDIT, A.AUDIT_VIEW, A.DEVICES_MANAGE, A.CODE_KEYS}),
    Role.SYSTEM: frozenset(Action),
}

# Whom a role may post: those below it.
_BELOW_COMMUNITY = frozenset({Role.RESIDENT, Role.BUILDING_CHIEF, Role.SAMPLER, Role.COURIER, Role.GUARD})
GIVES: dict[Role, frozenset[Role]] = {
    Role.COMMUNITY: _BELOW_COMMUNITY,
    Role.TOWNSHIP: _BELOW_COMMUNITY | {Role.COMMUNITY},
    Role.DISTRICT: _BELOW_COMMUNITY | {Role.COMMUNITY, Role.TOWNSHIP, Role.SUPERVISOR},
    Role.ADMINISTRATOR: frozenset(Role) - {Role.SYSTEM},
    Role.SYSTEM: frozenset(Role) - {Role.SYSTEM},
}

# Who works with a device of the field; its rights are those of the role, at its place.
DEVICE_ROLES = frozenset({Role.SAMPLER, Role.GUARD, Role.BUILDING_CHIEF, Role.COURIER})

NEEDS_PLACE = frozenset(Role) - {Role.AUDITOR, Role.ADMINISTRATOR, Role.SYSTEM}

del A
