from __future__ import annotations

from django.apps import AppConfig

from lianfang.foundation.access.roles import Action
from lianfang.foundation.web import navigation

ENTRIES = (
    navigation.Entry("web.search.label", "design:design", "dashboard", None, 10, "d"),
    navigation.Entry("web.pager.label", "design:building", "building-community", Action.REGISTRY_VIEW, 20, "b"),
    navigation.Entry("web.error.kept", "design:people", "test-pipe", Action.TESTING_VIEW, 30, "t"),
    navigation.Entry("web.chart.table", "design:reports", "report-analytics", Action.COMMAND_VIEW, 40, "r"),
    navigation.Entry("web.pill.unknown", "design:status", "shield-check", Action.STATUS_VIEW, 50, "s"),
    navigation.Entry("access.role.auditor", "design:confirm", "history", Action.AUDIT_VIEW, 60, "a"),
)
SEARCH = navigation.Search("design:people", Action.REGISTRY_SEARCH, "web.search.label")


class DesignConfig(AppConfig):
    """Fills the navigation of the design page, with whichever texts there are: the page has no area of its own."""

    name = "tests.foundation.web.design"
    label = "design"

    def ready(self) -> None:
        for entry in ENTRIES:
            navigation.register(entry)
        navigation.register_search(SEARCH)
