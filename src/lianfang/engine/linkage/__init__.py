"""Who is the same person, across rosters, samples, results and exemption lists."""

from lianfang.engine.linkage.conflicts import find_conflicts
from lianfang.engine.linkage.contract import CONFLICTS, MEMBERS, PAIRS, RECORDS, Linkage, Settings
from lianfang.engine.linkage.decisions import Decisions, UnreadDecision
from lianfang.engine.linkage.linking import link_people, linked_people
from lianfang.engine.linkage.profiles import pair_key, record_key

__all__ = [
    "CONFLICTS",
    "MEMBERS",
    "PAIRS",
    "RECORDS",
    "Decisions",
    "Linkage",
    "Settings",
    "UnreadDecision",
    "find_conflicts",
    "link_people",
    "linked_people",
    "pair_key",
    "record_key",
]
