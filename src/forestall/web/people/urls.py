"""The addresses of the door, of one's own account, of people and of agreements."""

from django.urls import path

from forestall.web.people import account_views, agreement_views, organisation_views, people_views, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/code/", views.code, name="sign-in-code"),
    path("sign-in/set-up/", views.set_up, name="sign-in-set-up"),
    path("sign-in/kept/", views.kept, name="sign-in-kept"),
    path("sign-in/organisation/", organisation_views.begin, name="organisation"),
    path("sign-in/organisation/back/", organisation_views.back, name="organisation-back"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("language/", views.language, name="language"),
    path("account/", account_views.account, name="account"),
    path("account/password/", account_views.password, name="account-password"),
    path("account/recovery-codes/", account_views.recovery_codes, name="account-recovery-codes"),
    path("account/sign-out-everywhere/", account_views.sign_out_everywhere, name="sign-out-everywhere"),
    path("people/", people_views.people, name="people"),
    path("people/add/", people_views.add, name="person-add"),
    path("people/organisations/", people_views.organisations, name="organisations"),
    path("people/organisations/<int:pk>/", people_views.organisation, name="organisation-units"),
    path("people/roles/<int:pk>/take/", people_views.take_role, name="role-take"),
    path("people/<int:pk>/", people_views.person, name="person"),
    path("people/<int:pk>/change/", people_views.change, name="person-change"),
    path("people/<int:pk>/roles/", people_views.give_role, name="role-give"),
    path("people/<int:pk>/invite/", people_views.invite, name="person-invite"),
    path("people/<int:pk>/close/", people_views.close, name="person-close"),
    path("people/<int:pk>/open/", people_views.open_again, name="person-open"),
    path("agreements/", agreement_views.agreements, name="agreements"),
    path("agreements/add/", agreement_views.add, name="agreement-add"),
    path("agreements/<int:pk>/", agreement_views.agreement, name="agreement"),
    path("agreements/<int:pk>/renew/", agreement_views.renew, name="agreement-renew"),
    path("agreements/<int:pk>/withdraw/", agreement_views.withdraw, name="agreement-withdraw"),
]
