"""What happened to areas. Payloads hold ids and codes, never personal data.

- AREA_PROPOSED {"proposal_id", "place_id"}.
- AREA_LEVEL_CHANGED {"place_id", "level_id", "action", "caused_by_ids"}: a level began, ended, or will at an instant
  that is known now; once when it is approved, and again when a level begins that was approved ahead. ``caused_by_ids``
  is who proposed it. Action ``ran_out``: nobody prolonged it.
- AREA_REVIEWED {"place_id", "level_id"}: a level was prolonged; nobody's status changes by it.
"""

from __future__ import annotations

AREA_PROPOSED = "areas.area_proposed"
AREA_LEVEL_CHANGED = "areas.area_level_changed"
AREA_REVIEWED = "areas.area_reviewed"
