from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "lianfang.foundation.audit"
    label = "audit"
    verbose_name = "audit"
