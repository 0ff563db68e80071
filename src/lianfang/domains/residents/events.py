"""What residents did, for higher domains to react to. Payloads hold ids and codes, never personal data.

- PRE_REGISTERED {"pre_registration_id", "household_id"}: a household sent rows to be confirmed.
- PROPOSALS_SETTLED {"proposal_ids"}: rows were confirmed or rejected.
- HELP_ASKED {"request_id", "urgency"}; HELP_SETTLED {"request_id", "state"}.
"""

from __future__ import annotations

PRE_REGISTERED = "residents.pre_registered"
PROPOSALS_SETTLED = "residents.proposals_settled"
HELP_ASKED = "residents.help_asked"
HELP_SETTLED = "residents.help_settled"
