"""Runs the product: database, web server, worker, as one supervised whole; saves it and brings it back."""

from __future__ import annotations

from lianfang.config.serving.options import Options
from lianfang.config.serving.problems import ServingError
from lianfang.config.serving.supervisor import serve

__all__ = ["Options", "ServingError", "serve"]
