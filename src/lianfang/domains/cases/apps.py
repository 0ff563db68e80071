from __future__ import annotations

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "lianfang.domains.cases"
    label = "cases"
    verbose_name = "cases"

    def ready(self) -> None:
        from lianfang.domains.cases import handlers  # noqa: F401 - registers itself
        from lianfang.domains.cases.panels import household_panel, person_panel
        from lianfang.domains.registry import panels
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web import navigation

        navigation.register(navigation.Entry("cases.navigation", "cases:list", "virus", Action.CASES_VIEW, 400, "c"))
        navigation.register(
            navigation.Entry("exposures.navigation", "cases:exposure_list", "users-group", Action.CASES_VIEW, 405)
        )
        panels.register("cases", person_panel, order=20)
        panels.register("cases", household_panel, order=20, page="household")
