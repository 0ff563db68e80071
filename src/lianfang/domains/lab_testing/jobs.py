"""Background work of testing, where the worker looks for it."""

from lianfang.domains.lab_testing.results.jobs import apply_load_rows, expire_ended_holds, read_load_files

__all__ = ["apply_load_rows", "expire_ended_holds", "read_load_files"]
