from __future__ import annotations

from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "lianfang.domains.status"
    label = "status"
    verbose_name = "status"

    def ready(self) -> None:
        from lianfang.domains.status import handlers  # noqa: F401 - registers itself
