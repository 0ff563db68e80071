from __future__ import annotations

from django.apps import AppConfig


class AreasConfig(AppConfig):
    name = "lianfang.domains.areas"
    label = "areas"
    verbose_name = "areas"

    def ready(self) -> None:
        from lianfang.domains.areas import panels as own
        from lianfang.domains.registry import panels
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web import navigation

        panels.register("areas", own.place_panel, order=5, page="place")
        panels.register("areas", own.own_household_panel, order=5, page="own_household")
        entry = navigation.Entry("areas.navigation", "areas:list", "map-pins", Action.AREAS_VIEW, 405, "z")
        navigation.register(entry)
