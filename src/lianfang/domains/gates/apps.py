from __future__ import annotations

from django.apps import AppConfig


class GatesConfig(AppConfig):
    name = "lianfang.domains.gates"
    label = "gates"
    verbose_name = "gates"

    def ready(self) -> None:
        from lianfang.domains.gates import handlers  # noqa: F401 - registers itself
        from lianfang.domains.gates import panels as own
        from lianfang.domains.gates.field import applying, online, packages  # noqa: F401 - they register themselves
        from lianfang.domains.registry import panels
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web import navigation

        panels.register("gates", own.person_panel, order=45)
        panels.register("gates", own.own_household_panel, order=45, page="own_household")
        seen_by = (Action.COMMAND_VIEW, Action.GATES_MANAGE)
        navigation.register(navigation.Entry("gates.navigation", "gates:list", "door", seen_by, 410, "w"))
