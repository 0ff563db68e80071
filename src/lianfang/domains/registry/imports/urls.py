from __future__ import annotations

from django.urls import path

from lianfang.domains.registry.imports import views

urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/<int:import_id>/", views.one_import, name="import"),
    path("imports/<int:import_id>/progress/", views.progress, name="import_progress"),
    path("imports/<int:import_id>/conflicts/", views.conflicts, name="import_conflicts"),
    path("imports/<int:import_id>/preview/", views.preview, name="import_preview"),
    path("imports/<int:import_id>/step/", views.step, name="import_step"),
    path("imports/<int:import_id>/column/", views.column, name="import_column"),
]
