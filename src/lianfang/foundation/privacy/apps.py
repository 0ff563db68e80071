from __future__ import annotations

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "lianfang.foundation.privacy"
    label = "privacy"
    verbose_name = "privacy"
