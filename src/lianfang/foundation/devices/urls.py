from __future__ import annotations

from django.urls import path

from lianfang.foundation.devices.views import devices, review

app_name = "devices"

urlpatterns = [
    path("", devices.device_list, name="list"),
    path("invite/", devices.invite, name="invite"),
    path("<uuid:device_id>/", devices.device_page, name="device"),
    path("<uuid:device_id>/change/", devices.change, name="change"),
    path("review/", review.review_list, name="review"),
    path("review/<uuid:item_id>/", review.item_page, name="item"),
    path("review/<uuid:item_id>/settle/", review.settle, name="settle"),
    path("review/<uuid:item_id>/number/<slug:name>/", review.number, name="number"),
]
