"""Background work of areas: levels begin and end by the clock."""

from __future__ import annotations

from procrastinate.contrib.django import app

from lianfang.domains.areas.services import follow_the_clock


@app.periodic(cron="* * * * *")
@app.task(name="areas.follow_the_clock", queueing_lock="areas.follow_the_clock")
def levels_by_the_clock(timestamp: int) -> None:
    """Begun twice, the second finds nothing left to tell or to end."""
    follow_the_clock()
