from __future__ import annotations

from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "lianfang.domains.status"
    label = "status"
    verbose_name = "status"

    def ready(self) -> None:
        from lianfang.domains.registry import marks, panels
        from lianfang.domains.status import area_pages, handlers, pages  # noqa: F401 - handlers register themselves
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web import navigation

        panels.register("status", pages.person_panel, order=10)
        panels.register("status", pages.own_panel, order=10, page="own")
        panels.register("status", area_pages.area_panel, order=10, page="area")
        panels.register_badges("status", pages.badges, order=10)
        marks.register("status", pages.building_marks, order=50, text_key="status.mark_mode", action=Action.STATUS_VIEW)
        entry = navigation.Entry
        navigation.register(
            entry("status.navigation.list", "status:list", "heart-rate-monitor", Action.STATUS_VIEW, 410, "s")
        )
        navigation.register(entry("status.navigation.keys", "status:keys", "shield-lock", Action.CODE_KEYS, 930))
        navigation.register(entry("status.navigation.check", "status:check", "shield-check", Action.EMERGENCY, 420))
