from __future__ import annotations

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    name = "lianfang.domains.policy"
    label = "policy"
    verbose_name = "policy"

    def ready(self) -> None:
        from lianfang.foundation.web import navigation

        navigation.register(navigation.Entry("policy.navigation", "policy:list", "gavel", None, 430))
