"""Facts of many days decided day by day through packs that follow one another: what each day, each change did to whom.

``replay`` decides about everybody for every day under the pack in force then, with the packs before it given; nothing
is kept but counts, what each change of pack did, and the days of a few people. The facts may be anybody's
(``engine.status.contract``); ``demo.outbreak`` makes invented ones.
"""

from lianfang.engine.history.contract import FORMAT, History
from lianfang.engine.history.proving import differing_days
from lianfang.engine.history.replaying import Replay, replay

__all__ = ["FORMAT", "History", "Replay", "differing_days", "replay"]
