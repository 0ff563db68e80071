"""The steps of an import as a worker does them."""

from __future__ import annotations

from procrastinate.contrib.django import app

from lianfang.domains.registry.imports import steps


@app.task(name="registry.import_step")
def do_step(import_id: int, step: str, turn: int) -> None:
    """Begun twice, the second finds the first finished, or does it from the start: nothing is written by halves."""
    steps.do_step(import_id=import_id, step=step, turn=turn)
