from __future__ import annotations

from django.urls import path

from lianfang.domains.status import views

app_name = "status"

urlpatterns = [
    path("", views.statuses, name="list"),
    path("export/", views.export, name="export"),
    path("people/<int:person_id>/", views.person_status, name="person"),
    path("people/<int:person_id>/emergency/", views.pass_emergency, name="emergency"),
    path("people/<int:person_id>/own-objection/", views.object_own, name="object_own"),
    path("people/<int:person_id>/<slug:what>/", views.person_act, name="person_act"),
    path("orders/", views.orders, name="orders"),
    path("orders/<int:order_id>/<slug:what>/", views.settle_order, name="settle_order"),
    path("overrides/<int:override_id>/review/", views.settle_override, name="settle_override"),
    path("objections/", views.objections, name="objections"),
    path("objections/<int:objection_id>/answer/", views.answer, name="answer"),
    path("check/", views.check, name="check"),
]
