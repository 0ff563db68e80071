from __future__ import annotations

from django.urls import path

from lianfang.domains.policy import views

app_name = "policy"

urlpatterns = [
    path("", views.rules, name="list"),
    path("propose/", views.propose, name="propose"),
    path("activations/<int:activation_id>/<slug:what>/", views.settle, name="settle"),
    path("<slug:disease>/<str:name>/<int:version>/", views.pack, name="pack"),
]
