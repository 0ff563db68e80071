from __future__ import annotations

from django.urls import path

from lianfang.domains.cases import views

app_name = "cases"

urlpatterns = [
    path("", views.case_list, name="list"),
    path("export/", views.export, name="export"),
    path("<int:case_id>/", views.case_page, name="case"),
    path("<int:case_id>/change/", views.change, name="change"),
]
