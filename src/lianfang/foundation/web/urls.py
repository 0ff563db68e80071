"""The addresses that every installation has, whatever domains it runs."""

from __future__ import annotations

from django.urls import path

from lianfang.foundation.web import views

app_name = "web"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("language/", views.choose_language, name="language"),
    path("theme/", views.choose_theme, name="theme"),
]
