from __future__ import annotations

from django.apps import AppConfig


class CommandConfig(AppConfig):
    name = "lianfang.domains.command"
    label = "command"
    verbose_name = "command"

    def ready(self) -> None:
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web import navigation

        entry = navigation.Entry
        navigation.register(
            entry("command_post.navigation.overview", "command:overview", "dashboard", Action.COMMAND_VIEW, 10, "h")
        )
        navigation.register(
            entry("command_post.navigation.daily", "command:daily", "report-analytics", Action.COMMAND_VIEW, 500, "d")
        )
