from __future__ import annotations

from django.urls import path

from lianfang.domains.registry.imports.urls import urlpatterns as import_urls
from lianfang.domains.registry.sweeps.urls import urlpatterns as sweep_urls
from lianfang.domains.registry.views import buildings, divisions, households, lists, people, places, search

app_name = "registry"

urlpatterns = [
    path("places/", places.own, name="places"),
    path("places/new/", places.new_place, name="new_place"),
    path("places/divisions/", divisions.import_divisions, name="divisions"),
    path("places/<int:place_id>/", places.place, name="place"),
    path("places/<int:place_id>/rename/", places.rename, name="rename_place"),
    path("places/<int:place_id>/close/", places.close, name="close_place"),
    path("places/<int:place_id>/reopen/", places.reopen, name="reopen_place"),
    path("places/<int:place_id>/roll/", buildings.roll, name="roll"),
    path("places/<int:place_id>/building/", buildings.building, name="building"),
    path("places/households/new/", households.new_household, name="new_household"),
    path("places/households/<int:household_id>/", households.household, name="household"),
    path("places/households/<int:household_id>/change/", households.change_household, name="change_household"),
    path("places/households/<int:household_id>/contact/", households.contact_household, name="contact_household"),
    path("people/", lists.people, name="people"),
    path("people/export/", lists.export, name="export_people"),
    path("people/new/", people.new_person, name="new_person"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/change/", people.change_person, name="change_person"),
    path("people/<int:person_id>/state/", people.change_state, name="change_state"),
    path("people/<int:person_id>/move/", people.move, name="move_person"),
    path("people/<int:person_id>/contact/", people.contact, name="contact_person"),
    path("special-needs/", lists.special_needs, name="special_needs"),
    path("key-people/", lists.key_people, name="key_people"),
    path("responsible/", lists.responsible, name="responsible"),
    path("search/", search.search, name="search"),
    path("my-household/", households.my_household, name="my_household"),
    *import_urls,
    *sweep_urls,
]
