"""What happened to cases. Payloads hold ids and codes, never personal data.

- CASE_OPENED {"case_id", "person_id"}; CASE_CHANGED {"case_id", "person_id"}; CASE_RELEASED {"case_id", "person_id"}.
"""

from __future__ import annotations

CASE_OPENED = "cases.case_opened"
CASE_CHANGED = "cases.case_changed"
CASE_RELEASED = "cases.case_released"
