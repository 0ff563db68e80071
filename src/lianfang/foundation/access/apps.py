from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccessConfig(AppConfig):
    name = "lianfang.foundation.access"
    label = "access"
    verbose_name = "access"

    def ready(self) -> None:
        from lianfang.foundation.access.row_security import secure_after_migrate

        post_migrate.connect(secure_after_migrate, sender=self, dispatch_uid="lianfang.row_security")
