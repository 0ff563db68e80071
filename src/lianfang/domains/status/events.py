"""What happened to statuses. Payloads hold ids and codes, never personal data.

- STATUS_CHANGED {"person_ids", "as_of"}: decisions that are different now, at most BATCH to an event.
- BULK_ALARM {"restricted", "as_of"}: one run restricted many people at once.
"""

from __future__ import annotations

STATUS_CHANGED = "status.status_changed"
BULK_ALARM = "status.bulk_alarm"
BATCH = 5_000
