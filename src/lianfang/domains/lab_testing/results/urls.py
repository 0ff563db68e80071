"""Addresses of results and holds, in the namespace of testing."""

from __future__ import annotations

from django.urls import path

from lianfang.domains.lab_testing.results.views import desk, holds, left, loads

urlpatterns = [
    path("results/", desk.desk, name="results"),
    path("results/<int:pk>/correct/", desk.correct, name="correct_result"),
    path("loads/", loads.loads, name="loads"),
    path("loads/<int:pk>/", loads.load, name="load"),
    path("loads/<int:pk>/change/", loads.change_load, name="change_load"),
    path("waiting/", left.waiting, name="waiting"),
    path("leftovers/", left.leftovers, name="leftovers"),
    path("leftovers/export/", left.export_leftovers, name="export_leftovers"),
    path("leftovers/accept/", left.accept, name="accept_elsewhere"),
    path("leftovers/<int:pk>/assign/", left.assign, name="assign_result"),
    path("pools/", holds.pools, name="pools"),
    path("pools/<int:pk>/", holds.pool, name="pool"),
    path("holds/", holds.holds, name="holds"),
    path("holds/print/", holds.resampling, name="resampling"),
    path("holds/<int:pk>/retest/", holds.retest, name="retest"),
    path("holds/<int:pk>/settle/", holds.settle, name="settle_hold"),
]
