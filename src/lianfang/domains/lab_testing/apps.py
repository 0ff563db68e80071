from __future__ import annotations

from django.apps import AppConfig


class LabTestingConfig(AppConfig):
    name = "lianfang.domains.lab_testing"
    label = "lab_testing"
    verbose_name = "lab_testing"

    def ready(self) -> None:
        from lianfang.foundation.access.roles import Action
        from lianfang.foundation.web.navigation import Entry, register

        register(
            Entry(
                "lab_testing.navigation.rounds",
                "lab_testing:rounds",
                "test-pipe",
                Action.TESTING_VIEW,
                100,
                "t",
                thumb=20,
            )
        )
        register(
            Entry(
                "lab_testing.navigation.receive",
                "lab_testing:receive",
                "truck-delivery",
                Action.TESTING_HANDOVER,
                130,
                "v",
            )
        )

        from lianfang.domains.lab_testing import register_views
        from lianfang.domains.lab_testing.field import applying, courier, packages  # noqa: F401 - register themselves

        register_views.register()

        from lianfang.domains.lab_testing.results import handlers, panels  # noqa: F401 - handlers register themselves

        panels.register()
        register(
            Entry(
                "lab_results.navigation.results",
                "lab_testing:pools",
                "report-medical",
                Action.TESTING_VIEW,
                110,
                "r",
                also=tuple(f"lab_testing:{name}" for name in ("holds", "waiting", "leftovers", "results")),
            )
        )
        register(Entry("lab_results.navigation.loads", "lab_testing:loads", "upload", Action.TESTING_RESULTS, 120, "l"))
