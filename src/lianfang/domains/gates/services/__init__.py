"""Writing about gates: the public door. Call inside ``acting_as(actor)``, as every page and job does."""

from lianfang.domains.gates.services.gates import GateSettings, change_gate, close_gate, open_gate
from lianfang.domains.gates.services.permits import (
    PermitAsked,
    approve_permit,
    ask_permit,
    is_in_force,
    refuse_permit,
    windows_of,
    withdraw_permit,
)
from lianfang.domains.gates.services.place_codes import Entered, enter_place, place_code_of, renew_place_code, shown_at
from lianfang.domains.gates.services.reviews import review_emergency, settle_difference

__all__ = [
    "Entered",
    "GateSettings",
    "PermitAsked",
    "approve_permit",
    "ask_permit",
    "change_gate",
    "close_gate",
    "enter_place",
    "is_in_force",
    "open_gate",
    "place_code_of",
    "refuse_permit",
    "renew_place_code",
    "review_emergency",
    "settle_difference",
    "shown_at",
    "windows_of",
    "withdraw_permit",
]
