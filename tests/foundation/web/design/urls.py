"""The design page, the sign-in frame and pages that go wrong on purpose."""

from __future__ import annotations

from django.urls import include, path

from tests.foundation.web.design import views

access = ([path("posting/", views.done, name="choose_posting"), path("sign-out/", views.done, name="sign_out"),
           path("account/", views.design, name="account")], "access")  # fmt: skip
design = ([
    path("design/", views.design, name="design"),
    path("design/building/", views.building, name="building"),
    path("design/tests/", views.people, name="people"),
    path("design/people/<int:number>/", views.person, name="person"),
    path("design/reports/", views.reports, name="reports"),
    path("design/status/", views.empty_page, name="status"),
    path("design/confirm/", views.confirm, name="confirm"),
    path("design/form/", views.form_page, name="form"),
    path("design/job/", views.job, name="job"),
    path("design/undo/", views.undo, name="undo"),
    path("design/unmask/", views.unmask, name="unmask"),
    path("design/export/", views.export, name="export"),
    path("design/sign/", views.sign, name="sign"),
    path("design/fails/<slug:how>/", views.fails, name="fails"),
], "design")  # fmt: skip

urlpatterns = [
    path("", include("lianfang.foundation.web.urls")),
    path("", include(access)),
    path("", include(design)),
    path("", views.design),
]
handler400 = "lianfang.foundation.web.errors.bad_request"
handler403 = "lianfang.foundation.web.errors.refused"
handler404 = "lianfang.foundation.web.errors.not_found"
handler500 = "lianfang.foundation.web.errors.failed"
