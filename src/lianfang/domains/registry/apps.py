from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "lianfang.domains.registry"
    label = "registry"
    verbose_name = "registry"
