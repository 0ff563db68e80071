"""Facts of an invented township from 2022-06-01 to 2023-01-31, for replaying them under the rules of each day.

Nothing of it is a real person or place: all follows from a seed, made by SQL inside DuckDB, so that 60,000 people
and 245 days take seconds. What is assumed, and where a figure is from, stands in ``assumptions``; whom the page follows
in full, in ``followed``. It knows packs only as days: ``RulesInForce`` says what it needs of one.
"""

from lianfang.demo.outbreak.followed import FOLLOWED, Followed
from lianfang.demo.outbreak.making import FIRST_DAY, LAST_DAY, RulesInForce, make_township

__all__ = ["FIRST_DAY", "FOLLOWED", "LAST_DAY", "Followed", "RulesInForce", "make_township"]
