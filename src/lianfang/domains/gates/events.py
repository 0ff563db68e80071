"""What happened at gates. Payloads hold ids and codes, never personal data.

- GATE_DIFFERED {"check_id", "person_id", "kind"}: a device let somebody pass, or stopped them, and the server knew
  otherwise when the check arrived.
- GATE_EMERGENCY {"emergency_id", "person_id"}: somebody had to pass; it waits for a review.
- PERMIT_CHANGED {"permit_id", "person_id", "state"}: asked, approved, refused or withdrawn.
- PLACE_ENTERED {"entry_id", "place_id", "presence"}.
"""

from __future__ import annotations

GATE_DIFFERED = "gates.gate_differed"
GATE_EMERGENCY = "gates.gate_emergency"
PERMIT_CHANGED = "gates.permit_changed"
PLACE_ENTERED = "gates.place_entered"
