from __future__ import annotations

from django.urls import path

from lianfang.domains.policy import history_views, lookup_views, preview_views, views

app_name = "policy"

urlpatterns = [
    path("", views.rules, name="list"),
    path("ask/", lookup_views.ask, name="ask"),
    path("history/", history_views.history, name="history"),
    path("history/table/", history_views.history_table, name="history_table"),
    path("propose/", views.propose, name="propose"),
    path("activations/<int:activation_id>/", preview_views.preview, name="preview"),
    path("activations/<int:activation_id>/<slug:what>/", views.settle, name="settle"),
    path("<slug:disease>/<str:name>/<int:version>/", views.pack, name="pack"),
]
