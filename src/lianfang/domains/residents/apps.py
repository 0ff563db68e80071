from __future__ import annotations

from django.apps import AppConfig


class ResidentsConfig(AppConfig):
    name = "lianfang.domains.residents"
    label = "residents"
    verbose_name = "residents"

    def ready(self) -> None:
        from lianfang.domains.registry import panels
        from lianfang.domains.residents import panels as own
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web import navigation

        panels.register("residents", own.household_panel, order=40, page="household")
        panels.register("residents", own.place_panel, order=40, page="place")
        navigation.register(
            navigation.Entry("residents.navigation", "residents:help_list", "message-circle", Action.REGISTRY_VIEW, 225,
                             "y", also=("residents:proposals",))
        )  # fmt: skip
