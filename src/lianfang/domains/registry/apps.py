from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "lianfang.domains.registry"
    label = "registry"
    verbose_name = "registry"

    def ready(self) -> None:
        from lianfang.domains.registry.posting_places import RegistryDirectory
        from lianfang.foundation.access.places import register_directory

        register_directory(RegistryDirectory())
