from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "lianfang.domains.registry"
    label = "registry"
    verbose_name = "registry"

    def ready(self) -> None:
        from lianfang.domains.registry.posting_places import RegistryDirectory
        from lianfang.domains.registry.sweeps import field  # noqa: F401 - registers itself
        from lianfang.foundation.access.places import register_directory
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web.navigation import Entry, Search, register, register_search

        register_directory(RegistryDirectory())
        register_search(Search("registry:search", Action.REGISTRY_SEARCH, "registry.search.placeholder"))
        for entry in (
            Entry(
                "registry.navigation.places",
                "registry:places",
                "building-community",
                (Action.REGISTRY_VIEW, Action.PLACES_EDIT),
                200,
                "b",
                thumb=30,
            ),
            Entry("registry.navigation.people", "registry:people", "users", Action.REGISTRY_VIEW, 210, "p", thumb=40),
            Entry(
                "registry.navigation.needs", "registry:special_needs", "first-aid-kit", Action.REGISTRY_VIEW, 220, "n"
            ),
            Entry("registry.navigation.key_people", "registry:key_people", "star", Action.REGISTRY_VIEW, 230, "k"),
            Entry("registry_import.navigation", "registry:imports", "file-import", Action.REGISTRY_IMPORT, 235, "i"),
            Entry("registry.navigation.responsible", "registry:responsible", "id-badge", Action.REGISTRY_VIEW, 240, ""),
            Entry(
                "sweeps.navigation",
                "registry:sweeps",
                "door-enter",
                (Action.REGISTRY_VIEW, Action.DOOR_SWEEP),
                245,
                "",
                also=("registry:sweep_new",),
            ),
            Entry("registry.navigation.my_household", "registry:my_household", "home", Action.OWN_HOUSEHOLD, 200, "h"),
        ):
            register(entry)
