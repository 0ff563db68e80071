from __future__ import annotations

from django.urls import path

from lianfang.domains.registry.sweeps import views

urlpatterns = [
    path("sweeps/", views.sweeps, name="sweeps"),
    path("sweeps/new/", views.new, name="sweep_new"),
    path("sweeps/<int:pk>/", views.sweep, name="sweep"),
    path("sweeps/<int:pk>/change/", views.change, name="change_sweep"),
    path("sweeps/<int:pk>/revisits/", views.revisits, name="sweep_revisits"),
    path("sweeps/<int:pk>/differences/", views.differences, name="sweep_differences"),
    path("sweeps/<int:pk>/differences/<int:difference_id>/", views.settle, name="settle_difference"),
    path("sweeps/<int:pk>/form/", views.export, name="export_sweep"),
]
