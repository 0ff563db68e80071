"""The steps of an import as a worker does them."""

from __future__ import annotations

from procrastinate.contrib.django import app

from lianfang.domains.registry.imports import steps
from lianfang.domains.registry.imports.tidying import tidy_imports


@app.task(name="registry.import_step")
def do_step(import_id: int, step: str, turn: int) -> None:
    """Begun twice, the second finds the first finished, or does it from the start: nothing is written by halves."""
    steps.do_step(import_id=import_id, step=step, turn=turn)


@app.periodic(cron="23 19 * * *")
@app.task(name="registry.tidy_imports", queueing_lock="registry.tidy_imports")
def tidy(timestamp: int) -> None:
    """Every night: the worker's clock is UTC."""
    tidy_imports()
