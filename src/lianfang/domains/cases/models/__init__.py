"""The tables of who is infected, who was exposed, and what else is stated of a person."""

from lianfang.domains.cases.models.cases import Case, CaseKind
from lianfang.domains.cases.models.exposures import Exposure
from lianfang.domains.cases.models.person_facts import FactSource, PersonFact

__all__ = ["Case", "CaseKind", "Exposure", "FactSource", "PersonFact"]
