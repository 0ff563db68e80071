from __future__ import annotations

from django.urls import path

from lianfang.domains.areas import views

app_name = "areas"

urlpatterns = [
    path("", views.areas, name="list"),
    path("export/", views.export, name="export"),
    path("<int:place_id>/", views.area, name="area"),
    path("<int:place_id>/propose/", views.propose, name="propose"),
    path("<int:place_id>/findings/", views.find, name="find"),
    path("findings/<int:finding_id>/withdraw/", views.withdraw, name="withdraw"),
    path("proposals/<int:proposal_id>/<slug:what>/", views.settle, name="settle"),
]
