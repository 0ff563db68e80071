# ruff: noqa: E501
"""What is done with results and holds: the public door for writes. Each raises RefusedError with words where it does nothing."""

from lianfang.domains.lab_testing.results.refusals import ResultRefusedError
from lianfang.domains.lab_testing.results.services.conclusions import Settled, settle_tubes
from lianfang.domains.lab_testing.results.services.entry import (
    Entered,
    Entry,
    accept_elsewhere,
    assign_result,
    correct_result,
    enter_results,
    result_for,
)
from lianfang.domains.lab_testing.results.services.holds import expire_holds, hold_for, open_retest, settle_hold
from lianfang.domains.lab_testing.results.services.loads import (
    apply_load,
    approve_load,
    decide_reading,
    discard_load,
    load_files,
    load_for,
    read_load,
    same_files,
    start_load,
)

__all__ = [
    "Entered",
    "Entry",
    "ResultRefusedError",
    "Settled",
    "accept_elsewhere",
    "apply_load",
    "approve_load",
    "assign_result",
    "correct_result",
    "decide_reading",
    "discard_load",
    "enter_results",
    "expire_holds",
    "hold_for",
    "load_files",
    "load_for",
    "open_retest",
    "read_load",
    "result_for",
    "same_files",
    "settle_hold",
    "settle_tubes",
    "start_load",
]
