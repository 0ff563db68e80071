"""Areas: which level a place's facts call for, what may be lowered, and why not yet."""

from lianfang.engine.areas.assessing import assess
from lianfang.engine.areas.contract import AreaAssessment, AreaFacts
from lianfang.engine.areas.foreseeing import Foreseen, foresee_lowering
from lianfang.engine.areas.risk_lists import RiskList, RiskListError, intervals_of, read_risk_list

__all__ = [
    "AreaAssessment",
    "AreaFacts",
    "Foreseen",
    "RiskList",
    "RiskListError",
    "assess",
    "foresee_lowering",
    "intervals_of",
    "read_risk_list",
]
