"""Background work of the registry. Found here by the worker; the work itself is that of ``imports``."""

from __future__ import annotations

from lianfang.domains.registry.imports.jobs import do_step, tidy

__all__ = ["do_step", "tidy"]
