"""The product's tables for a command that runs beside the pages: the running database, else started for this."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lianfang.config.serving.database import database_for_reading
from lianfang.config.serving.management import serving_environment
from lianfang.config.serving.options import folder_from


@contextmanager
def opened_product(folder: Path | None, language: str) -> Iterator[None]:
    """Django on the app's own login (row-level security binds it), speaking ``language``. Once in a process.

    Raises ServingError, EmbeddedError.
    """
    chosen = folder_from(os.environ, folder)
    with database_for_reading(chosen, os.environ) as database:
        os.environ.update(serving_environment(os.environ, database, chosen))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
        import django

        django.setup()
        from django.db import connections
        from django.utils import translation

        try:
            with translation.override(language.lower()):
                yield
        finally:
            connections.close_all()
