from __future__ import annotations

from django.urls import path

from lianfang.domains.gates.views import checks, gates, permits

app_name = "gates"

urlpatterns = [
    path("", gates.gates, name="list"),
    path("new/", gates.new_gate, name="new"),
    path("<int:gate_id>/", gates.gate, name="gate"),
    path("<int:gate_id>/edit/", gates.edit_gate, name="edit"),
    path("<int:gate_id>/close/", gates.shut_gate, name="close"),
    path("<int:gate_id>/place-code/", gates.new_place_code, name="place_code"),
    path("checks/", checks.checks, name="checks"),
    path("checks/export/", checks.export, name="export"),
    path("review/", checks.review, name="review"),
    path("review/<slug:what>/<int:row_id>/", checks.settle, name="settle"),
    path("permits/", permits.permits, name="permits"),
    path("permits/new/", permits.new_permit, name="new_permit"),
    path("permits/<int:permit_id>/", permits.permit, name="permit"),
    path("permits/<int:permit_id>/print/", permits.print_permit, name="print_permit"),
    path("permits/<int:permit_id>/<slug:what>/", permits.settle_permit, name="settle_permit"),
]
