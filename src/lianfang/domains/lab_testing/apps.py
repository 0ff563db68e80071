from __future__ import annotations

from django.apps import AppConfig


class LabTestingConfig(AppConfig):
    name = "lianfang.domains.lab_testing"
    label = "lab_testing"
    verbose_name = "lab_testing"
