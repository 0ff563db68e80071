"""Areas: which level a place's facts call for, what may be lowered, and why not yet."""

from lianfang.engine.areas.assessing import assess
from lianfang.engine.areas.contract import AreaAssessment, AreaFacts
from lianfang.engine.areas.risk_lists import RiskList, RiskListError, intervals_of, read_risk_list

__all__ = ["AreaAssessment", "AreaFacts", "RiskList", "RiskListError", "assess", "intervals_of", "read_risk_list"]
