from __future__ import annotations

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "lianfang.domains.cases"
    label = "cases"
    verbose_name = "cases"
