from __future__ import annotations

from django.urls import path

from lianfang.domains.residents import desk_views, printing_views
from lianfang.domains.residents.phone import acting, entry, people, place, proof, reading

app_name = "residents"

urlpatterns = [
    path("r/", entry.typed, name="typed"),
    path("r/app.webmanifest", entry.manifest, name="manifest"),
    path("r/home/", entry.homes, name="homes"),
    path("r/size/", entry.choose_size, name="size"),
    path("r/home/<int:visit_id>/", reading.home, name="home"),
    path("r/home/<int:visit_id>/family/", people.family, name="family"),
    path("r/home/<int:visit_id>/family/<int:proposal_id>/withdraw/", people.withdraw, name="withdraw"),
    path("r/home/<int:visit_id>/codes/", reading.codes, name="codes"),
    path("r/home/<int:visit_id>/codes/<int:person_id>/", proof.proof, name="proof"),
    path("r/home/<int:visit_id>/codes/<int:person_id>/showing/", proof.showing, name="showing"),
    path("r/home/<int:visit_id>/codes/<int:person_id>/token/", proof.token, name="token"),
    path("r/home/<int:visit_id>/place/", place.at_place, name="at_place"),
    path("r/home/<int:visit_id>/results/", reading.results, name="results"),
    path("r/home/<int:visit_id>/status/", reading.statuses, name="statuses"),
    path("r/home/<int:visit_id>/status/<int:person_id>/", acting.person_status, name="person"),
    path("r/home/<int:visit_id>/help/", acting.ask, name="ask"),
    path("r/home/<int:visit_id>/helper/", acting.helper, name="helper"),
    path("r/home/<int:visit_id>/leave/", entry.leave, name="leave"),
    path("r/<slug:token>/", entry.landing, name="landing"),
    path("residents/help/", desk_views.help_list, name="help_list"),
    path("residents/help/<int:request_id>/<slug:what>/", desk_views.settle_help, name="settle_help"),
    path("residents/proposals/", desk_views.proposals, name="proposals"),
    path("residents/places/<int:place_id>/", printing_views.place, name="place"),
    path("residents/places/<int:place_id>/slips/", printing_views.slips, name="slips"),
    path("residents/places/<int:place_id>/codes/", printing_views.code_sheets, name="code_sheets"),
    path("residents/households/<int:household_id>/", printing_views.household, name="household"),
    path("residents/invites/<int:invite_id>/<slug:what>/", printing_views.change_invite, name="change_invite"),
]
