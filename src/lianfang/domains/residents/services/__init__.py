"""Writing for residents: the public door. Call inside ``acting_as(actor)``, but for the steps of ``visits``."""

from lianfang.domains.residents.services.asking import ask_for_help, finish_help, give_back_help, take_help
from lianfang.domains.residents.services.entering import Presence, enter_at_place, latest_presences
from lianfang.domains.residents.services.facts import GivenRow, RowProblem, RowsWrongError
from lianfang.domains.residents.services.helping import begin_helping, stop_helping
from lianfang.domains.residents.services.invites import MadeInvite, make_invites, revoke_invite, unlock_invite
from lianfang.domains.residents.services.proposals import (
    confirm_proposal,
    reject_proposal,
    send_pre_registration,
    withdraw_proposal,
)
from lianfang.domains.residents.services.visits import (
    Visit,
    check_digits,
    end_visit,
    find_invite,
    open_visit,
    resident_actor,
    visit_for,
    visits_of_phone,
)

__all__ = [
    "GivenRow",
    "MadeInvite",
    "Presence",
    "RowProblem",
    "RowsWrongError",
    "Visit",
    "ask_for_help",
    "begin_helping",
    "check_digits",
    "confirm_proposal",
    "end_visit",
    "enter_at_place",
    "find_invite",
    "finish_help",
    "give_back_help",
    "latest_presences",
    "make_invites",
    "open_visit",
    "reject_proposal",
    "resident_actor",
    "revoke_invite",
    "send_pre_registration",
    "stop_helping",
    "take_help",
    "unlock_invite",
    "visit_for",
    "visits_of_phone",
    "withdraw_proposal",
]
