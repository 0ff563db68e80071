from __future__ import annotations

from django.urls import path

from lianfang.domains.cases import exposure_views, fact_views, views

app_name = "cases"

urlpatterns = [
    path("", views.case_list, name="list"),
    path("export/", views.export, name="export"),
    path("<int:case_id>/", views.case_page, name="case"),
    path("<int:case_id>/change/", views.change, name="change"),
    path("exposures/", exposure_views.exposure_list, name="exposure_list"),
    path("exposures/new/", exposure_views.open_page, name="open_exposures"),
    path("exposures/<int:exposure_id>/end/", exposure_views.end_exposure, name="end_exposure"),
    path("people/<int:person_id>/exposures/", exposure_views.person_exposures, name="exposures"),
    path("people/<int:person_id>/facts/", fact_views.person_facts, name="facts"),
    path("facts/<int:person_fact_id>/withdraw/", fact_views.withdraw, name="withdraw_fact"),
]
