"""What happened to cases. Payloads hold ids and codes, never personal data.

- CASE_OPENED {"case_id", "person_id"}; CASE_CHANGED {"case_id", "person_id"}; CASE_RELEASED {"case_id", "person_id"}.
- EXPOSURES_OPENED, EXPOSURES_ENDED (closed or withdrawn) {"person_ids", "caused_by_ids"}, at most BATCH people each.
- PERSON_FACTS_CHANGED {"person_ids", "caused_by_ids"}: stated, withdrawn, or following the registry.
"""

from __future__ import annotations

CASE_OPENED = "cases.case_opened"
CASE_CHANGED = "cases.case_changed"
CASE_RELEASED = "cases.case_released"
EXPOSURES_OPENED = "cases.exposures_opened"
EXPOSURES_ENDED = "cases.exposures_ended"
PERSON_FACTS_CHANGED = "cases.person_facts_changed"
BATCH = 5_000
