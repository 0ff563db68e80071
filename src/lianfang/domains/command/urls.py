from __future__ import annotations

from django.urls import path

from lianfang.domains.command import views

app_name = "command"

urlpatterns = [
    path("", views.home, name="home"),
    path("command/", views.command_page, name="overview"),
    path("daily/", views.daily, name="daily"),
    path("daily/export/", views.daily_export, name="daily_export"),
    path("daily/enter/", views.enter, name="enter"),
]
