from __future__ import annotations

from django.urls import path

from lianfang.domains.status import appeal_views, code_views, run_views, views, why_views

app_name = "status"

urlpatterns = [
    path("", views.statuses, name="list"),
    path("export/", views.export, name="export"),
    path("people/<int:person_id>/", views.person_status, name="person"),
    path("people/<int:person_id>/why/", why_views.why_page, name="why"),
    path("people/<int:person_id>/emergency/", views.pass_emergency, name="emergency"),
    path("people/<int:person_id>/own-objection/", appeal_views.object_own, name="object_own"),
    path("people/<int:person_id>/withdraw-papers/", code_views.withdraw_papers, name="withdraw_papers"),
    path("people/<int:person_id>/<slug:what>/", views.person_act, name="person_act"),
    path("orders/", views.orders, name="orders"),
    path("orders/<int:order_id>/<slug:what>/", views.settle_order, name="settle_order"),
    path("overrides/<int:override_id>/review/", views.settle_override, name="settle_override"),
    path("objections/", appeal_views.objections, name="objections"),
    path("objections/<int:objection_id>/", appeal_views.objection, name="objection"),
    path("objections/<int:objection_id>/<slug:what>/", appeal_views.act_on_objection, name="act_on_objection"),
    path("runs/", run_views.runs, name="runs"),
    path("runs/<int:run_id>/", run_views.run, name="run"),
    path("runs/<int:run_id>/<slug:what>/", run_views.settle_run, name="settle_run"),
    path("keys.json", code_views.published, name="published_keys"),
    path("keys/", code_views.keys, name="keys"),
    path("keys/<slug:kid>/revoke/", code_views.revoke, name="revoke_key"),
    path("check/", views.check, name="check"),
]
