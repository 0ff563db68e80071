from __future__ import annotations

from django.apps import AppConfig


class CommandConfig(AppConfig):
    name = "lianfang.domains.command"
    label = "command"
    verbose_name = "command"
