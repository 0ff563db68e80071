"""Django, set up once for the tests that need it, with nothing left in the environment.

Settings are read at import, before any server is there; ``tests/product/conftest.py`` puts the addresses in later.
Other tests of the same run start programs of their own, which must not find what is set here.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def set_up() -> Path:
    """Set Django up with the product's settings, or those of DJANGO_SETTINGS_MODULE; returns a fresh folder."""
    folder = Path(tempfile.mkdtemp(prefix="lianfang-test-"))
    wanted = {
        "LIANFANG_FOLDER": str(folder / "settings"),
        "DATABASE_URL": "postgresql://unset/unset",
        "DATABASE_OWNER_URL": "postgresql://unset/unset",
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "lianfang.config.settings"),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        import django

        django.setup()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return folder
