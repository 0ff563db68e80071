"""Where table expressions run: embedded (DuckDB) for now, on a cluster later."""

from lianfang.engine.backends.embedded import Stages

__all__ = ["Stages"]
