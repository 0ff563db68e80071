from __future__ import annotations

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "lianfang.foundation.devices"
    label = "devices"
    verbose_name = "devices"

    def ready(self) -> None:
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web import navigation

        navigation.register(
            navigation.Entry(
                "devices.navigation",
                "devices:list",
                "device-mobile",
                Action.DEVICES_MANAGE,
                880,
                also=("devices:review",),
            )
        )
