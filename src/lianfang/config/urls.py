"""Every page's address. Each view says who may open it (``access.allow``); a test walks them all."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("lianfang.foundation.web.urls")),
    path("", include("lianfang.foundation.access.urls")),
    path("", include("lianfang.foundation.privacy.urls")),
    path("devices/", include("lianfang.foundation.devices.urls")),
    path("registry/", include("lianfang.domains.registry.urls")),
    path("testing/", include("lianfang.domains.lab_testing.urls")),
    path("rules/", include("lianfang.domains.policy.urls")),
    path("cases/", include("lianfang.domains.cases.urls")),
    path("areas/", include("lianfang.domains.areas.urls")),
    path("status/", include("lianfang.domains.status.urls")),
    path("gates/", include("lianfang.domains.gates.urls")),
    path("", include("lianfang.domains.residents.urls")),
    path("", include("lianfang.domains.command.urls")),
]
handler400 = "lianfang.foundation.web.errors.bad_request"
handler403 = "lianfang.foundation.web.errors.refused"
handler404 = "lianfang.foundation.web.errors.not_found"
handler500 = "lianfang.foundation.web.errors.failed"
