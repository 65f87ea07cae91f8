from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("tokens/", views.api_tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke_token, name="token_revoke"),
    # In front of allauth's own views of the same addresses, which keep their names.
    path("sessions/", views.DevicesView.as_view()),
    path("2fa/", views.SecondFactorsView.as_view()),
    path("2fa/webauthn/keys/<int:pk>/remove/", views.RemovePasskeyView.as_view()),
    path("password/set/", views.no_password),
]
