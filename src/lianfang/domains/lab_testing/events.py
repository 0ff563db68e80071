"""What happened in testing, for higher domains to react to. Payloads hold ids and codes, never personal data.

- ROUND_OPENED {"round_id", "people"}; ROUND_CLOSED {"round_id", "caused_by_ids"}; ROUND_CANCELLED {"round_id"}.
- SAMPLE_RECORDED {"sample_id", "tube_id", "round_id", "person_id"}: ``person_id`` null for somebody on no roster. Also
  emitted for the swab that a transfer puts in place of another, with "moved_from_id".
- SAMPLE_VOIDED {"sample_id", "tube_id", "round_id", "person_id"}.
- TUBE_SEALED {"tube_id", "round_id"}; TUBE_VOIDED {"tube_id", "round_id", "person_ids"}: whose swabs went with it.
- TUBES_HANDED_OVER {"hand_over_id", "tube_ids"}; TUBES_RECEIVED {"tube_ids"}.
- PERSON_EXCUSED {"round_id", "person_id", "claim"}: exempt or away, "" where the claim was withdrawn.

Of results (``lab_testing.results``); lists of ids have at most BATCH members, more make more events:
- RESULTS_APPLIED {"person_ids", "tube_ids", "caused_by_ids"}: results of these tubes are there, corrected or gone;
  ``person_ids`` have a swab in one of them, ``caused_by_ids`` are accounts of those whose doing it is.
- SAMPLES_LOADED {"round_id", "person_ids", "caused_by_ids"}: swabs that came many at once, by file or from a device,
  and who shares their tubes; SAMPLE_RECORDED is emitted besides only where a device's swab meets a result or a hold.
- PERSON_POSITIVE {"person_id", "result_id", "tube_id", "at"}: a single tube of the person is positive. Once per tube.
- HOLD_OPENED {"hold_ids", "person_ids", "tube_ids"}; HOLD_SETTLED the same and "state" (released, case, expired) with
  "because" (retest_negative, retest_positive, corrected, swab_void, by_hand, no_retest).
"""

from __future__ import annotations

ROUND_OPENED = "lab_testing.round_opened"
ROUND_CLOSED = "lab_testing.round_closed"
ROUND_CANCELLED = "lab_testing.round_cancelled"
SAMPLE_RECORDED = "lab_testing.sample_recorded"
SAMPLE_VOIDED = "lab_testing.sample_voided"
TUBE_SEALED = "lab_testing.tube_sealed"
TUBE_VOIDED = "lab_testing.tube_voided"
TUBES_HANDED_OVER = "lab_testing.tubes_handed_over"
TUBES_RECEIVED = "lab_testing.tubes_received"
PERSON_EXCUSED = "lab_testing.person_excused"
PERSON_POSITIVE = "lab_testing.person_positive"
RESULTS_APPLIED = "lab_testing.results_applied"
SAMPLES_LOADED = "lab_testing.samples_loaded"
HOLD_OPENED = "lab_testing.hold_opened"
HOLD_SETTLED = "lab_testing.hold_settled"

BATCH = 50_000
