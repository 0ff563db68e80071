"""The embedded database that was made once serves these tests too."""

from __future__ import annotations

from tests.config.databases import made_once, tmp_path

__all__ = ["made_once", "tmp_path"]
