from __future__ import annotations

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    name = "lianfang.domains.policy"
    label = "policy"
    verbose_name = "policy"
