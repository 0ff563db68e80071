from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccessConfig(AppConfig):
    name = "lianfang.foundation.access"
    label = "access"
    verbose_name = "access"

    def ready(self) -> None:
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.access.row_security import secure_after_migrate
        from lianfang.foundation.web import navigation

        navigation.register(
            navigation.Entry("access.navigation.accounts", "access:accounts", "users", Action.ACCOUNTS_MANAGE, 900, "a")
        )
        navigation.register(
            navigation.Entry("access.navigation.audit", "access:audit", "history", Action.AUDIT_VIEW, 910)
        )
        post_migrate.connect(secure_after_migrate, sender=self, dispatch_uid="lianfang.row_security")
