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
            Entry("lab_testing.navigation.rounds", "lab_testing:rounds", "test-pipe", Action.TESTING_VIEW, 200, "t")
        )
        register(
            Entry(
                "lab_testing.navigation.receive",
                "lab_testing:receive",
                "truck-delivery",
                Action.TESTING_HANDOVER,
                230,
                "v",
            )
        )

        from lianfang.domains.lab_testing import register_views

        register_views.register()

        from lianfang.domains.lab_testing.results import handlers, panels  # noqa: F401 - handlers register themselves

        panels.register()
        register(
            Entry(
                "lab_results.navigation.results", "lab_testing:pools", "report-medical", Action.TESTING_VIEW, 220, "r"
            )
        )
        register(
            Entry("lab_results.navigation.loads", "lab_testing:loads", "file-import", Action.TESTING_RESULTS, 225, "l")
        )
