from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "lianfang.foundation.web"
    label = "web"
    verbose_name = "web"
