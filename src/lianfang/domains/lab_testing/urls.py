"""Addresses of testing, below /testing/."""

from __future__ import annotations

from django.urls import path

from lianfang.domains.lab_testing.results.urls import urlpatterns as result_patterns
from lianfang.domains.lab_testing.views import desk, kits, missing, people, rounds, tubes

app_name = "lab_testing"

urlpatterns = [
    path("", rounds.rounds, name="rounds"),
    path("rounds/new/", rounds.plan, name="plan"),
    path("rounds/<int:pk>/", rounds.live, name="round"),
    path("rounds/<int:pk>/move/", rounds.move, name="move_round"),
    path("rounds/<int:pk>/proof/", rounds.proof, name="proof"),
    path("rounds/<int:pk>/people/", people.people, name="people"),
    path("rounds/<int:pk>/people/<int:person_id>/", people.excuse, name="excuse"),
    path("rounds/<int:pk>/missing/", missing.missing, name="missing"),
    path("rounds/<int:pk>/missing/print/", missing.missing_print, name="missing_print"),
    path("rounds/<int:pk>/missing/export/", missing.missing_export, name="missing_export"),
    path("rounds/<int:pk>/missing/<int:person_id>/", missing.contact, name="contact"),
    path("rounds/<int:pk>/kits/", kits.kits, name="kits"),
    path("kits/<int:pk>/labels.pdf", kits.labels, name="labels"),
    path("kits/<int:pk>/sign-out/", kits.sign_out, name="sign_out"),
    path("kits/<int:pk>/return/", kits.return_kit, name="return_kit"),
    path("rounds/<int:pk>/desk/", desk.sampling_desk, name="desk"),
    path("rounds/<int:pk>/desk/settings/", desk.desk_settings, name="desk_settings"),
    path("rounds/<int:pk>/desk/batch/", desk.batch, name="batch"),
    path("rounds/<int:pk>/tubes/", tubes.tubes, name="tubes"),
    path("tubes/<int:pk>/", tubes.tube, name="tube"),
    path("tubes/<int:pk>/change/", tubes.change_tube, name="change_tube"),
    path("samples/<int:pk>/void/", tubes.void_sample, name="void_sample"),
    path("rounds/<int:pk>/hand-over/", tubes.hand_over, name="hand_over"),
    path("hand-overs/<int:pk>/", tubes.slip, name="slip"),
    path("receive/", tubes.receive, name="receive"),
    *result_patterns,
]
