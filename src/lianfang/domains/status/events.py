"""What happened to statuses. Payloads hold ids and codes, never personal data.

- STATUS_CHANGED {"person_ids", "as_of"}: decisions that are different now, at most BATCH to an event.
- DECISION_LEFT {"person_ids"}: another run had these people; they are decided again when it has ended.
- BULK_ALARM {"restricted", "withheld", "run", "as_of"}: one run restricted many people at once, or would have.
- RUN_STOPPED {"run_id", "withheld", "as_of"}: a run would worsen too many people of a township; it waits for a person.
- APPEAL_RAISED {"objection_id"}; APPEAL_ANSWERED {"objection_id", "outcome"}.
- CHECK_DIFFERED {"differences", "as_of"}: the state in force was not what a full run says; it has been mended.
- OVERRIDE_REVIEWED {"override_id"}: somebody looked at an emergency passage afterwards.
- RUN_SETTLED {"run_id", "state", "as_of"}: somebody approved, rejected or undid a run.
"""

from __future__ import annotations

STATUS_CHANGED = "status.status_changed"
DECISION_LEFT = "status.decision_left"
BULK_ALARM = "status.bulk_alarm"
RUN_STOPPED = "status.run_stopped"
APPEAL_RAISED = "status.appeal_raised"
APPEAL_ANSWERED = "status.appeal_answered"
CHECK_DIFFERED = "status.check_differed"
OVERRIDE_REVIEWED = "status.override_reviewed"
RUN_SETTLED = "status.run_settled"
BATCH = 5_000
