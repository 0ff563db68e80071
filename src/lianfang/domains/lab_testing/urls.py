"""Addresses of testing, below /testing/."""

from __future__ import annotations

from django.urls import URLPattern, path

from lianfang.domains.lab_testing.results.urls import urlpatterns as result_patterns
from lianfang.domains.lab_testing.views import desk, kits, missing, people, rounds, tubes
from lianfang.domains.lab_testing.views.answers import View, readable

app_name = "lab_testing"


def _page(route: str, view: View, name: str) -> URLPattern:
    return path(route, readable(view), name=name)


urlpatterns = [
    _page("", rounds.rounds, "rounds"),
    _page("rounds/new/", rounds.plan, "plan"),
    _page("rounds/<int:pk>/", rounds.live, "round"),
    _page("rounds/<int:pk>/move/", rounds.move, "move_round"),
    _page("rounds/<int:pk>/proof/", rounds.proof, "proof"),
    _page("rounds/<int:pk>/people/", people.people, "people"),
    _page("rounds/<int:pk>/people/<int:person_id>/", people.excuse, "excuse"),
    _page("rounds/<int:pk>/missing/", missing.missing, "missing"),
    _page("rounds/<int:pk>/missing/print/", missing.missing_print, "missing_print"),
    _page("rounds/<int:pk>/missing/export/", missing.missing_export, "missing_export"),
    _page("rounds/<int:pk>/missing/<int:person_id>/", missing.contact, "contact"),
    _page("rounds/<int:pk>/kits/", kits.kits, "kits"),
    _page("kits/<int:pk>/labels.pdf", kits.labels, "labels"),
    _page("kits/<int:pk>/sign-out/", kits.sign_out, "sign_out"),
    _page("kits/<int:pk>/return/", kits.return_kit, "return_kit"),
    _page("rounds/<int:pk>/desk/", desk.sampling_desk, "desk"),
    _page("rounds/<int:pk>/desk/settings/", desk.desk_settings, "desk_settings"),
    _page("rounds/<int:pk>/desk/batch/", desk.batch, "batch"),
    _page("rounds/<int:pk>/tubes/", tubes.tubes, "tubes"),
    _page("tubes/<int:pk>/", tubes.tube, "tube"),
    _page("tubes/<int:pk>/change/", tubes.change_tube, "change_tube"),
    _page("samples/<int:pk>/void/", tubes.void_sample, "void_sample"),
    _page("rounds/<int:pk>/hand-over/", tubes.hand_over, "hand_over"),
    _page("hand-overs/<int:pk>/", tubes.slip, "slip"),
    _page("receive/", tubes.receive, "receive"),
    *result_patterns,
]
