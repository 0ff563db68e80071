from __future__ import annotations

from django.urls import path

from lianfang.foundation.access.views import accounts, own_account, signing_in

app_name = "access"

urlpatterns = [
    path("sign-in/", signing_in.sign_in_page, name="sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("first/<str:token>/", signing_in.first_administrator, name="first_administrator"),
    path("posting/", signing_in.choose_posting, name="choose_posting"),
    path("account/", own_account.own_account, name="account"),
    path("account/sessions/", own_account.end_sessions, name="end_sessions"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/new/", accounts.new_account, name="new_account"),
    path("accounts/places/", accounts.place_choices, name="place_choices"),
    path("accounts/<int:account_id>/", accounts.account, name="other_account"),
    path("accounts/<int:account_id>/<slug:what>/", accounts.account_change, name="account_change"),
    path("audit/", accounts.audit, name="audit"),
]
