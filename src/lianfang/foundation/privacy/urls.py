from __future__ import annotations

from django.urls import path

from lianfang.foundation.privacy import views

app_name = "privacy"

urlpatterns = [path("privacy/<str:model>/<int:row_id>/<slug:kind>/", views.unmask_number, name="unmask")]
