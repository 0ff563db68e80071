"""What happened in the registry, for higher domains to react to. Payloads hold ids and codes, never personal data.

- PERSON_REGISTERED {"person_id", "household_id"}: one person was added.
- PEOPLE_REGISTERED {"person_ids", "import_id"}: many were added at once, at most BATCH to an event.
- PEOPLE_CHANGED {"person_ids", "import_id"}: facts or homes of many were changed, at most BATCH to an event.
- PEOPLE_REMOVED {"person_ids", "import_id"}: an import was undone; nothing else spoke of these people.
- PERSON_CHANGED {"person_id", "fields"}: facts of a person were changed.
- PERSON_MOVED {"person_id", "household_id", "before_household_id"}: lives in another household now.
- PERSON_STATE_CHANGED {"person_id", "before", "after"}: living, away, moved_out, died.
- HOUSEHOLD_REGISTERED {"household_id"}; HOUSEHOLD_CHANGED {"household_id", "fields"}.
- PLACE_REGISTERED, PLACE_CHANGED {"place_id"}.
"""

from __future__ import annotations

PERSON_REGISTERED = "registry.person_registered"
PEOPLE_REGISTERED = "registry.people_registered"
PEOPLE_CHANGED = "registry.people_changed"
PEOPLE_REMOVED = "registry.people_removed"
PERSON_CHANGED = "registry.person_changed"
PERSON_MOVED = "registry.person_moved"
PERSON_STATE_CHANGED = "registry.person_state_changed"
HOUSEHOLD_REGISTERED = "registry.household_registered"
HOUSEHOLD_CHANGED = "registry.household_changed"
PLACE_REGISTERED = "registry.place_registered"
PLACE_CHANGED = "registry.place_changed"
BATCH = 5_000
