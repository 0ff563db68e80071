from __future__ import annotations

from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "lianfang.domains.status"
    label = "status"
    verbose_name = "status"
