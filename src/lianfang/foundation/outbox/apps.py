from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "lianfang.foundation.outbox"
    label = "outbox"
    verbose_name = "outbox"
